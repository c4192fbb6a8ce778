import type { CatalogueEntry } from "../catalogue/entry.ts";
import { gruD } from "./gru-d.ts";
import { rnnDecay } from "./hidden-decay.ts";

export const timeCells: readonly CatalogueEntry[] = [
  { name: "gruD", make: gruD, source: "Che et al. 2016, arXiv:1606.01865", numbers: "a plain loop" },
  { name: "rnnDecay", make: rnnDecay, source: "Rubanova et al. 2019, arXiv:1907.03907", numbers: "a plain loop" },
];
