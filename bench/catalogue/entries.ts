import { catalogue, type CatalogueEntry, type CellFamily } from "@sluice/cells/catalogue";

/** A cell of the catalogue with the family that it belongs to. */
export interface Entry extends CatalogueEntry {
  readonly family: CellFamily;
}

/** The titles of the families, in the order of the catalogue. */
export const families: Readonly<Record<CellFamily, string>> = {
  gated: "Gated cells",
  orthogonal: "Dynamical and orthogonal cells",
  linear: "Linear recurrences",
  memory: "Matrix and exponential memory",
  paced: "Cells whose units do not all take every step",
  time: "Time-aware cells",
};

/** Every cell and form of the catalogue, family by family. */
export const entries: readonly Entry[] = Object.entries(catalogue).flatMap(([family, cells]) =>
  isFamily(family) ? cells.map((entry) => ({ ...entry, family })) : [],
);

function isFamily(name: string): name is CellFamily {
  return Object.hasOwn(families, name);
}
