import type { CatalogueEntry } from "../catalogue/entry.ts";
import { minGru } from "./min-gru.ts";

export const linearCells: readonly CatalogueEntry[] = [
  { name: "minGru", make: minGru, source: "Feng et al. 2024, arXiv:2410.01201", numbers: "a plain loop" },
];
