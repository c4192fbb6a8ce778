/** Recurrent weights of a structure: computed from fewer parameters, and multiplied by in fewer steps. */
import { weightLeaves, type ParameterSpec, type Reparametrization } from "@sluice/params";
import { TensorError, type Tensor, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import { evaluation } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import type { State } from "../cell/states.ts";
import { reparametrize } from "../reparametrize.ts";
import { weightedProducts, type WeightedProduct } from "./product-weights.ts";
import { withInitializers } from "./with-initializers.ts";

/** A structure of a matrix `[n, gates * n]`. */
export interface Structure {
  /** Computes the matrix from the parameters of the structure. */
  readonly by: Reparametrization;
  /** `x` `[batch, n]` times a matrix of the structure. */
  readonly multiply: (x: Tensor, W: Tensor) => Tensor;
  /** The spec of the matrix with the structure's initial values. */
  readonly begin: (spec: ParameterSpec) => ParameterSpec;
}

/** The names of the reparametrizations that are structures. */
const structures: readonly string[] = ["independentRecurrence", "blockDiagonal"];

/**
 * A cell whose recurrent weights have a structure. `check` throws where a weight of `rows` rows cannot have it. The
 * weights are those of the products that the step makes with `recurrent`.
 */
export function structuredRecurrence<P extends Tree, S extends State>(
  operation: string,
  cell: Cell<P, S>,
  { by, multiply, begin }: Structure,
  check: (rows: number) => void = () => {},
): Cell<Tree, S> {
  checkCell(operation, cell);
  const products = weightedProducts(cell).filter(({ kind }) => kind === "recurrent");
  if (products.length === 0)
    throw new TensorError(
      `${operation}: ${cell.name} has no recurrent products, so there are no weights to change; a step marks them with recurrent("gates", h, U)`,
    );
  const paths = products.map((product) => pathOf(operation, cell, product, check));
  checkUnstructured(operation, cell, paths);
  const begun = withInitializers(cell, new Map(paths.map((path) => [path, begin])));
  const made = reparametrize(begun, { weights: Object.fromEntries(paths.map((path) => [path, by])) });
  return {
    ...made,
    step: (params, state, x, context = evaluation) =>
      made.step(params, state, x, {
        ...context,
        product: (product) => context.product(product.kind === "recurrent" ? { ...product, multiply } : product),
      }),
  };
}

/** Throws where a weight is already of a structure that would be changed. */
function checkUnstructured(operation: string, cell: Cell, paths: readonly string[]): void {
  for (const { path, spec } of weightLeaves(cell.params)) {
    const by = spec.kind === "reparametrized" ? spec.by.map(({ name }) => name) : [];
    const other = by.find((name) => structures.includes(name));
    if (other !== undefined && paths.includes(path))
      throw new TensorError(
        `${operation}: ${path} of ${cell.name} has the structure of ${other} already; a weight has only one`,
      );
  }
}

/** The path of a product's weight. Throws where it is not made of square blocks, one for each gate. */
function pathOf(
  operation: string,
  cell: Cell,
  { name, rows, columns, weight }: WeightedProduct,
  check: (rows: number) => void,
): string {
  const place = `${operation}: the recurrent product ${name} of ${cell.name}`;
  if (weight === undefined)
    throw new TensorError(`${place} is by a matrix that the step computes; expected a weight, or columns of one`);
  if ([columns, weight.start, weight.of].some((size) => size % rows !== 0))
    throw new TensorError(
      `${place} is by columns ${weight.start} to ${weight.start + columns} of ${weight.path} [${rows}, ${weight.of}], which are not square blocks of ${rows}`,
    );
  check(rows);
  return weight.path;
}
