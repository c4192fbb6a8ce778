import { type Tensor } from "@sluice/tensor";
import { isNodeOf, nth, zerosArray, zip, type Node, type SymbolTensor } from "@sluice/tensor/internal";
import type { View } from "./plan.ts";
import { roleOf } from "../facts/roles.ts";
import { placeable } from "./schedule.ts";
import { nodeOutput, TensorMap } from "../program/tensor-map.ts";
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
    while (tensor.kind === "symbol" && own.has(tensor.node) && isNodeOf(tensor.node, "reshape") && isContiguous(view)) {
      const [before]: readonly [Tensor] = tensor.node.inputs;
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
    if (!isNodeOf(node, "concat") && !isNodeOf(node, "pad")) continue;
    const output = nodeOutput(node);
    const storage = placed.get(output) ?? allocate(output);
    placed.set(output, storage);
    const parts = isNodeOf(node, "concat")
      ? joined(node.inputs, node.operation.axis, storage)
      : padded(node.inputs[0], node.operation.before, storage);
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
    const [from, length] = [start, nth(tensor.shape, axis)];
    start += length;
    return { tensor, view: window(storage, axis, from, length) };
  });
}

/**
 * The source in the middle, and zeros in margins that do not overlap: the margins of an axis span the inner range of
 * the axes before it.
 */
function padded(source: Tensor, before: readonly number[], storage: View): Sink[] {
  const sinks: Sink[] = [];
  let rest = storage;
  zip(source.shape, before).forEach(([n, start], axis) => {
    const end = start + n;
    const margins = [window(rest, axis, 0, start), window(rest, axis, end, nth(rest.shape, axis) - end)];
    for (const view of margins)
      if (!view.shape.includes(0)) sinks.push({ tensor: zerosArray(view.shape, source.dtype), view });
    rest = window(rest, axis, start, n);
  });
  return [...sinks, { tensor: source, view: rest }];
}

function window(view: View, axis: number, start: number, length: number): View {
  const starts = view.shape.map((_, i) => (i === axis ? start : 0));
  return sliceView(view, starts, view.shape.with(axis, start + length));
}
