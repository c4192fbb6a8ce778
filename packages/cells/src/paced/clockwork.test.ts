// clockwork against the paper's equations in plain numbers, and periods that are refused.
import { parameterCount } from "@sluice/params";
import { key, normal, tensor, valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import { expectPlainLoop, part, plus, row, th, times } from "../../../../fixtures/cells/plain-loop.ts";
import { clockwork } from "../index.ts";

const [input, hidden] = [3, 6];

test.each([[[1, 2, 5]], [[2, 3]], [[1, 2, 3, 4, 6, 7]]])("with periods %j it is the paper's equations", (periods) => {
  const width = hidden / periods.length;
  const cell = clockwork({ input, hidden, periods });
  expectPlainLoop(
    cell,
    (w, { h = [] }, x, _, { t }) => {
      const next = periods.flatMap((period, i) => {
        if (t % period !== 0) return part(h, i, width);
        // Only the group itself and the slower ones are read.
        const ofH = times(h.slice(i * width), w(`U.${i}`));
        return th(plus(times(x, w("W", i, width)), ofH, row(w("b", i, width))));
      });
      return { state: { h: next }, output: next };
    },
    { time: 11 },
  );
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
