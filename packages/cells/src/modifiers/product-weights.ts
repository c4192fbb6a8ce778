/** Which weights a step's products multiply by, found by running the step once on symbols. */
import { leavesOf, type Tensor } from "@sluice/tensor";
import { isNodeOf } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import type { Cell } from "../cell/cell.ts";
import { evaluation, type Product } from "../cell/context.ts";
import { probe, type ProbedProduct } from "../cell/probe.ts";

/** Columns of a weight. */
export interface WeightColumns {
  /** The path of the weight. */
  readonly path: string;
  /** The first of the columns. */
  readonly start: number;
  /** The number of columns of the whole weight. */
  readonly of: number;
}

/** A product of a step, and the columns of the weight that it multiplies by. */
export interface WeightedProduct extends ProbedProduct {
  /** Undefined where the matrix is computed from weights, or has only some of their rows. */
  readonly weight: WeightColumns | undefined;
}

/** The products of a cell's step in evaluation or in training, in order. */
export function weightedProducts(
  cell: Cell,
  options: { readonly training?: boolean } = {},
): readonly WeightedProduct[] {
  const found = new Map<string, WeightColumns | undefined>();
  const idOf = ({ kind, name }: Pick<Product, "kind" | "name">): string => `${kind} ${name}`;
  const watched: Cell = {
    ...cell,
    step(params, state, x, context = evaluation) {
      const weights = new Map(leavesOf(params).map(({ path, tensor }) => [tensor, path]));
      return cell.step(params, state, x, {
        ...context,
        product(product) {
          found.set(idOf(product), columnsOf(product.W, weights));
          return context.product(product);
        },
      });
    },
  };
  return probe(watched, options).products.map((product) => ({ ...product, weight: found.get(idOf(product)) }));
}

/** The columns of a weight that a matrix is. */
function columnsOf(W: Tensor, weights: ReadonlyMap<Tensor, string>): WeightColumns | undefined {
  const path = weights.get(W);
  if (path !== undefined) return { path, start: 0, of: axisSize(W, 1) };
  if (W.kind !== "symbol" || !isNodeOf(W.node, "slice")) return undefined;
  const [whole] = W.node.inputs;
  const { starts } = W.node.operation;
  const [first, start = 0] = starts;
  const from = columnsOf(whole, weights);
  if (from === undefined || first !== 0 || axisSize(W, 0) !== axisSize(whole, 0)) return undefined;
  return { ...from, start: from.start + start };
}
