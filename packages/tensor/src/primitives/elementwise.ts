import { applyOne } from "../apply.ts";
import { checkDType, checkOperands, checkTensor } from "../arguments.ts";
import { allocate, checkKnownDType, isFloat, type DType } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import type { GradientContext, GradientResult, Recompute, Rules } from "../node.ts";
import { broadcastShapes, sameShape, sizeOf, type Shape } from "../shape.ts";
import { describe, scalar, uniformArray, type ArrayTensor, type Operand, type Tensor } from "../tensor.ts";
import { broadcastTo } from "./broadcast.ts";
import type { BinaryName, Operation, UnaryName } from "./operation.ts";

type Unary = Extract<Operation, { op: UnaryName }>;
type Binary = Extract<Operation, { op: BinaryName }>;

interface UnaryDefinition {
  readonly recompute: Recompute;
  /** The dtypes that are accepted. */
  readonly accepts: readonly DType[];
  /** The value, exact or rounded once; the result is rounded to the output's dtype. */
  readonly evaluate: (x: number) => number;
  /** The value in f32, if it has its own sequence of roundings. */
  readonly evaluateF32?: (x: number) => number;
  /** The cotangent of x from x, y and the cotangent of y; absent if the derivative is zero everywhere. */
  readonly gradient?: (cotangent: Tensor, x: Tensor, y: Tensor) => Tensor;
}

/** The rules of an elementwise primitive of one operand. */
export function unary(op: UnaryName, definition: UnaryDefinition): Rules<Unary> {
  const { recompute, accepts, evaluate, evaluateF32 = evaluate, gradient } = definition;
  return {
    op,
    recompute,
    infer(_, inputs) {
      checkCount(op, inputs, 1);
      const [x] = inputs;
      checkDType(op, accepts, x);
      return [{ shape: x.shape, dtype: x.dtype }];
    },
    evaluate(_, inputs) {
      const x = inputs[0];
      const f = x.dtype === "f32" ? evaluateF32 : evaluate;
      if (x.uniform !== undefined) return [uniformArray(x.shape, f(x.uniform), x.dtype)];
      const y = allocate(x.dtype, x.data.length);
      for (let i = 0; i < y.length; i++) y[i] = f(x.data[i]!);
      return [{ kind: "array", shape: x.shape, dtype: x.dtype, data: y }];
    },
    gradient({ cotangents, inputs, outputs }: GradientContext<Unary>): GradientResult {
      const cotangent = cotangents[0];
      if (cotangent === undefined || gradient === undefined) return { cotangents: [undefined] };
      return { cotangents: [gradient(cotangent, inputs[0], outputs[0])] };
    },
  };
}

interface BinaryDefinition {
  readonly recompute: Recompute;
  readonly accepts: readonly DType[];
  /** In exact arithmetic or rounded once. */
  readonly evaluate: (a: number, b: number) => number;
  /** The value for f32, if it has its own sequence of roundings. */
  readonly evaluateF32?: (a: number, b: number) => number;
  /** The value for i32, if it differs. */
  readonly evaluateI32?: (a: number, b: number) => number;
  /** The output's dtype, if it is not that of the operands. */
  readonly dtype?: DType;
  readonly gradient?: (context: BinaryGradient) => readonly [(() => Tensor) | undefined, (() => Tensor) | undefined];
}

interface BinaryGradient {
  readonly cotangent: Tensor;
  readonly a: Tensor;
  readonly b: Tensor;
  readonly y: Tensor;
}

