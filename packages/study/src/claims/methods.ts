import { detectableEffect, detectableMargin } from "../statistics/power.ts";
import { detectableBySignedRank } from "../statistics/simulated-power.ts";
import { leastSignedRankP, signedRankInterval, signedRankTest } from "../statistics/signed-rank.ts";
import { studentInterval, type Interval } from "../statistics/intervals.ts";
import { meanTest } from "../statistics/tests.ts";
import type { Detectable, TestDesign, Tested } from "./design.ts";

/**
 * How values are tested: by Student's t, or by the exact signed-rank test, which assumes no normal distribution but needs
 * more seeds (six for p < 0.05).
 */
export type TestMethod = "t" | "signed rank";

/** A test of the centre of values, such as differences between two variants seed by seed. */
export interface Method {
  /** As written beside an interval. */
  readonly label: { readonly paired: string; readonly single: string };
  /** The name of the test. */
  readonly name: { readonly paired: string; readonly single: string };
  /** Whether values that share training data can be tested. */
  readonly folds: boolean;
  /** Two-sided p-value of the hypothesis that the centre of the values is `centre`. */
  p(values: readonly number[], centre: number, overlap: number): number;
  /** The estimated centre with its 95 % interval. */
  interval(values: readonly number[], overlap: number): Interval & { readonly estimate: number };
  leastP: TestDesign["leastP"];
  /** The smallest distance of the centre, or for "margin" the narrowest margin, in standard deviations. */
  size(goal: Goal, ...of: Parameters<TestDesign["detectable"]>): number | null;
}

/** What a claim wants to find: that there is a difference, or that it lies within a margin. */
export type Goal = "difference" | "margin";

const student: Method = {
  label: { paired: "paired t", single: "Student’s t" },
  name: { paired: "paired t test", single: "t test" },
  folds: true,
  p: meanTest,
  interval: (values, overlap) => studentInterval(values, { overlap }),
  leastP: ({ count }) => (count < 2 ? 1 : 0),
  size: (goal, { count, overlap }, options) =>
    count < 2 ? null : (goal === "margin" ? detectableMargin : detectableEffect)(count, { ...options, overlap }),
};

const signedRank: Method = {
  label: { paired: "exact signed rank", single: "exact signed rank" },
  name: { paired: "exact signed-rank test", single: "exact signed-rank test" },
  folds: false,
  p: (values, centre) => signedRankTest(values, { centre }).p,
  interval: (values) => signedRankInterval(values),
  leastP: ({ count, overlap }) => (overlap > 0 ? 1 : leastSignedRankP(count)),
  size: (goal, { count, overlap }, options) =>
    goal === "margin" || overlap > 0 || count < 2 ? null : detectableBySignedRank(count, options),
};

export function methodOf(by: TestMethod): Method {
  return by === "t" ? student : signedRank;
}

/** The design of a test of the centre of values by a method. */
export function designOf(
  method: Method,
  test: {
    readonly of: Tested;
    readonly samples: "paired" | "single";
    readonly minimum: number;
    readonly goal: Goal;
    readonly published?: boolean;
    /** What is found, given its size as text: "a difference of 1.05 standard deviations ...". */
    readonly finds: (size: string) => string;
  },
): TestDesign {
  const unit = test.samples === "paired" ? "standard deviations of the paired differences" : "standard deviations";
  return {
    of: [test.of],
    method: method.name[test.samples],
    minimum: test.minimum,
    ...(test.published === undefined ? {} : { published: test.published }),
    leastP: method.leastP,
    detectable: (units, options): Detectable | null => {
      const size = method.size(test.goal, units, options);
      return size === null ? null : { size, unit, text: test.finds(`${Number(size.toPrecision(3))} ${unit}`) };
    },
  };
}
