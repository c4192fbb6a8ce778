import type { DType, Shape, Tensor } from "@sluice/tensor";
import { nth, zip, type Node, type SymbolTensor } from "@sluice/tensor/internal";
import type { AxisReduction, ElementwiseStep, Instruction, View } from "./plan.ts";
import type { NodeWith } from "../facts/facts.ts";
import { isElementwise, isView, keepsAxes } from "../facts/roles.ts";
import { uniformValue } from "../program/uniform.ts";

/** What a kernel needs to know about values from outside: their memory, or that it computes them itself. */
export interface KernelSource {
  /** The memory of a value; undefined if the kernel computes it itself. */
  load(x: SymbolTensor): View | undefined;
  constant(values: Extract<Tensor, { kind: "array" }>): View;
}

/**
 * Where in a tensor an iteration reads: for each axis of the tensor, an axis of the iteration (-1: none) and an offset.
 */
type IndexMap = readonly { readonly axis: number; readonly offset: number }[];

/** Writes one elementwise step. Values are added with `store` and `reduce`; common subexpressions are computed once. */
export interface KernelBuilder {
  store(x: Tensor, view: View): void;
  /** All reductions of a pass are alike. */
  reduce(x: Tensor, reduction: AxisReduction, view: View): void;
  /** The number of windows of memory that it reads and writes so far. */
  views(): number;
  finish(): ElementwiseStep;
}

export function kernelBuilder(shape: Shape, source: KernelSource): KernelBuilder {
  const inputs = inputWindows(shape);
  const { instructions, emit } = instructionList();
  const stores: { value: number; view: View }[] = [];
  let reductions: (AxisReduction & { readonly results: { value: number; view: View }[] }) | undefined;
  const known = new Map<string, number>();
  const ids = new Map<Node, number>();
  const identity: IndexMap = shape.map((_, axis) => ({ axis, offset: 0 }));

  const load = (view: View, map: IndexMap, dtype: DType): number =>
    emit({ op: "load", dtype, input: inputs.add(view, map) });

  const valueOf = (tensor: Tensor, index: IndexMap): number => {
    const [x, map] = behindViews(tensor, index, source);
    if (x.kind === "array") {
      const value = x.uniform ?? uniformValue(x.data);
      return value === undefined
        ? load(source.constant(x), map, x.dtype)
        : emit({ op: "constant", dtype: x.dtype, value });
    }
    const id = ids.get(x.node) ?? ids.size;
    ids.set(x.node, id);
    const key = `${id}.${x.index}@${map.map(({ axis, offset }) => `${axis}+${offset}`).join()}`;
    const at = known.get(key) ?? compute(x, map);
    known.set(key, at);
    return at;
  };

  const compute = (x: SymbolTensor, map: IndexMap): number => {
    const { node } = x;
    const memory = source.load(x);
    if (memory !== undefined) return load(memory, map, x.dtype);
    if (!isElementwise(node))
      throw new Error(`plan: ${node.operation.op} has no memory and cannot be computed inside a pass`);
    const args = node.inputs.map((operand) => valueOf(operand, map));
    // The last operand has the dtype: a select's first operand is its condition.
    const { dtype: operand } = nth(node.inputs, node.inputs.length - 1);
    const { operation } = node;
    if (operation.op === "convert") return emit({ op: "convert", dtype: x.dtype, from: operand, args });
    return emit({ op: operation.op, dtype: x.dtype, operand, args });
  };

  return {
    store: (x, view) => void stores.push({ value: valueOf(x, identity), view }),
    reduce(x, reduction, view) {
      reductions ??= { ...reduction, results: [] };
      reductions.results.push({ value: valueOf(x, identity), view });
    },
    views: () => inputs.list.length + stores.length + (reductions?.results.length ?? 0),
    finish: () => ({
      kind: "elementwise",
      shape,
      inputs: inputs.list,
      instructions,
      stores,
      ...(reductions === undefined ? {} : { reductions }),
    }),
  };
}

/** The instructions of a pass, each once. `emit` returns the position of an instruction. */
function instructionList(): { instructions: readonly Instruction[]; emit(instruction: Instruction): number } {
  const instructions: Instruction[] = [];
  const known = new Map<string, number>();
  return {
    instructions,
    emit(instruction) {
      const key = JSON.stringify(instruction, (_, v: unknown) =>
        typeof v === "number" && !Number.isFinite(v) ? String(v) : Object.is(v, -0) ? "-0" : v,
      );
      const at = known.get(key) ?? instructions.push(instruction) - 1;
      known.set(key, at);
      return at;
    },
  };
}

/** The windows of memory that a pass reads, as the iteration over `shape` walks them, each once. */
function inputWindows(shape: Shape): { list: readonly View[]; add(view: View, map: IndexMap): number } {
  const list: View[] = [];
  const known = new Map<string, number>();
  return {
    list,
    add(view, map) {
      const strides = shape.map(() => 0);
      let { offset } = view;
      for (const [{ axis, offset: shift }, stride] of zip(map, view.strides)) {
        if (axis >= 0) strides[axis] = nth(strides, axis) + stride;
        offset += shift * stride;
      }
      const key = `${view.buffer}:${offset}:${strides.join()}:${view.loops.join()}`;
      const at = known.get(key) ?? list.push({ buffer: view.buffer, offset, shape, strides, loops: view.loops }) - 1;
      known.set(key, at);
      return at;
    },
  };
}

/** The value behind a chain of views, however long, and the position in it that the iteration reads. */
function behindViews(x: Tensor, map: IndexMap, source: KernelSource): readonly [Tensor, IndexMap] {
  let [seen, at] = [x, map];
  while (seen.kind === "symbol" && isView(seen.node) && source.load(seen) === undefined) {
    at = throughView(seen.node, at);
    seen = seen.node.inputs[0];
  }
  return [seen, at];
}

/** The index map of a view's source, from the index map of the view. */
function throughView({ operation, inputs: [source] }: NodeWith<"view">, map: IndexMap): IndexMap {
  const from = source.shape;
  switch (operation.op) {
    case "slice":
      return zip(map, operation.starts).map(([{ axis, offset }, start]) => ({ axis, offset: offset + start }));
    case "transpose":
      return from.map((_, i) => nth(map, operation.axes.indexOf(i)));
    case "broadcast": {
      const added = operation.shape.length - from.length;
      return from.map((n, i) =>
        n === 1 && operation.shape[i + added] !== 1 ? { axis: -1, offset: 0 } : nth(map, i + added),
      );
    }
    case "reshape": {
      if (!keepsAxes(from, operation.shape)) throw new Error("plan: a reshape that merges axes is read through memory");
      const long = zip(operation.shape, map).flatMap(([n, at]) => (n === 1 ? [] : [at]));
      let next = 0;
      return from.map((n) => (n === 1 ? { axis: -1, offset: 0 } : nth(long, next++)));
    }
    case "name":
    case "stopGradient":
      return map;
  }
}
