import { concat, matmul, reshape, slice, transpose, type Shape, type Tensor } from "@sluice/tensor";
import { sizeOf, stridesOf, type Node, type SymbolTensor } from "@sluice/tensor/internal";
import { factsOf } from "../facts/facts.ts";
import { isView } from "../facts/roles.ts";
import type { View } from "../plan/plan.ts";
import { reshapeView, sliceView, transposeView, whole } from "../plan/view.ts";
import { lift } from "./lift.ts";
import type { Total } from "./total.ts";

/**
 * Of a product with batch axes, such as that of the gradient of a block-diagonal matrix, which has one block for each
 * head: over all steps, one product for each. Its factors are looked at through views, so that what is stacked is what
 * the step has, `[rows, heads x width]`, and nothing is moved.
 */
export function totalOfBatched(left: Tensor, right: Tensor): Total | undefined {
  const [a, b] = [behindViews(left), behindViews(right)];
  const batch = left.shape.slice(0, -2);
  const blocks = sizeOf(batch);
  if (a === undefined || b === undefined || blocks === 0 || blocks > MOST_BLOCKS) return undefined;
  const [m, k, n] = [...left.shape.slice(-2), right.shape.at(-1)!] as [number, number, number];
  return (of) => {
    const [lefts, rights] = [a, b].map(({ source, views }) =>
      views.reduce((x, node) => liftView(node, x), of.stacked(source)),
    );
    const time = lefts!.shape[0]!;
    const block = (x: Tensor, i: number, shape: readonly [number, number]): Tensor => {
      const starts = indexOf(batch, i);
      const one = slice(x, [0, ...starts, 0, 0], [time, ...starts.map((at) => at + 1), ...shape]);
      return reshape(one, [time, ...shape]);
    };
    const products = Array.from({ length: blocks }, (_, i) => {
      const rows = reshape(transpose(block(lefts!, i, [m, k]), [0, 2, 1]), [time * k, m]);
      return matmul(transpose(rows), reshape(block(rights!, i, [k, n]), [time * k, n]));
    });
    return reshape(concat(products, 0), [...batch, m, n]);
  };
}

/** More products than this, each in a step of its own, would take longer than those of the loop. */
const MOST_BLOCKS = 64;

/** Position `i` of a row-major shape, by axis. */
function indexOf(shape: Shape, i: number): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(i / stride) % shape[axis]!);
}

/**
 * What a value looks at, and the views from there on, the first one first; undefined for a constant. A reshape that
 * could not be a view of what is stacked is where the chain begins: it would be copied for all steps.
 */
function behindViews(x: Tensor): { readonly source: SymbolTensor; readonly views: readonly Node[] } | undefined {
  const chain: SymbolTensor[] = [];
  let source = x;
  while (source.kind === "symbol" && isView(source.node) && factsOf(source.node.operation).sumsThrough) {
    chain.push(source);
    source = source.node.inputs[0]!;
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

/** Two steps of a value as they are stacked: enough to see what is a view. */
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
  return lift(node, [{ tensor: stacked, stacked: true }], stacked.shape[0]!)![0]!.tensor;
}
