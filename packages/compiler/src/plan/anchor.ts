import type { Shape, Tensor } from "@sluice/tensor";
import {
  isNodeOf,
  nth,
  PRODUCT_BLOCK,
  sizeOf,
  type Node,
  type NodeOf,
  type Operation,
  type OperationOf,
} from "@sluice/tensor/internal";
import type { NodeWith } from "../facts/facts.ts";
import { zerosBeyond } from "./active-rows.ts";
import { isCheaperUnpacked, pack, walkable } from "./operand.ts";
import type { Placement } from "./placement.ts";
import type { MatmulStep, View } from "./plan.ts";
import { newBuffer, pushFor, tableOf, type Context, type Scope } from "./scope.ts";
import { nodeOutput } from "../program/tensor-map.ts";
import { contiguous, storage, viewOf } from "./values.ts";
import { reshapeView } from "./view.ts";

/** Where an anchor is lowered. */
interface Place {
  readonly context: Context;
  readonly scope: Scope;
  readonly placement: Placement;
}

type Named<N extends Operation["op"]> = NodeOf<OperationOf<N>>;

/** An operation that is a separate step. */
export function lowerAnchor(context: Context, scope: Scope, node: NodeWith<"anchor">, placement: Placement): void {
  const place = { context, scope, placement };
  if (isNodeOf(node, "matmul")) return lowerProduct(place, node);
  if (isNodeOf(node, "reduceSum") || isNodeOf(node, "reduceMax")) return lowerReduction(place, node);
  if (isNodeOf(node, "cumulativeSum")) return lowerCumulativeSum(place, node);
  if (isNodeOf(node, "gather")) return lowerGather(place, node);
  if (isNodeOf(node, "scatterAdd")) return lowerScatterAdd(place, node);
  if (isNodeOf(node, "randomBits")) return lowerRandomBits(place, node);
  // Every other anchor has a case above, or this does not compile.
  const { op }: { readonly op: "iota" | "scan" } = node.operation;
  throw new Error(`plan: ${op} should have been evaluated, or lowered as a loop`);
}

function lowerProduct(place: Place, node: Named<"matmul">): void {
  const { context, scope } = place;
  const [left, right] = node.inputs;
  const a = walkable(context, scope, viewOf(context, scope, left), left.dtype);
  const b = walkable(context, scope, viewOf(context, scope, right), right.dtype);
  const c = write(place, node);
  const positions = positionsOf(place, node);
  const transposed = a.strides.at(-1) !== 1 && a.shape.at(-1) !== 1;
  const packed =
    transposed || positions !== undefined || isCheaperUnpacked(context, scope, a, b)
      ? undefined
      : pack(context, scope, b);
  pushFor(context, scope, context.ragged.active(node), {
    kind: "matmul",
    a,
    b,
    c,
    ...(packed ? { packed } : {}),
    ...positions,
    ...(transposed ? waitingOf(context, scope, a, c) : {}),
  });
  fill(place, node, c);
}

function lowerReduction(place: Place, node: Named<"reduceSum" | "reduceMax">): void {
  const { context, scope } = place;
  const { axis } = node.operation;
  const op = node.operation.op === "reduceSum" ? "sum" : "max";
  const [{ dtype }] = node.outputs;
  const y = write(place, node);
  const x = viewOf(context, scope, node.inputs[0]);
  const positions = positionsOf(place, node);
  pushFor(context, scope, context.ragged.active(node), { kind: "reduce", op, dtype, x, y, axis, ...positions });
  fill(place, node, y);
}

function lowerCumulativeSum(place: Place, node: Named<"cumulativeSum">): void {
  const { context, scope } = place;
  const { axis, reverse } = node.operation;
  const [{ dtype }] = node.outputs;
  const x = viewOf(context, scope, node.inputs[0]);
  scope.steps.push({ kind: "cumulativeSum", dtype, x, y: write(place, node), axis, reverse });
}

function lowerGather(place: Place, node: Named<"gather">): void {
  const { context, scope } = place;
  const [x, indices] = node.inputs;
  const [count, width] = [sizeOf(indices.shape), sizeOf(x.shape.slice(1))];
  const y = writeAs(place, node, [count, width]);
  pushFor(context, scope, context.ragged.active(node), {
    kind: "gather",
    x: readAs(place, x, [nth(x.shape, 0), width]),
    indices: readAs(place, indices, [count]),
    y,
  });
}

function lowerScatterAdd(place: Place, node: Named<"scatterAdd">): void {
  const [indices, updates] = node.inputs;
  const [{ dtype, shape }] = node.outputs;
  const [count, width] = [sizeOf(indices.shape), sizeOf(shape.slice(1))];
  const y = writeAs(place, node, [node.operation.rows, width]);
  place.scope.steps.push({
    kind: "scatterAdd",
    dtype,
    indices: readAs(place, indices, [count]),
    updates: readAs(place, updates, [count, width]),
    y,
  });
}

function lowerRandomBits(place: Place, node: Named<"randomBits">): void {
  const { context, scope } = place;
  const [key, stream] = [viewOf(context, scope, node.inputs[0]), viewOf(context, scope, node.inputs[1])];
  pushFor(context, scope, context.ragged.active(node), { kind: "randomBits", key, stream, y: write(place, node) });
}

function readAs({ context, scope }: Place, x: Tensor, shape: Shape): View {
  const view = viewOf(context, scope, x);
  return reshapeView(view, shape) ?? contiguous(context, scope, view, x.dtype, shape);
}

function write({ context, scope, placement }: Place, node: Node): View {
  return storage(context, scope, nodeOutput(node), placement);
}

function writeAs(place: Place, node: Node, shape: Shape): View {
  const view = reshapeView(write(place, node), shape);
  if (view === undefined) throw new Error(`plan: the result of ${node.operation.op} is not in row-major order`);
  return view;
}

/** Zeros beyond the lengths, where the result is read there. */
function fill({ context, scope }: Place, node: Named<"matmul" | "reduceSum" | "reduceMax">, y: View): void {
  const active = context.ragged.active(node);
  if (active?.filled.includes(0) !== true) return;
  const [{ dtype }] = node.outputs;
  scope.steps.push(zerosBeyond(y, dtype, active.layout, tableOf(context, active.region), scope.depth));
}

/** The active pairs of step and row along the axis that a product or a reduction sums over, if it takes only these. */
function positionsOf({ context }: Place, node: Node): { readonly positions: View } | undefined {
  const contracted = context.ragged.contracted(node);
  if (contracted === undefined) return undefined;
  const { positions, byRow } = tableOf(context, contracted.region);
  if (contracted.faster === "batch") return { positions };
  if (byRow === undefined) throw new Error("plan: the active rows of a region are not listed by row");
  return { positions: byRow };
}

/** Memory for the totals of a long product's blocks. Of n blocks, one total waits for each bit of n - 1 that is set. */
function waitingOf(context: Context, scope: Scope, a: View, c: View): Pick<MatmulStep, "waiting"> {
  const [m, n] = c.shape;
  const blocks = Math.ceil(nth(a.shape, a.shape.length - 1) / PRODUCT_BLOCK);
  if (m === undefined || n === undefined || c.shape.length !== 2 || m < 2 || blocks < 2) return {};
  return { waiting: newBuffer(context, { shape: [32 - Math.clz32(blocks - 1), m, n], dtype: "f32" }, scope.depth) };
}
