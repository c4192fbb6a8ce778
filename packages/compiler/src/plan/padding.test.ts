import {
  grad,
  matmul,
  mul,
  reshape,
  scan,
  sum,
  tensor,
  recordProgram,
  transpose,
  add,
  tanh,
  type Tensor,
} from "@sluice/tensor";
import { zerosArray } from "@sluice/tensor/internal";
import { expect, test } from "vitest";
import { optimize } from "../passes/optimize.ts";
import { planProgram } from "./make.ts";
import { unpadded } from "./padding.ts";

const [B, T, I, H] = [3, 4, 2, 5];
const lengths = (values: readonly number[]) => tensor(Int32Array.from(values));

test("elements that are no padding: those before the last sequence from a row on is over", () => {
  const of = (values: readonly number[]): number[] =>
    unpadded([B, T, I], { lengths: 0, time: 1, batch: 0 }, Int32Array.from(values));
  expect(of([4, 2, 1])).toEqual([0, 12, 16, 18]);
  expect(of([3, 0, 0])).toEqual([0, 6]);
  expect(of([1, 9, -1])).toEqual([0, 16]);
  expect(of([0, 0, 0])).toEqual([]);
  const byTime = (values: readonly number[]): number[] =>
    unpadded([T, B, I], { lengths: 0, time: 0, batch: 1 }, Int32Array.from(values));
  expect(byTime([4, 2, 1])).toEqual([0, 10, 12, 14, 18, 20]);
  expect(byTime([0, 0, 2])).toEqual([0, 12]);
});

test("inputs that are read by a loop with lengths, and by its gradient, have padding; others have not", () => {
  const run = (W: Tensor, x: Tensor, of: Tensor) =>
    scan(
      (h: Tensor, at: Tensor) => {
        const next = tanh(add(h, matmul(at, W)));
        return { state: next, output: next };
      },
      zerosArray([B, H]),
      x,
      { lengths: of },
    );
  const gradient = (of: Tensor, W: Tensor, x: Tensor, g: Tensor) =>
    grad((p: { W: Tensor; x: Tensor }) => sum(mul(run(p.W, transpose(p.x, [1, 0, 2]), of).output, g)))({ W, x });
  const inputs: [Tensor, Tensor, Tensor, Tensor] = [
    lengths([4, 2, 1]),
    zerosArray([I, H]),
    zerosArray([B, T, I]),
    zerosArray([T, B, H]),
  ];
  const { program } = recordProgram(gradient, inputs);
  expect(planProgram(optimize(program)).padding).toEqual([
    undefined,
    undefined,
    { lengths: 0, time: 1, batch: 0 },
    { lengths: 0, time: 0, batch: 1 },
  ]);
  expect(planProgram(optimize(program), { passes: { ragged: false } }).padding).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  const both = recordProgram(
    (of: Tensor, W: Tensor, x: Tensor) => [run(W, x, of).state, reshape(sum(x, 2), [T * B])],
    [inputs[0], inputs[1], zerosArray([T, B, I])],
  ).program;
  expect(planProgram(optimize(both)).padding).toEqual([undefined, undefined, undefined]);
});
