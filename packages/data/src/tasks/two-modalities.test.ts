import { valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { twoModalities, type Interaction, type TwoModalitySet } from "../index.ts";

const n = 8000;
const draw = (interaction: Interaction, noise: number | readonly [number, number] = [3, 5]): TwoModalitySet =>
  twoModalities({ interaction, noise, time: 6, features: 3, train: n, validation: 0, test: 0 });

/** The sum of each example's numbers. */
const sumsOf = (x: Tensor): number[] =>
  Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let k = 18 * i; k < 18 * (i + 1); k++) sum += valuesOf(x)[k] ?? NaN;
    return sum;
  });

/** The share of examples in which a rule of the two sums gives the class. */
function accuracyOf({ train }: TwoModalitySet, rule: (a: number, b: number) => number): number {
  const b = sumsOf(train.b);
  const right = sumsOf(train.a).filter((a, i) => rule(a, b[i] ?? NaN) === valuesOf(train.y)[i]);
  return right.length / n;
}
const bit = (sum: number): number => (sum > 0 ? 1 : 0);

/** Five standard deviations of a share of n. */
const within = (p: number): number => 5 * Math.sqrt((p * (1 - p)) / n);

/** The best rules, from both modalities and from each alone. Deviations are 3 and 5. */
const rules: Readonly<Record<Interaction, Readonly<Record<"both" | "a" | "b", (a: number, b: number) => number>>>> = {
  redundant: { both: (a, b) => bit(a / 9 + b / 25), a: (a) => bit(a), b: (_, b) => bit(b) },
  unique: { both: (a) => bit(a), a: (a) => bit(a), b: (_, b) => bit(b) },
  complementary: { both: (a, b) => 2 * bit(a) + bit(b), a: (a) => 2 * bit(a), b: (_, b) => bit(b) },
  xor: { both: (a, b) => (a * b < 0 ? 1 : 0), a: (a) => bit(a), b: (_, b) => bit(b) },
};

describe.each(Object.entries(rules) as [Interaction, (typeof rules)[Interaction]][])("%s", (interaction, own) => {
  const set = draw(interaction);
  test.each(["both", "a", "b"] as const)("the best rule from %s is right as often as the data set says", (from) => {
    const best = set.best[from];
    expect(Math.abs(accuracyOf(set, own[from]) - best)).toBeLessThan(within(best));
  });
});

test("the best accuracies are those of the normal distribution", () => {
  // Phi(sqrt(18) / 3), Phi(sqrt(18) / 5) and Phi of the root of the sum of their squares, by scipy.stats.norm.cdf.
  const [a, b, both] = [0.9213503964748574, 0.8019280454239629, 0.9504509922891197];
  expect(draw("redundant").best.both).toBeCloseTo(both, 12);
  expect(draw("unique").best).toEqual({ both: draw("redundant").best.a, a: draw("redundant").best.a, b: 0.5 });
  expect(draw("redundant").best.a).toBeCloseTo(a, 12);
  expect(draw("redundant").best.b).toBeCloseTo(b, 12);
  expect(draw("complementary").best.both).toBeCloseTo(a * b, 12);
  expect(draw("xor").best.both).toBeCloseTo(a * b + (1 - a) * (1 - b), 12);
});

test("xor: nearly without noise a product decides all, and the best sum three quarters", () => {
  const set = draw("xor", 0.1);
  expect(accuracyOf(set, (a, b) => (a * b < 0 ? 1 : 0))).toBe(1);
  // A line separates one pair of bits from the three others, or two from two.
  for (const [u, v] of [
    [1, 1],
    [1, -1],
    [1, 0],
    [0, 1],
  ] as const)
    for (const threshold of [-18, 0, 18])
      for (const above of [0, 1]) {
        const share = accuracyOf(set, (a, b) => (u * a + v * b > threshold ? above : 1 - above));
        expect(share).toBeLessThan(0.75 + within(0.75));
      }
  const corner = accuracyOf(set, (a, b) => (a + b > 18 ? 0 : 1));
  expect(Math.abs(corner - 0.75)).toBeLessThan(within(0.75));
});

test("names of classes, and independent bits", () => {
  expect(draw("xor").classes).toEqual(["same", "different"]);
  const { train, classes } = draw("complementary");
  const counts = classes?.map((_, c) => valuesOf(train.y).filter((y) => y === c).length) ?? [];
  expect(counts).toHaveLength(4);
  for (const count of counts) expect(Math.abs(count / n - 0.25)).toBeLessThan(within(0.25));
});

test.each<[object, string]>([
  [{ interaction: "and" }, "twoModalities: unknown interaction and"],
  [{ interaction: "xor", noise: 0 }, "twoModalities: noise must be a number above 0, or two of them, got 0"],
  [{ interaction: "xor", noise: [1] }, "twoModalities: noise must be a number above 0, or two of them"],
  [{ interaction: "xor", time: 0 }, "twoModalities: time must be an integer >= 1, got 0"],
  [{ interaction: "xor", kind: 1 }, "twoModalities: unknown option kind; did you mean interaction?"],
])("refuses %j", (options, message) => {
  expect(() => twoModalities(Object(options))).toThrow(message);
});
