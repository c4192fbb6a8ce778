// Every published cell and form that this package has, as data for tables, benchmarks and tests
import { furtherGatedCells } from "../gated/catalogue-further.ts";
import { gatedCells } from "../gated/catalogue.ts";
import { linearCells } from "../linear/catalogue.ts";
import { orthogonalCells } from "../orthogonal/catalogue.ts";
import { pacedCells } from "../paced/catalogue.ts";
import { memoryCells } from "../memory/catalogue.ts";
import { timeCells } from "../time/catalogue.ts";
import type { CatalogueEntry, CellFamily } from "./entry.ts";

export type { CatalogueEntry, CellFamily } from "./entry.ts";

/** The cells by family, in the order of the catalogue. */
export const catalogue: Readonly<Partial<Record<CellFamily, readonly CatalogueEntry[]>>> = {
  gated: [...gatedCells, ...furtherGatedCells],
  orthogonal: orthogonalCells,
  linear: linearCells,
  paced: pacedCells,
  memory: memoryCells,
  time: timeCells,
};
