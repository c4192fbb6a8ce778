import { concat, matmul, reshape, slice, transpose, type Tensor } from "@sluice/tensor";
import { nth, positionOf, sizeOf, type Node, type SymbolTensor } from "@sluice/tensor/internal";
import { factsOf } from "../facts/facts.ts";
import { isView } from "../facts/roles.ts";
import type { View } from "../plan/plan.ts";
import { reshapeView, sliceView, transposeView, whole } from "../plan/view.ts";
import { lift } from "./lift.ts";
import type { Total } from "./total.ts";

/**
 * For a product with batch axes, such as that of the gradient of a block-diagonal matrix with one block per head: one
 * product per block over all steps. Its factors are read through views, so the values of the step, `[rows, heads x
 * width]`, are stacked and nothing is moved.
 */
export function totalOfBatched(left: Tensor, right: Tensor): Total | undefined {
  const [a, b] = [behindViews(left), behindViews(right)];
  const batch = left.shape.slice(0, -2);
  const blocks = sizeOf(batch);
  if (a === undefined || b === undefined || blocks === 0 || blocks > MOST_BLOCKS) return undefined;
  const rank = left.shape.length;
  const [m, k, n] = [nth(left.shape, rank - 2), nth(left.shape, rank - 1), nth(right.shape, rank - 1)];
  return (of) => {
    const stacked = ({ source, views }: Viewed): Tensor =>
      views.reduce((x, node) => liftView(node, x), of.stacked(source));
    const [lefts, rights] = [stacked(a), stacked(b)];
    const time = nth(lefts.shape, 0);
    const block = (x: Tensor, i: number, shape: readonly [number, number]): Tensor => {
      const starts = positionOf(i, batch);
      const one = slice(x, [0, ...starts, 0, 0], [time, ...starts.map((at) => at + 1), ...shape]);
      return reshape(one, [time, ...shape]);
    };
    const products = Array.from({ length: blocks }, (_, i) => {
      const rows = reshape(transpose(block(lefts, i, [m, k]), [0, 2, 1]), [time * k, m]);
      return matmul(transpose(rows), reshape(block(rights, i, [k, n]), [time * k, n]));
    });
    return reshape(concat(products, 0), [...batch, m, n]);
  };
}

/** More products than this, each in its own step, would take longer than those in the loop. */
const MOST_BLOCKS = 64;

/** A value, and a chain of views of it in order. */
interface Viewed {
  readonly source: SymbolTensor;
  readonly views: readonly Node[];
}

/**
 * The value behind a chain of views, and the views from there on; undefined for a constant. The chain begins
 * after a reshape that could not be a view of the stacked value, because that would be copied for all steps.
 */
function behindViews(x: Tensor): Viewed | undefined {
  const chain: SymbolTensor[] = [];
  let source = x;
  while (source.kind === "symbol" && isView(source.node) && factsOf(source.node.operation).sumsThrough) {
    chain.push(source);
    source = source.node.inputs[0];
  }
  if (source.kind === "array") return undefined;
  let from: SymbolTensor = source;
  let views: Node[] = [];
  let memory = stackedView(source);
  for (const looked of chain.toReversed()) {
    const next = throughView(looked.node, memory);
    views = next === undefined ? [] : [...views, looked.node];
    from = next === undefined ? looked : from;
    memory = next ?? stackedView(looked);
  }
  return { source: from, views };
}

/** Two steps of a value as they would be stacked, which is enough to see whether something is a view. */
function stackedView({ shape }: SymbolTensor): View {
  return whole(0, [2, ...shape]);
}

function throughView({ operation }: Node, memory: View): View | undefined {
  switch (operation.op) {
    case "transpose":
      return transposeView(memory, [0, ...operation.axes.map((axis) => axis + 1)]);
    case "slice":
      return sliceView(memory, [0, ...operation.starts], [2, ...operation.stops]);
    case "reshape":
      return reshapeView(memory, [2, ...operation.shape]);
    default:
      return undefined;
  }
}

/** A view of a step's value, for all steps. */
function liftView(node: Node, stacked: Tensor): Tensor {
  return nth(lift(node, [{ tensor: stacked, stacked: true }], nth(stacked.shape, 0)), 0).tensor;
}
