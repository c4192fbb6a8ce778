import type { CatalogueEntry } from "../catalogue/entry.ts";
import { cfc } from "./cfc.ts";
import { ltc } from "./ltc.ts";
import { gruD } from "./gru-d.ts";
import { rnnDecay } from "./hidden-decay.ts";

export const timeCells: readonly CatalogueEntry[] = [
  { name: "gruD", make: gruD, source: "Che et al. 2016, arXiv:1606.01865", numbers: "a plain loop" },
  { name: "rnnDecay", make: rnnDecay, source: "Rubanova et al. 2019, arXiv:1907.03907", numbers: "a plain loop" },
  {
    name: "cfc",
    make: (options) => cfc({ ...options, backboneUnits: 4 }),
    source: "Hasani et al. 2022, arXiv:2106.13898",
    numbers: "ncps 1.0.1",
  },
  {
    name: "cfc, no gate",
    make: (options) => cfc({ ...options, backboneUnits: 4, mode: "noGate" }),
    source: "Hasani et al. 2022, arXiv:2106.13898",
    numbers: "ncps 1.0.1",
  },
  {
    name: "cfc, pure",
    make: (options) => cfc({ ...options, backboneUnits: 4, mode: "pure" }),
    source: "Hasani et al. 2022, arXiv:2106.13898",
    numbers: "ncps 1.0.1",
  },
  { name: "ltc", make: ltc, source: "Hasani et al. 2021, arXiv:2006.04439", numbers: "ncps 1.0.1" },
];