/** The rules of an elementwise primitive of two operands of one shape and dtype. */
export function binary(op: BinaryName, definition: BinaryDefinition): Rules<Binary> {
  const { recompute, accepts, evaluate, evaluateF32 = evaluate, evaluateI32 = evaluate, gradient } = definition;
  return {
    op,
    recompute,
    infer(_, inputs) {
      checkCount(op, inputs, 2);
      const [a, b] = inputs;
      checkDType(op, accepts, a);
      checkSameType(op, a, b);
      return [{ shape: a.shape, dtype: definition.dtype ?? a.dtype }];
    },
    evaluate(_, inputs) {
      const a = inputs[0];
      const b = inputs[1];
      const dtype = definition.dtype ?? a.dtype;
      const f = a.dtype === "i32" ? evaluateI32 : a.dtype === "f32" ? evaluateF32 : evaluate;
      if (a.uniform !== undefined && b.uniform !== undefined)
        return [uniformArray(a.shape, f(a.uniform, b.uniform), dtype)];
      const y = allocate(dtype, a.data.length);
      for (let i = 0; i < y.length; i++) y[i] = f(a.data[i]!, b.data[i]!);
      return [{ kind: "array", shape: a.shape, dtype, data: y }];
    },
    gradient({ cotangents, inputs, outputs, needs }: GradientContext<Binary>): GradientResult {
      const cotangent = cotangents[0];
      if (cotangent === undefined || gradient === undefined) return { cotangents: [undefined, undefined] };
      const [da, db] = gradient({ cotangent, a: inputs[0], b: inputs[1], y: outputs[0] });
      return { cotangents: [needs[0] === true ? da?.() : undefined, needs[1] === true ? db?.() : undefined] };
    },
  };
}

export function applyUnary(rules: Rules<Unary>, op: UnaryName, x: Tensor): Tensor {
  return applyOne(rules, { op }, [x]);
}

/** Brings both operands to one dtype and shape, and applies. */
export function applyBinary(rules: Rules<Binary>, op: BinaryName, a: Operand, b: Operand): Tensor {
  checkOperands(op, [a, b], { numbers: true });
  // Before broadcasting, while the operands still have their own shapes and labels.
  if (typeof a !== "number" && typeof b !== "number") checkSameDType(op, a, b);
  return applyOne(rules, { op }, align(op, [a, b]));
}

/** Numbers become scalars of the tensors' dtype, and all operands are broadcast to one shape. */
function align(op: string, operands: readonly Operand[]): Tensor[] {
  const first = operands.find((x) => typeof x !== "number");
  if (first === undefined)
    throw new TensorError(`${op}: expected at least one tensor, got the numbers ${operands.join(", ")}`);
  const tensors = operands.map((x) => (typeof x === "number" ? numberAs(op, x, first) : x));
  let shape: Shape = [];
  for (const x of tensors) {
    const wider = broadcastShapes(shape, x.shape);
    if (wider === undefined)
      throw new TensorError(`${op}: shapes ${tensors.map(describe).join(" and ")} do not broadcast together`);
    shape = wider;
  }
  return tensors.map((x) => broadcastTo(x, shape));
}

function numberAs(op: string, x: number, other: Tensor): Tensor {
  const { dtype } = other;
  if ((dtype === "i32" && (x | 0) !== x) || (dtype === "bool" && x !== 0 && x !== 1)) {
    throw new TensorError(
      `${op}: the number ${x} is not a valid ${dtype}, the dtype of ${describe(other)}; convert the tensor first`,
    );
  }
  return scalar(x, dtype);
}

function checkCount(op: string, inputs: readonly Tensor[], count: number): void {
  if (inputs.length !== count) throw new TensorError(`${op}: expected ${count} operands, got ${inputs.length}`);
}

function checkSameDType(op: string, a: Tensor, b: Tensor): void {
  if (a.dtype === b.dtype) return;
  throw new TensorError(`${op}: ${describe(a)} is ${a.dtype} but ${describe(b)} is ${b.dtype}; convert one of them`);
}

/** Throws an error if dtypes or shapes differ. */
function checkSameType(op: string, a: Tensor, b: Tensor): void {
  checkSameDType(op, a, b);
  if (!sameShape(a.shape, b.shape)) throw new TensorError(`${op}: shapes ${describe(a)} and ${describe(b)} differ`);
}

