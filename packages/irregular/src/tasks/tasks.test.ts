import { key, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  forecastExamples,
  imputationExamples,
  missingCompletelyAtRandom,
  nextEventExamples,
  raggedBatch,
} from "../index.ts";

const list = (x: Tensor): number[] => [...valuesOf(x)];

/** Rows of these lengths; value v of step s is 10 s + v, and every fifth value is missing. */
function rowsOf(lengths: readonly number[], features: number) {
  const offsets = lengths.reduce<number[]>((all, n) => [...all, (all.at(-1) ?? 0) + n], [0]);
  const steps = offsets.at(-1)!;
  const missing = (at: number): boolean => at % 5 === 4;
  return raggedBatch({
    values: tensor(
      Float64Array.from({ length: steps * features }, (_, at) =>
        missing(at) ? NaN : 10 * Math.floor(at / features) + (at % features),
      ),
      [steps, features],
    ),
    elapsed: tensor(
      Float64Array.from({ length: steps }, (_, step) => (offsets.includes(step) ? 0 : step + 1)),
      [steps, 1],
    ),
    mask: tensor(
      Array.from({ length: steps * features }, (_, at) => (missing(at) ? 0 : 1)),
      [steps, features],
      { dtype: "bool" },
    ),
    offsets,
  });
}

const lengths = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 });

test("imputation: what was observed is seen or scored, never both, and what was missing is neither", () => {
  fc.assert(
    fc.property(lengths, fc.nat(99), (given, seed) => {
      const batch = rowsOf([...given, 3], 2);
      const examples = imputationExamples(batch, missingCompletelyAtRandom(batch, { rate: 0.4, key: key(seed) }));
      const { x, mask, y } = examples;
      expect(list(examples.lengths)).toEqual([...given, 3]);
      const [seen, scored] = [list(mask), list(y.counts)];
      let [kept, hidden] = [0, 0];
      seen.forEach((one, at) => {
        expect(one + scored[at]!).toBeLessThanOrEqual(1);
        if (one === 1) expect(x.data[at]).toBe(y.values.data[at]);
        if (scored[at] === 1) {
          expect(x.data[at]).toBeNaN();
          expect(y.values.data[at]).not.toBeNaN();
        }
        kept += one;
        hidden += scored[at]!;
      });
      expect(kept + hidden).toBe(list(batch.mask!).reduce((a, b) => a + b, 0));
    }),
  );
});

test("forecasting: history and horizon follow each other within a row", () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 }), (given, history, horizon) => {
      const all = [...given, 6];
      const { x, mask, elapsed, y } = forecastExamples(rowsOf(all, 1), { history, horizon, stride: 1 });
      const starts = all.flatMap((n, row) => {
        const begin = all.slice(0, row).reduce((a, b) => a + b, 0);
        return Array.from({ length: Math.max(n - history - horizon + 1, 0) }, (_, i) => begin + i);
      });
      const steps = (from: number, n: number): number[] => Array.from({ length: n }, (_, i) => from + i);
      const value = (step: number): number => (step % 5 === 4 ? NaN : 10 * step);
      expect(list(x)).toEqual(starts.flatMap((start) => steps(start, history).map(value)));
      expect(list(y.values)).toEqual(starts.flatMap((start) => steps(start + history, horizon).map(value)));
      expect(list(mask)).toEqual(list(x).map((v) => (Number.isNaN(v) ? 0 : 1)));
      expect(list(y.counts)).toEqual(list(y.values).map((v) => (Number.isNaN(v) ? 0 : 1)));
      expect(list(elapsed!)).toEqual(
        starts.flatMap((start) => steps(start, history).map((step, i) => (i === 0 ? 0 : step + 1))),
      );
    }),
  );
});

const events = raggedBatch({
  values: tensor([1, 0, 2, 1, 2, 2], [6, 1]),
  elapsed: tensor([0, 2, 4, 0, 0, 0.5], [6, 1]),
  offsets: [0, 3, 4, 6],
});

test("next event: a step for every event that has a next one", () => {
  const { x, elapsed, lengths: steps, y } = nextEventExamples(events, { marks: 3 });
  expect(list(steps)).toEqual([2, 0, 1]);
  expect(x.shape).toEqual([3, 2, 4]);
  const ln2 = Math.fround(Math.log(2));
  expect(list(x)).toEqual([0, 1, 0, 0, 1, 0, 0, ln2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
  expect(list(elapsed)).toEqual([0, 2, 0, 0, 0, 0]);
  expect(list(y.marks)).toEqual([0, 2, 0, 0, 2, 0]);
  expect(list(y.logElapsed)).toEqual([ln2, Math.fround(Math.log(4)), 0, 0, -ln2, 0]);
});

describe("errors", () => {
  const batch = rowsOf([4, 2], 2);
  const hidden = missingCompletelyAtRandom(batch, { rate: 0.4, key: key(1) });
  const withValues = (values: readonly number[], times: readonly number[] = [0, 1, 1]) =>
    raggedBatch({ values: tensor([...values], [3, 1]), elapsed: tensor([...times], [3, 1]), offsets: [0, 3] });
  test.each<[string, () => unknown, string]>([
    [
      "values hidden in another batch",
      () => imputationExamples(rowsOf([4, 3], 2), hidden),
      "imputationExamples: the values were hidden in another batch than this one",
    ],
    [
      "values of another batch of the same shape",
      () =>
        imputationExamples(
          { ...batch, values: { ...batch.values, data: batch.values.data.map((v) => v + 1) } },
          hidden,
        ),
      "imputationExamples: the values were hidden in another batch than this one",
    ],
    [
      "a batch in the place of what was hidden",
      () => imputationExamples(batch, batch as never),
      "imputationExamples: hidden is",
    ],
    [
      "no horizon",
      () => forecastExamples(batch, { history: 2, horizon: 0 }),
      "forecastExamples: horizon must be an integer >= 1, got 0",
    ],
    [
      "rows that are too short",
      () => forecastExamples(batch, { history: 4, horizon: 1 }),
      "forecastExamples: no row has 5 steps, history and horizon together",
    ],
    [
      "data that are not a batch",
      () => forecastExamples({} as never, { history: 1, horizon: 1 }),
      "forecastExamples: expected a ragged batch",
    ],
    [
      "another name of an option",
      () => forecastExamples(batch, Object({ lookback: 2, horizon: 1 })),
      "forecastExamples: unknown option lookback; did you mean history?",
    ],
    [
      "several values of an event",
      () => nextEventExamples(batch, { marks: 2 }),
      "nextEventExamples: the batch must have one value per step, the mark, and elapsed times",
    ],
    [
      "a mark that is not there",
      () => nextEventExamples(withValues([0, 3, 1]), { marks: 3 }),
      "nextEventExamples: a mark must be an integer from 0 to 2, got 3 at event 1 of row 0",
    ],
    [
      "two events at one time",
      () => nextEventExamples(withValues([0, 1, 1], [0, 1, 0]), { marks: 3 }),
      "nextEventExamples: the time between two events must be above 0, got 0 at event 2 of row 0; merge events at one time",
    ],
    [
      "no marks",
      () => nextEventExamples(events, { marks: 0 }),
      "nextEventExamples: marks must be an integer >= 1, got 0",
    ],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
