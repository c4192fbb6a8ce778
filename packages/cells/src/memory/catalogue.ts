import type { CatalogueEntry } from "../catalogue/entry.ts";
import { deltaNet } from "./delta-net.ts";
import { fastWeights } from "./fast-weights.ts";
import { gatedDeltaNet } from "./gated-delta-net.ts";
import { matrixLstm } from "./matrix-lstm.ts";
import { sLstm } from "./s-lstm.ts";

export const memoryCells: readonly CatalogueEntry[] = [
  { name: "sLstm", make: sLstm, source: "Beck et al. 2024, arXiv:2405.04517", numbers: "xlstm 2.0.6" },
  {
    name: "sLstm, exponential forget gate, heads",
    make: (options) => sLstm({ ...options, heads: options.hidden % 4 === 0 ? 4 : 3, forgetGate: "exponential" }),
    source: "Beck et al. 2024, arXiv:2405.04517",
    numbers: "a plain loop",
  },
  { name: "matrixLstm", make: matrixLstm, source: "Beck et al. 2024, arXiv:2405.04517", numbers: "xlstm 2.0.6" },
  {
    name: "matrixLstm, exponential forget gate, heads",
    make: (options) => matrixLstm({ ...options, heads: options.hidden % 4 === 0 ? 4 : 3, forgetGate: "exponential" }),
    source: "Beck et al. 2024, arXiv:2405.04517",
    numbers: "a plain loop",
  },
  { name: "deltaNet", make: deltaNet, source: "Yang et al. 2024, arXiv:2406.06484", numbers: "fla-core 0.6.0" },
  {
    name: "deltaNet, beta to 2, heads",
    make: (options) => deltaNet({ ...options, heads: options.hidden % 4 === 0 ? 4 : 3, betaLimit: 2 }),
    source: "Grazzi et al. 2024, arXiv:2411.12537",
    numbers: "a plain loop",
  },
  {
    name: "gatedDeltaNet",
    make: gatedDeltaNet,
    source: "Yang et al. 2024, arXiv:2412.06464",
    numbers: "fla-core 0.6.0, a plain loop",
  },
  { name: "fastWeights", make: fastWeights, source: "Ba et al. 2016, arXiv:1610.06258", numbers: "a plain loop" },
  {
    name: "fastWeights, 2 iterations without layer normalization",
    make: (options) => fastWeights({ ...options, iterations: 2, layerNormalized: false }),
    source: "Ba et al. 2016, arXiv:1610.06258",
    numbers: "a plain loop",
  },
];
