import { type Shape, type Tensor } from "@sluice/tensor";
import { zerosArray, type Node, type SymbolTensor } from "@sluice/tensor/internal";
import type { View } from "./plan.ts";
import { roleOf } from "../facts/roles.ts";
import { placeable } from "./schedule.ts";
import { TensorMap } from "../program/tensor-map.ts";
import { isContiguous, reshapeView, sliceView } from "./view.ts";

/** A value and the memory where it is needed. */
export interface Sink {
  readonly tensor: Tensor;
  readonly view: View;
}

export interface Placement {
  /** Memory into which a value is computed directly; undefined if it gets its own buffer. */
  of(x: SymbolTensor): View | undefined;
  /** Values that must be copied, because they could not be computed in place. */
  readonly copies: ReadonlyMap<Node, readonly Sink[]>;
  /** Whether a part of an assembly is among them. */
  isCopied(assembly: Node, part: SymbolTensor): boolean;
  readonly unplaced: readonly Sink[];
}

/**
 * Computes results and parts of assemblies directly in the memory where they are needed, so that joining costs nothing.
 */
export function placeValues(
  nodes: readonly Node[],
  sinks: readonly Sink[],
  allocate: (x: SymbolTensor) => View,
): Placement {
  const own = new Set(nodes);
  const placed = new TensorMap<View>();
  const place = (result: Tensor, window: View): boolean => {
    let [tensor, view] = [result, window];
    while (
      tensor.kind === "symbol" &&
      own.has(tensor.node) &&
      tensor.node.operation.op === "reshape" &&
      isContiguous(view)
    ) {
      const before: Tensor = tensor.node.inputs[0]!;
      const source = reshapeView(view, before.shape);
      if (source === undefined) return false;
      [tensor, view] = [before, source];
    }
    if (tensor.kind === "array" || !own.has(tensor.node)) return false;
    const { operation } = tensor.node;
    if (placed.has(tensor) || roleOf(tensor.node) === "view") return false;
    // The states of a loop have their own memory while it runs.
    if (operation.op === "scan" && (tensor.index < operation.states || !isContiguous(view))) return false;
    if (operation.op !== "scan" && !placeable(tensor) && !isContiguous(view)) return false;
    placed.set(tensor, view);
    return true;
  };

  const unplaced = sinks.filter(({ tensor, view }) => !place(tensor, view));
  const copies = new Map<Node, Sink[]>();
  for (const node of nodes.toReversed()) {
    const { operation, inputs } = node;
    if (operation.op !== "concat" && operation.op !== "pad") continue;
    const output: SymbolTensor = { kind: "symbol", ...node.outputs[0]!, node, index: 0 };
    const storage = placed.get(output) ?? allocate(output);
    placed.set(output, storage);
    const parts =
      operation.op === "concat"
        ? joined(inputs, operation.axis, storage)
        : padded(inputs[0]!, operation.before, storage);
    copies.set(
      node,
      parts.filter(({ tensor, view }) => tensor.kind === "array" || !placeable(tensor) || !place(tensor, view)),
    );
  }
  const copied = new Map(
    [...copies].map(([node, sinks]) => {
      const tensors = new TensorMap<true>();
      for (const { tensor } of sinks) if (tensor.kind === "symbol") tensors.set(tensor, true);
      return [node, tensors] as const;
    }),
  );
  return {
    of: (x) => placed.get(x),
    copies,
    isCopied: (assembly, part) => copied.get(assembly)?.has(part) === true,
    unplaced,
  };
}

function joined(parts: readonly Tensor[], axis: number, storage: View): Sink[] {
  let start = 0;
  return parts.map((tensor) => {
    const from = start;
    start += tensor.shape[axis]!;
    return { tensor, view: window(storage, axis, from, tensor.shape[axis]!) };
  });
}

/**
 * The source in the middle, and zeros in margins that do not overlap: the margins of an axis span the inner range of
 * the axes before it.
 * before it.
 */
function padded(source: Tensor, before: readonly number[], storage: View): Sink[] {
  const sinks: Sink[] = [];
  let rest = storage;
  source.shape.forEach((n, axis) => {
    const start = before[axis]!;
    const end = start + n;
    const margins = [window(rest, axis, 0, start), window(rest, axis, end, rest.shape[axis]! - end)];
    for (const view of margins)
      if (!view.shape.includes(0)) sinks.push({ tensor: zerosArray(view.shape, source.dtype), view });
    rest = window(rest, axis, start, n);
  });
  return [...sinks, { tensor: source, view: rest }];
}

function window(view: View, axis: number, start: number, length: number): View {
  const at = (value: number, whole: (i: number) => number): Shape =>
    view.shape.map((_, i) => (i === axis ? value : whole(i)));
  return sliceView(
    view,
    at(start, () => 0),
    at(start + length, (i) => view.shape[i]!),
  );
}