/** select(condition, a, b): a if the condition is true, b otherwise. */
export const selectRules: Rules<Extract<Operation, { op: "select" }>> = {
  op: "select",
  recompute: "cheap",
  infer(_, inputs) {
    checkCount("select", inputs, 3);
    const [condition, a, b] = inputs;
    checkDType("select", ["bool"], condition);
    checkSameType("select", a, b);
    if (!sameShape(condition.shape, a.shape)) {
      throw new TensorError(`select: condition ${describe(condition)} and values ${describe(a)} differ in shape`);
    }
    return [{ shape: a.shape, dtype: a.dtype }];
  },
  evaluate(_, [condition, a, b]) {
    const y = allocate(a.dtype, a.data.length);
    for (let i = 0; i < y.length; i++) y[i] = condition.data[i] !== 0 ? a.data[i]! : b.data[i]!;
    return [{ kind: "array", shape: a.shape, dtype: a.dtype, data: y }];
  },
  gradient({ cotangents, inputs, needs }) {
    const cotangent = cotangents[0];
    const condition = inputs[0];
    if (cotangent === undefined) return { cotangents: [undefined, undefined, undefined] };
    return {
      cotangents: [
        undefined,
        needs[1] === true ? select(condition, cotangent, 0) : undefined,
        needs[2] === true ? select(condition, 0, cotangent) : undefined,
      ],
    };
  },
};

/**
 * `a` where `condition` is true, `b` elsewhere; all three are broadcast together. A NaN in the branch not taken does
 * not reach the result.
 */
export function select(condition: Tensor, a: Operand, b: Operand): Tensor {
  checkDType("select", ["bool"], condition);
  for (const [name, x] of [
    ["a", a],
    ["b", b],
  ] as const)
    if (typeof x !== "number") checkTensor("select", name, x);
  const other = typeof a !== "number" ? a : typeof b !== "number" ? b : scalar(0);
  const tensorOf = (x: Operand): Tensor => (typeof x === "number" ? numberAs("select", x, other) : x);
  const [first, second] = [tensorOf(a), tensorOf(b)];
  checkSameDType("select", first, second);
  return applyOne(selectRules, { op: "select" }, align("select", [condition, first, second]));
}

export const convertRules: Rules<Extract<Operation, { op: "convert" }>> = {
  op: "convert",
  recompute: "cheap",
  infer({ dtype }, inputs) {
    checkCount("convert", inputs, 1);
    return [{ shape: inputs[0].shape, dtype }];
  },
  evaluate({ dtype }, [x]): ArrayTensor[] {
    const data = allocate(dtype, sizeOf(x.shape));
    if (dtype === "bool") for (let i = 0; i < data.length; i++) data[i] = x.data[i] !== 0 ? 1 : 0;
    else if (dtype === "i32") for (let i = 0; i < data.length; i++) data[i] = saturate(x.data[i]!);
    else data.set(x.data);
    return [{ kind: "array", shape: x.shape, dtype, data }];
  },
  gradient({ cotangents, inputs }) {
    const cotangent = cotangents[0];
    const x = inputs[0];
    return { cotangents: [cotangent === undefined || !isFloat(x.dtype) ? undefined : convert(cotangent, x.dtype)] };
  },
};

/**
 * Converts to another dtype. To i32 it rounds towards zero, saturates and turns NaN into 0, as WebAssembly's
 * `i32x4.trunc_sat_f32x4_s`. To bool it is `x != 0`.
 */
export function convert(x: Tensor, dtype: DType): Tensor {
  checkTensor("convert", "the operand", x);
  checkKnownDType("convert", dtype);
  if (x.dtype === dtype) return x;
  return applyOne(convertRules, { op: "convert", dtype }, [x]);
}

function saturate(x: number): number {
  return Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, -2147483648), 2147483647));
}
