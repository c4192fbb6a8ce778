import { apply } from "../apply.ts";
import { allocate } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { nth, zip } from "../lists.ts";
import type { Rules } from "../node.ts";
import type { ScanOperation } from "../primitives/operation.ts";
import { evaluate } from "../program/evaluate.ts";
import { sameShape, sizeOf } from "../shape.ts";
import { describe, type ArrayTensor, type Tensor, type Type } from "../tensor.ts";
import { scanGradient } from "./gradient.ts";
import { split } from "./parts.ts";

export const scanRules: Rules<ScanOperation> = {
  op: "scan",
  recompute: "costly",
  infer(operation, inputs) {
    const { body, length } = operation;
    const { captures, states, sequences } = split(operation, inputs);
    const sliced = sequences.map((x): Type => {
      if (x.shape[0] !== length)
        throw new TensorError(`scan: sequence ${describe(x)} must have ${length} steps on axis 0`);
      return { shape: x.shape.slice(1), dtype: x.dtype };
    });
    for (const [type, expected] of zip([...captures, ...states, ...sliced], body.inputs)) {
      if (expected.dtype === type.dtype && sameShape(expected.shape, type.shape)) continue;
      throw new TensorError(
        `scan: the step expects ${expected.dtype} ${describe(expected)}, got ${type.dtype} [${type.shape.join(",")}]`,
      );
    }
    for (const [i, state] of split(operation, body.inputs).states.entries()) {
      const next = nth(body.outputs, i);
      if (next.dtype === state.dtype && sameShape(next.shape, state.shape)) continue;
      throw new TensorError(
        `scan: state ${describe(state)} (${state.dtype}) leaves the step as ${next.dtype} ${describe(next)}; shape and dtype must stay`,
      );
    }
    return [
      ...states.map(typeOf),
      ...body.outputs.slice(operation.states).map((y) => ({ shape: [length, ...y.shape], dtype: y.dtype })),
    ];
  },
  evaluate(operation, inputs) {
    const { body, length, reverse } = operation;
    const { captures, states, sequences } = split(operation, inputs);
    const stacked = body.outputs.slice(operation.states).map((y): ArrayTensor => ({
      kind: "array",
      shape: [length, ...y.shape],
      dtype: y.dtype,
      data: allocate(y.dtype, length * sizeOf(y.shape)),
    }));
    let current: readonly ArrayTensor[] = states;
    for (let i = 0; i < length; i++) {
      const step = reverse ? length - 1 - i : i;
      const outputs = evaluate(body, [...captures, ...current, ...sequences.map((x) => row(x, step))]).map(arrayOf);
      current = outputs.slice(0, operation.states);
      for (const [y, { data }] of zip(stacked, outputs.slice(operation.states))) y.data.set(data, step * data.length);
    }
    return [...current, ...stacked];
  },
  gradient: (context) => scanGradient(context, applyScan),
};

/** Applies the scan primitive itself; users call `scan`. */
export function applyScan(operation: ScanOperation, inputs: readonly Tensor[]): readonly Tensor[] {
  return apply(scanRules, operation, inputs);
}

function row(x: ArrayTensor, step: number): ArrayTensor {
  const shape = x.shape.slice(1);
  const size = sizeOf(shape);
  return { kind: "array", shape, dtype: x.dtype, data: x.data.subarray(step * size, (step + 1) * size) };
}

function arrayOf(x: Tensor): ArrayTensor {
  if (x.kind === "array") return x;
  throw new Error("a scan evaluated on arrays yields arrays");
}

const typeOf = ({ shape, dtype }: Type): Type => ({ shape, dtype });
