import { originOf, type Cell } from "@sluice/cells";
import { specsOf, weightLeaves } from "@sluice/params";
import { TensorError } from "@sluice/tensor";
import { pathsOf, presentIn } from "./convert.ts";
import type { CellLayout, ExchangedCell, WeightLayout } from "./layout.ts";

/** The counterpart of a cell in a library, with its weights. */
export interface LaidOut {
  readonly cell: ExchangedCell;
  readonly layout: CellLayout;
  readonly weights: readonly WeightLayout[];
}

/** Finds the layout of a cell among `layouts`. Throws an error that says why `library` has no exact counterpart. */
export function laidOut(cell: Cell, layouts: readonly CellLayout[], library: string): LaidOut {
  const made = weightLeaves(cell.params).find(({ spec }) => spec.kind === "reparametrized");
  if (made !== undefined) {
    throw new TensorError(
      `${library}: the weight ${made.path} of ${cell.name} is computed from other parameters, and ${library} has no such cell; pass the layer without reparametrization, with weightsOf(layer, params)`,
    );
  }
  const origin = originOf(cell);
  if (origin === undefined && cell.origin !== undefined) {
    throw new TensorError(
      `${library}: ${cell.name} was modified after it was made, for example by zoneout, and ${library} has no such cell; to convert its weights, pass a layer of the unmodified cell`,
    );
  }
  const layout = layouts.find((candidate) => candidate.cell.definition === origin?.definition);
  if (layout === undefined) {
    throw new TensorError(
      `${library}: there is no layout for the cell ${cell.name}; pass one in layouts, as { cell: ${cell.name}, weights }`,
    );
  }
  const parameters = specsOf(cell.params).map(({ path }) => path);
  const exchanged = { name: cell.name, sizes: cell.sizes, options: origin?.options ?? {}, parameters };
  const refused = layout.refuse?.(exchanged);
  if (refused !== undefined) throw new TensorError(`${library}: ${refused}`);
  const weights = presentIn(layout.weights(exchanged), new Set(parameters));
  const placed = new Set(weights.flatMap(pathsOf));
  const left = parameters.filter((path) => !placed.has(path));
  if (left.some((path) => path.startsWith("norm."))) {
    throw new TensorError(
      `${library}: its ${cell.name} has no normalization, so the gains and biases of ${cell.name}.norm cannot be converted`,
    );
  }
  if (left.length > 0) throw new TensorError(`${library}: the layout of ${cell.name} does not use ${left.join(", ")}`);
  return { cell: exchanged, layout, weights };
}
