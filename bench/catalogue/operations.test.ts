import { optimize, planProgram } from "@sluice/compiler";
import {
  add,
  div,
  exp,
  expand,
  matmul,
  mul,
  recordProgram,
  reshape,
  scan,
  sum,
  tanh,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { placeholder } from "@sluice/tensor/internal";
import { expect, test } from "vitest";
import { accountOf, type Account } from "./operations.ts";

const type = (...shape: number[]): Tensor => placeholder({ shape, dtype: "f32" });

const counted = <const T extends readonly Tensor[]>(f: (...inputs: T) => Tree, inputs: T, batch = 8): Account =>
  accountOf(planProgram(optimize(recordProgram(f, inputs).program)), batch);

test("each operation on each element: a product, a sum of it over 16 columns, and functions by name", () => {
  const { operations, passes, elements } = counted(
    (a: Tensor, b: Tensor) => sum(tanh(mul(a, b)), 1),
    [type(8, 16), type(8, 16)],
  );
  expect({ operations, passes, elements }).toEqual({
    operations: { simple: 2 * 8 * 16, tanh: 8 * 16 },
    passes: 1,
    elements: 8 * 16,
  });
});

test("a value that all rows share counts once, however many rows read it", () => {
  const { operations } = counted((a: Tensor, b: Tensor) => mul(a, exp(b)), [type(8, 16), type(16)]);
  expect(operations).toEqual({ simple: 8 * 16, exp: 16 });
});

test("a loop counts each step", () => {
  const steps = (x: Tensor): Tensor =>
    scan((state: Tensor) => ({ state: div(1, add(state, 0.5)), output: [] }), x, {}, { length: 5 }).state;
  expect(counted(steps, [type(8, 16)]).operations).toEqual({ simple: 5 * 8 * 16, div: 5 * 8 * 16 });
});

test("products: those of at most the rows of a batch, and the matrices that each row has of its own", () => {
  expect(counted((a: Tensor, b: Tensor) => matmul(a, b), [type(8, 16), type(16, 4)])).toMatchObject({
    flops: 2 * 8 * 16 * 4,
    fewRows: 2 * 8 * 16 * 4,
    matrices: 0,
  });
  expect(counted((a: Tensor, b: Tensor) => matmul(a, b), [type(9, 16), type(16, 4)])).toMatchObject({
    flops: 2 * 9 * 16 * 4,
    fewRows: 0,
  });
  const each = (a: Tensor, b: Tensor): Tensor => reshape(matmul(expand(a, 1), b), [8, 4]);
  expect(counted(each, [type(8, 16), type(8, 16, 4)])).toMatchObject({
    flops: 2 * 8 * 16 * 4,
    fewRows: 2 * 8 * 16 * 4,
    matrices: 4 * 8 * 16 * 4,
  });
});
