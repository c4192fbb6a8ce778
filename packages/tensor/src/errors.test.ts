// What an error says: operation, operands with labels and shapes, place, fix.
import { describe, expect, test } from "vitest";
import * as t from "./index.ts";
import * as internal from "./internal.ts";
import type { DType, Shape, Tensor } from "./index.ts";

const x = (shape: Shape, dtype: DType = "f32", label = "x"): Tensor => internal.placeholder({ shape, dtype }, label);
/** As from JavaScript: a value of another type than TypeScript asks for. */
const given = (value?: unknown): never => value as never;
const f32 = internal.zerosArray([2, 3]);
const i32 = internal.zerosArray([2, 3], "i32");
const bool = internal.zerosArray([2, 3], "bool");

test.each<[string, () => unknown]>([
  // Shapes
  [
    "matmul x [32,64] x U [128,192]: inner sizes 64 and 128 differ",
    () => t.matmul(x([32, 64]), x([128, 192], "f32", "U")),
  ],
  [
    "matmul [5,4,3] x [2,6]: inner sizes 3 and 2 differ",
    () => t.matmul(internal.zerosArray([5, 4, 3]), internal.zerosArray([2, 6])),
  ],
  ["matmul x [3] x [4]: inner sizes 3 and 4 differ", () => t.matmul(x([3]), internal.zerosArray([4]))],
  [
    "matmul [2,4,3] x [5,3,4]: batch axes do not broadcast",
    () => t.matmul(internal.zerosArray([2, 4, 3]), internal.zerosArray([5, 3, 4])),
  ],
  [
    "matmul [] x [3]: a scalar has no axis to multiply over; use mul",
    () => t.matmul(t.scalar(1), internal.zerosArray([3])),
  ],
  ["add: shapes x [2,3] and bias [4] do not broadcast together", () => t.add(x([2, 3]), x([4], "f32", "bias"))],
  ["select: shapes [2,3] and [4] and [] do not broadcast together", () => t.select(bool, internal.zerosArray([4]), 0)],
  ["reshape: x [2,3] has 6 elements, which do not fill [4,2] of 8", () => t.reshape(x([2, 3]), [4, 2])],
  ["reshape: [2,3] cannot be reshaped to [4,-1]", () => t.reshape(f32, [4, -1])],
  ["reshape: [2,3] cannot be reshaped to [-1,-1]", () => t.reshape(f32, [-1, -1])],
  ["transpose: axes [0,0] are not a permutation of the axes of [2,3]", () => t.transpose(f32, [0, 0])],
  ["transpose: [3] has fewer than two axes", () => t.transpose(internal.zerosArray([3]))],
  ["slice: [0,1] to [2,4] reaches outside x [2,3]", () => t.slice(x([2, 3]), [0, 1], [2, 4])],
  ["slice: starts is [0, 0.5], expected a list of integers", () => t.slice(f32, [0, 0.5], [2, 2])],
  ["slice: [2,3] has no axis 2", () => t.sliceAxis(f32, 2, 0, 1)],
  ["take: axis 0 of [2,3] has no element 2", () => t.take(f32, 2)],
  ["take: axis 1 of [2,3] has no element -4", () => t.take(f32, -4, 1)],
  ["expand: [2,3] cannot get a new axis at 4", () => t.expand(f32, 4)],
  ["split: axis 1 of x [2,3] does not divide into 2 equal parts", () => t.split(x([2, 3]), 2)],
  ["concat: shapes [2,3], x [3,3] must agree outside axis 1", () => t.concat([f32, x([3, 3])])],
  ["concat: shapes [2,3] must agree outside axis 3", () => t.concat([f32], 3)],
  ["concat: expected at least one tensor", () => t.concat([])],
  ["pad: [1] before and [0,0] after do not fit [2,3]: one count >= 0 for each axis", () => t.pad(f32, [1], [0, 0])],
  ["broadcast: x [2,3] cannot be broadcast to [2,4]", () => t.broadcastTo(x([2, 3]), [2, 4])],
  ["sum: x [2,3] has no axis 2", () => t.sum(x([2, 3]), 2)],
  ["reduceMax: axes [0,-2] are not distinct axes of [2,3]", () => t.reduceMax(f32, [0, -2])],
  ["reduceMax: axis 0 of [0] is empty and has no largest element", () => t.reduceMax(internal.zerosArray([0]))],
  ["sum: unknown option keepDims; did you mean keep?", () => t.sum(f32, 0, { keep: true, ...{ keepDims: true } })],
  ["cumulativeSum: [2,3] has no axis 2", () => t.cumulativeSum(f32, 2)],
  ["iota: [2] has no axis 1", () => t.iota([2], { axis: 1 })],
  ["iota: expected a dtype of numbers, got bool", () => t.iota([2], { dtype: "bool" })],
  ["gather: [0,3] has no rows to take", () => t.gather(internal.zerosArray([0, 3]), i32)],
  [
    "scatterAdd: updates [3] need one row for each index of [2,3], and rows >= 1 (got 4)",
    () => t.scatterAdd(i32, internal.zerosArray([3]), 4),
  ],
  // dtypes
  ["add: x [2] is f32 but n [] is i32; convert one of them", () => t.add(x([2]), x([], "i32", "n"))],
  [
    "matmul x [2,2] x y [2,2]: dtypes f32 and f64 differ; convert one of them",
    () => t.matmul(x([2, 2]), x([2, 2], "f64", "y")),
  ],
  ['exp: n [2] is i32, expected f32 or f64; convert it first: convert(x, "f32")', () => t.exp(x([2], "i32", "n"))],
  ["sum: [2,3] is bool, expected f32 or f64 or i32; convert it first", () => t.sum(bool)],
  ["and: [2,3] is f32, expected bool; convert it first", () => t.and(f32, f32)],
  ["select: [2,3] is f32, expected bool; convert it first", () => t.select(f32, 1, 0)],
  ["select: [2,3] is f32 but [2,3] is i32; convert one of them", () => t.select(bool, f32, i32)],
  ["concat: [2,3] is f32, [2,3] is i32; convert them to one dtype", () => t.concat([f32, i32])],
  ["gather: [2,3] is f32, expected i32; convert it first", () => t.gather(f32, f32)],
  [
    "mul: the number 0.5 is not a valid i32, the dtype of n [2]; convert the tensor first",
    () => t.mul(x([2], "i32", "n"), 0.5),
  ],
  ["add: expected at least one tensor, got the numbers 1, 2", () => t.add(1, 2)],
  ["shiftRight: expected a shift of 0 to 31 bits, got 32", () => t.shiftRight(i32, 32)],
  // Arrays
  ["tensor: 3 values do not fill the shape [2,2] of 4", () => t.tensor([1, 2, 3], [2, 2])],
  [
    "tensor: value 1 is null, expected a number; say what stands for a missing value",
    () => t.tensor(unchecked([1, null, 3])),
  ],
  [
    "tensor: value 0 is [1, 2], expected a number; give nested lists as one list with a shape: tensor(values.flat(), shape)",
    () =>
      t.tensor(
        unchecked([
          [1, 2],
          [3, 4],
        ]),
      ),
  ],
  ['tensor: value 2 is "3", expected a number', () => t.tensor(unchecked([1, 2, "3"]))],
  [
    "tensor: the values are a Uint8Array, expected a list of numbers, a Float32Array, a Float64Array or an Int32Array; convert it: Int32Array.from(values) for indices, such as classes, or Float32Array.from(values)",
    () => t.tensor(unchecked(new Uint8Array(3))),
  ],
  [
    "tensor: the buffer of the values is detached: it was transferred elsewhere. Copy them first: values.slice()",
    () => t.tensor(detached()),
  ],
  ['tensor: "float32" is not a dtype; did you mean f32?', () => t.tensor([1], [1], unchecked({ dtype: "float32" }))],
  ["tensor: unknown option type; did you mean dtype?", () => t.tensor([1], [1], unchecked({ type: "f64" }))],
  [
    "add: operand 2 is [1, 2], expected a tensor; make one: tensor(values, shape)",
    () => t.add(x([2]), unchecked([1, 2])),
  ],
  [
    "matmul: b is a Float32Array, expected a tensor; make one: tensor(values, shape)",
    () => t.matmul(x([2, 3]), unchecked(new Float32Array(3))),
  ],
  ["sqrt: operand 1 is 2, expected a tensor; make one: scalar(2)", () => t.sqrt(unchecked(2))],
  [
    "sum: expected an object of options, such as { keep }, got null; known: keep",
    () => t.sum(x([2]), 0, unchecked(null)),
  ],
  ['sum: axes is "rows", expected a list of integers', () => t.sum(x([2]), unchecked("rows"))],
  [
    "tensor: [-1,-3] is not a shape, which is a list of integers >= 0, such as [32, 64]",
    () => t.tensor([1, 2, 3], [-1, -3]),
  ],
  [
    "piecewiseArray: a piece of 2 elements from element 1 does not lie between the piece before it, which ends at 2, and the end of [4]",
    () =>
      internal.piecewiseArray(
        [4],
        [
          { at: 0, values: Float32Array.of(1, 2) },
          { at: 1, values: Float32Array.of(3, 4) },
        ],
        "f32",
      ),
  ],
  [
    "piecewiseArray: pieces of a tensor of f32 must be Float32Array, got Int32Array",
    () => internal.piecewiseArray([4], [{ at: 0, values: Int32Array.of(1, 2) }], "f32"),
  ],
  ["tensor: 2 is not a valid bool, which holds 0 or 1", () => t.tensor([0, 2], [2], { dtype: "bool" })],
  ["tensor: 0.5 is not a valid i32, which holds 32-bit integers", () => t.full([2], 0.5, "i32")],
  ["full: [2.5] is not a shape, which is a list of integers >= 0, such as [32, 64]", () => internal.zerosArray([2.5])],
  ["placeholder: [NaN] is not a shape, which is a list of integers >= 0, such as [32, 64]", () => x([NaN])],
  [
    "values: x [2] is a symbol, which has no values while a function is recorded. Return it from the function and read the result",
    () => t.valuesOf(x([2])),
  ],
  ["item: expected one value, got [2,3]", () => t.item(f32)],
  // Random numbers
  ["key: expected a seed that is an integer >= 0, got -1", () => t.key(-1)],
  ["keyFor: the key is f32 [2,3], expected a key, i32 [2]; make one: key(seed)", () => t.keyFor(f32, "dropout")],
  [
    "randomBits: [-2] is not a shape, which is a list of integers >= 0, such as [32, 64]",
    () => t.randomBits(t.key(0), [-2]),
  ],
  ["randomBits: the key is f32 [2,3], expected a key, i32 [2]; make one: key(seed)", () => t.randomBits(f32, [2])],
  ["bernoulli: expected a probability in [0, 1], got 1.5", () => t.bernoulli(t.key(0), [2], 1.5)],
  ["uniform: expected the dtype f32 or f64, got i32", () => t.uniform(t.key(0), [2], { dtype: "i32" })],
  ["normal: unknown option std; did you mean deviation?", () => t.normal(t.key(0), [2], { mean: 0, ...{ std: 2 } })],
  // Gradients and programs
  [
    "grad: expected a function with a scalar float result, got f32 [2,3]; reduce it with sum or mean",
    () => t.grad((y: Tensor) => y)(f32),
  ],
  [
    "grad: expected a function with a scalar float result, got i32 []; reduce it with sum or mean",
    () => t.grad(() => t.scalar(1, "i32"))(f32),
  ],
  ["grad: expected a function with a scalar tensor as its result, got 3", () => t.grad(() => 3 as never)(f32)],
  ["vjp: cotangent: no tensor at y (expected y)", () => t.vjp((a: Tensor) => ({ y: a }), f32).pullback({} as never)],
  [
    "vjp: cotangent f32 [2] does not fit the result f32 [2,3]",
    () => t.vjp((a: Tensor) => a, f32).pullback(internal.zerosArray([2])),
  ],
  [
    "program: it needs outside [2], which belongs to another function being recorded; pass it as an argument",
    () => t.recordProgram((a: Tensor) => t.add(a, x([2], "f32", "outside")), [internal.zerosArray([2])]),
  ],
  ["program: expected 1 inputs, got 0", () => t.evaluate(t.recordProgram((a: Tensor) => a, [f32]).program, [])],
  [
    "program: input 0 expects f32 [2,3], got i32 [2,3]",
    () => t.evaluate(t.recordProgram((a: Tensor) => a, [f32]).program, [i32]),
  ],
  [
    "differentiate: the program has no input 1; it has 1",
    () => internal.differentiate(t.recordProgram((a: Tensor) => a, [f32]).program, [1]),
  ],
  // What is not a tensor, or not a key
  ["uniform: the key is 1, expected a key, i32 [2]; make one: key(1)", () => t.uniform(given(1), [2])],
  ["normal: the key is [2, 3], expected a key, i32 [2]; make one: key(seed)", () => t.normal(given([2, 3]), [2])],
  [
    "bernoulli: the key is undefined, expected a key, i32 [2]; make one: key(seed)",
    () => t.bernoulli(given(), [2], 0.5),
  ],
  ["keyFor: the key is 7, expected a key, i32 [2]; make one: key(7)", () => t.keyFor(given(7), "weights")],
  [
    "tanh: operand 1 is NaN, expected a tensor; JavaScript's * + - / do not compute with tensors: write mul(a, b), add, sub or div",
    () => t.tanh(given(NaN)),
  ],
  [
    "tree: expected a tensor, array or object at h, got the number NaN; JavaScript's * + - / do not compute with tensors: write mul(a, b), add, sub or div",
    () => t.leavesOf({ h: given(NaN) }),
  ],
  [
    'tree: expected a tensor at y, got a list of numbers; make one: tensor(values, shape), or tensor(values, shape, { dtype: "i32" }) for indices, such as classes',
    () => t.leavesOf({ y: given([0, 1, 2]) }),
  ],
  [
    "tensor: the values are a BigInt64Array, expected a list of numbers, a Float32Array, a Float64Array or an Int32Array; convert it: Int32Array.from(values, Number)",
    () => t.tensor(given(new BigInt64Array(2))),
  ],
])("%s", (message, f) => {
  expect(f).toThrow(new t.TensorError(message));
});

