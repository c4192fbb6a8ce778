// A pass that reads what another loop has stored adds row by row. The bits are those of the definitions.
import { optimize, planProgram, type Step } from "@sluice/compiler";
import * as t from "@sluice/tensor";
import { recordProgram, type Tensor } from "@sluice/tensor";
import { placeholder } from "@sluice/tensor/internal";
import { randomTensor } from "@sluice/tensor/testing";
import { afterAll, expect, test } from "vitest";
import { closeVariants, expectAgreement } from "../testing/agree.ts";
import { isStreamed } from "./kernel.ts";
import { passOf } from "./pass.ts";
import { reducingOf } from "./reducing.ts";

afterAll(closeVariants);

/** Over time: sums and maxima of a value along its rows, and the value itself. */
const overTime = (xs: Tensor, h: Tensor): Tensor[] => {
  const { state, output } = t.scan(
    (of: Tensor, x: Tensor) => {
      const y = t.mul(t.add(x, t.expand(of, 1)), 0.5);
      return { state: t.mul(t.sum(y, 1), 0.01), output: [y, t.reduceMax(y, 1)] };
    },
    h,
    xs,
  );
  return [state, ...output];
};

test.each([
  [32, 32],
  [70, 37],
  [33, 64],
  [200, 33],
])("%i rows of %i columns", async (rows, columns) => {
  await expectAgreement(overTime, [
    randomTensor([3, 2, rows, columns], "f32", 1),
    randomTensor([2, columns], "f32", 2),
  ]);
});

test("only a large value of another loop is added row by row", () => {
  const type = (...shape: number[]): Tensor => placeholder({ shape, dtype: "f32" });
  const byRows = (f: (...inputs: Tensor[]) => Tensor[], ...inputs: Tensor[]): boolean[] => {
    const inside = (step: Step): readonly Step[] => (step.kind === "loop" ? step.body.flatMap(inside) : [step]);
    return planProgram(optimize(recordProgram(f, inputs).program))
      .steps.flatMap(inside)
      .flatMap((step) =>
        step.kind === "elementwise" && step.reductions !== undefined
          ? [reducingOf(passOf(step).pass, step.reductions, step.inputs.some(isStreamed)).byRows]
          : [],
      );
  };
  expect(byRows(overTime, type(3, 2, 70, 37), type(2, 37))).toContain(true);
  expect(byRows(overTime, type(3, 2, 70, 20), type(2, 20))).not.toContain(true);
  expect(byRows((x) => [t.sum(t.tanh(x), 1)], type(2, 70, 37))).toEqual([false]);
});
