import type { CatalogueEntry } from "../catalogue/entry.ts";
import { matrixLstm } from "./matrix-lstm.ts";
import { sLstm } from "./s-lstm.ts";

export const memoryCells: readonly CatalogueEntry[] = [
  { name: "sLstm", make: sLstm, source: "Beck et al. 2024, arXiv:2405.04517", numbers: "xlstm 2.0.6" },
  {
    name: "sLstm, exponential forget gate, 3 heads",
    make: (options) => sLstm({ ...options, heads: 3, forgetGate: "exponential" }),
    source: "Beck et al. 2024, arXiv:2405.04517",
    numbers: "a plain loop",
  },
  { name: "matrixLstm", make: matrixLstm, source: "Beck et al. 2024, arXiv:2405.04517", numbers: "xlstm 2.0.6" },
  {
    name: "matrixLstm, exponential forget gate, 3 heads",
    make: (options) => matrixLstm({ ...options, heads: 3, forgetGate: "exponential" }),
    source: "Beck et al. 2024, arXiv:2405.04517",
    numbers: "a plain loop",
  },
];