describe("the place of an error", () => {
  const product = (): Tensor => t.matmul(x([32, 64]), x([128, 192], "f32", "U"));
  const caught = (f: () => unknown): t.TensorError => {
    try {
      f();
    } catch (error) {
      if (error instanceof t.TensorError) return error;
      throw error;
    }
    throw new Error("nothing was thrown");
  };

  test("is the path from the outside in", () => {
    const error = caught(() => internal.at("gru", () => internal.at("reset", product)));
    expect(error.message).toBe("gru.reset: matmul x [32,64] x U [128,192]: inner sizes 64 and 128 differ");
    expect(error.place).toEqual(["gru", "reset"]);
    expect(error.problem).toBe("matmul x [32,64] x U [128,192]: inner sizes 64 and 128 differ");
  });

  test("stands in the stack, which still begins where the error was made", () => {
    const { stack } = caught(() => internal.at("gru", product));
    expect(stack).toContain("gru: matmul x [32,64]");
    expect(stack).toContain("at product");
  });

  test("passes through scan, checkpoint, grad and compile", async () => {
    const f = (y: Tensor): Tensor =>
      t.sum(
        internal.at("cell", () =>
          t.scan(
            (h: Tensor, row: Tensor) => ({
              state: internal.at("gate", () => t.checkpoint((s: Tensor) => t.matmul(s, row))(h)),
              output: [],
            }),
            y,
            internal.zerosArray([2, 5, 5]),
          ),
        ).state,
      );
    const message = "cell.gate: matmul [2,3] x [5,5]: inner sizes 3 and 5 differ";
    expect(() => t.grad(f)(f32)).toThrow(message);
    await expect(t.compile(f, [f32])).rejects.toThrow(message);
  });

  test("leaves other errors, and results, alone", () => {
    const other = new RangeError("other");
    expect(() =>
      internal.at("gru", () => {
        throw other;
      }),
    ).toThrow(other);
    expect(internal.at("gru", () => 3)).toBe(3);
  });
});

/** As plain JavaScript calls it: types do not stop it there. */
function unchecked<T>(value: unknown): T;
function unchecked(value: unknown): unknown {
  return value;
}

function detached(): Float32Array {
  const values = new Float32Array(3);
  structuredClone(values.buffer, { transfer: [values.buffer] });
  return values;
}
