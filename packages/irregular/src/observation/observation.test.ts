import {
  assertGradient,
  compile,
  grad,
  key,
  keyFor,
  normal,
  sum,
  tensor,
  uniform,
  valuesOf,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { forwardFill, observedMeans, timeSinceObserved } from "../index.ts";

const numbers = (x: Tensor): number[] => [...valuesOf(x)];
const bools = (values: readonly number[], shape: readonly number[]): ArrayTensor =>
  tensor(values, shape, { dtype: "bool" });

test("forward fill and time since observed, by the definitions written out", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 3 }),
      fc.nat({ max: 6 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(),
      (batch, time, variables, seed) => {
        const size = batch * time * variables;
        const x = normal(keyFor(key(seed), "x"), [batch, time, variables]);
        const m = Array.from(valuesOf(uniform(keyFor(key(seed), "m"), [size])), (u) => (u < 0.5 ? 1 : 0));
        const mask = bools(m, [batch, time, variables]);
        const elapsed = uniform(keyFor(key(seed), "t"), [batch, time, 1], { dtype: "f64" });
        const [values, since] = [valuesOf(x), valuesOf(elapsed)];
        const filled = new Array<number>(size).fill(0);
        const delta = new Array<number>(size).fill(0);
        for (let b = 0; b < batch; b++) {
          for (let v = 0; v < variables; v++) {
            const at = (t: number): number => (b * time + t) * variables + v;
            for (let t = 0; t < time; t++) {
              filled[at(t)] = m[at(t)] === 1 ? values[at(t)]! : t === 0 ? 0 : filled[at(t - 1)]!;
              if (t > 0) delta[at(t)] = since[b * time + t]! + (m[at(t - 1)] === 1 ? 0 : delta[at(t - 1)]!);
            }
          }
        }
        expect(numbers(forwardFill(x, mask))).toEqual(filled);
        const found = numbers(timeSinceObserved(mask, elapsed));
        found.forEach((d, i) => expect(d).toBeCloseTo(delta[i]!, 12));
        expect(found).toHaveLength(size);
      },
    ),
  );
});

test("what was not observed, NaN included, is not looked at", () => {
  const mask = bools([0, 1, 0, 0], [1, 4, 1]);
  const x = tensor([NaN, 2, NaN, NaN], [1, 4, 1]);
  expect(numbers(forwardFill(x, mask, { initial: tensor([7], [1, 1]) }))).toEqual([7, 2, 2, 2]);
  expect(numbers(grad((y: Tensor) => sum(forwardFill(y, mask)))(x))).toEqual([0, 3, 0, 0]);
  assertGradient(({ y, initial }) => forwardFill(y, bools([0, 1, 1, 0, 0, 1], [2, 3, 1]), { initial }), {
    y: normal(key(1), [2, 3, 1]),
    initial: normal(key(2), [2, 1]),
  });
});

test("a float mask is a mask too, and both run compiled", async () => {
  const mask = tensor([1, 0, 1, 0], [1, 4, 1]);
  const x = tensor([1, 2, 3, 4], [1, 4, 1]);
  const both = (y: Tensor, m: Tensor): { filled: Tensor; delta: Tensor } => ({
    filled: forwardFill(y, m),
    delta: timeSinceObserved(m, y),
  });
  const { filled, delta } = await (await compile(both, [x, mask]))(x, mask);
  expect(numbers(filled)).toEqual([1, 1, 3, 3]);
  expect(numbers(delta)).toEqual([0, 2, 5, 4]);
});

test("means of what was observed", () => {
  const values = tensor([1, NaN, 4, 3, 100, 5], [3, 2]);
  const mask = bools([1, 0, 1, 1, 0, 1], [3, 2]);
  expect(observedMeans(values, mask)).toEqual([2.5, 4]);
  expect(observedMeans(tensor([NaN], [1, 1]), bools([0], [1, 1]))).toEqual([0]);
});

test.each<[string, () => unknown, string]>([
  ["x", () => forwardFill(tensor([1]), bools([1], [1])), "forwardFill: expected x [batch, time, variables], got [1]"],
  [
    "mask",
    () => forwardFill(tensor([1], [1, 1, 1]), bools([1, 1], [1, 2, 1])),
    "forwardFill: the mask must have the shape that of the values, [1,1,1], got [1,2,1]",
  ],
  [
    "elapsed",
    () => timeSinceObserved(bools([1, 1], [1, 2, 1]), tensor([1, 1], [1, 2])),
    "timeSinceObserved: elapsed must be [1,2,1] to fit the mask [1,2,1], got [1,2]",
  ],
  [
    "time that runs back",
    () => timeSinceObserved(bools([1, 1, 1, 1], [2, 2, 1]), tensor([-5, 1, NaN, -1], [2, 2, 1])),
    "timeSinceObserved: elapsed must be the time since the previous step, finite and >= 0, got -1 at step 1 of row 1; sort the steps of each sequence by time",
  ],
  [
    "means",
    () => observedMeans(tensor([1], [1, 1]), bools([1], [1])),
    "observedMeans: values [1,1] and mask [1] must have the same shape",
  ],
])("bad input: %s", (_, run, message) => {
  expect(run).toThrow(message);
});

test("an option of forwardFill that there is not is named", () => {
  const options: object = { start: 1 };
  expect(() => forwardFill(tensor([1], [1, 1, 1]), bools([1], [1, 1, 1]), options)).toThrow(
    "forwardFill: unknown option start; known: initial",
  );
});
