// clockwork against the paper's equations in plain loops, and periods that are refused.
import { parameterCount } from "@sluice/params";
import { key, keyFor, mapTree, normal, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import { expect, test } from "vitest";
import { plus, row, rowsOf, th, times } from "../../../../fixtures/cells/plain-loop.ts";
import { clockwork, sequence } from "../index.ts";

const [time, input, hidden] = [11, 3, 6];
const draw = (name: string, shape: readonly number[]): Tensor => normal(keyFor(key(9), name), shape, { dtype: "f64" });
const x = draw("x", [1, time, input]);
const start = draw("h", [1, hidden]);

test.each([[[1, 2, 5]], [[2, 3]], [[1, 2, 3, 4, 6, 7]]])("with periods %j it is the paper's equations", (periods) => {
  const cell = clockwork({ input, hidden, periods });
  const params = mapTree(cell.init(key(1)), (w, path) => draw(path, w.shape));
  const [W, U, b] = [rowsOf(params.W), params.U.map(rowsOf), row(rowsOf(params.b))];
  const width = hidden / periods.length;
  let h = row(rowsOf(start));
  const expected = rowsOf(x).map((xt, t) => {
    h = periods.flatMap((period, i) => {
      const units = h.slice(i * width, (i + 1) * width);
      if (t % period !== 0) return units;
      // Only the group itself and the slower ones are read.
      const ofInput = plus(times(xt, W), b).slice(i * width, (i + 1) * width);
      return th(plus(ofInput, times(h.slice(i * width), U[i] ?? [])));
    });
    return h;
  });
  const stepIndex = tensor([0], [1], { dtype: "i32" });
  const { output } = sequence(cell).apply(params, x, { state: { h: start, stepIndex } });
  expectNear("output", valuesOf(output), expected.flat(), 1e-13);
});

test.each([
  [7_000_000, [1, 1, 1]],
  [7_000_007, [1, 1, 0]],
  [15_999_999, [1, 0, 0]],
])("step %d is on time", (index, due) => {
  const cell = clockwork({ input, hidden, periods: [1, 7, 1000] });
  const h = normal(key(2), [1, hidden]);
  const stepIndex = tensor([index], [1], { dtype: "i32" });
  const { state } = cell.step(cell.init(key(1)), { h, stepIndex }, normal(key(3), [1, input]));
  const changed = [...valuesOf(state.h)].map((v, j) => Number(v !== valuesOf(h)[j]));
  expect(changed).toEqual(due.flatMap((group) => [group, group]));
});

test("there are no parameters for what a group does not read", () => {
  const [W, b] = [input * hidden, hidden];
  expect(parameterCount(clockwork({ input, hidden, periods: [1, 2, 4] }))).toBe(W + b + 2 * 2 * (1 + 2 + 3));
});

test.each([[[]], [[2, 1]], [[1, 1]], [[0, 1]], [[1, 2.5]]])("periods %j are an error", (periods) => {
  expect(() => clockwork({ input, hidden, periods })).toThrow(
    `clockwork: periods must be ascending integers of 1 or more, got ${periods.join(", ") || "none"}`,
  );
});

test("periods whose number does not divide the units are an error", () => {
  expect(() => clockwork({ input, hidden })).toThrow(
    "clockwork: 4 periods do not divide hidden 6 into groups of equal width; change hidden",
  );
});
