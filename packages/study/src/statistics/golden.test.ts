import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { clusterInterval, pairedBootstrapInterval } from "./bootstrap.ts";
import { chiSquareTail } from "./chi-square.ts";
import { delongTest } from "./delong.ts";
import { fisherTail } from "./fisher.ts";
import { meanInterval, pairedInterval, studentInterval } from "./intervals.ts";
import { logRankTest, type StepsToSolve } from "./log-rank.ts";
import { cliffsDelta, mannWhitneyTest } from "./mann-whitney.ts";
import { noncentralCdf } from "./noncentral-t.ts";
import { detectableEffect, equivalencePower, tTestPower } from "./power.ts";
import type { Side } from "./ranks.ts";
import { signedRankInterval, signedRankTest } from "./signed-rank.ts";
import {
  interquartileMeanOfTasks,
  optimalityGap,
  performanceProfile,
  probabilityOfImprovement,
  stratifiedInterval,
} from "./stratified.ts";
import { studentizedRangePoint, studentizedRangeTail } from "./studentized-range.ts";
import { interquartileMean, mean } from "./summary.ts";
import { medianSteps, survivalCurve } from "./survival-curve.ts";
import { compareOverTasks } from "./tasks.ts";
import { equivalenceTest, holm, meanTest } from "./tests.ts";

const fixture = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../../fixtures/statistics/${name}.json`, import.meta.url), "utf8"));

type BySide = Record<Side, number>;
const sides = ["two-sided", "greater", "less"] as const;

describe("rank tests, against SciPy's exact ones", () => {
  const { signedRank, mannWhitney } = fixture<{
    signedRank: {
      values: number[];
      p: BySide;
      interval?: Record<string, { estimate: number; low: number | null; high: number | null }>;
    }[];
    mannWhitney: { x: number[]; y: number[]; u: number; p: BySide; delta: number }[];
  }>("ranks");

  test.each(signedRank)("signed rank $values", ({ values, p, interval = {} }) => {
    for (const side of sides) expect(signedRankTest(values, { side }).p).toBeCloseTo(p[side], 12);
    const moved = values.map((value) => value + 3);
    if (interval["0.95"] !== undefined) expect(signedRankTest(moved, { centre: 3 }).p).toBeCloseTo(p["two-sided"], 12);
    for (const [confidence, expected] of Object.entries(interval)) {
      const found = signedRankInterval(values, { confidence: Number(confidence) });
      expect(found.estimate).toBeCloseTo(expected.estimate, 12);
      if (expected.low === null) expect(found.low).toBe(Number.NEGATIVE_INFINITY);
      else expect(found.low).toBeCloseTo(expected.low, 12);
      if (expected.high === null) expect(found.high).toBe(Number.POSITIVE_INFINITY);
      else expect(found.high).toBeCloseTo(expected.high, 12);
    }
  });

  test.each(mannWhitney)("Mann-Whitney and Cliff's delta $x", ({ x, y, u, p, delta }) => {
    for (const side of sides) expect(mannWhitneyTest(x, y, { side }).p).toBeCloseTo(p[side], 12);
    expect(mannWhitneyTest(x, y).u).toBe(u);
    expect(cliffsDelta(x, y)).toBeCloseTo(delta, 12);
    expect(2 * (u / (x.length * y.length)) - 1).toBeCloseTo(delta, 12);
  });
});

describe("distributions and power, against SciPy and statsmodels", () => {
  const given = fixture<{
    chiSquare: [number, number, number][];
    fisher: [number, number, number, number][];
    studentizedRange: [number, number, number][];
    noncentralT: [number, number, number, number][];
    detectable: { n: number; alpha: number; power: number; effect: number; powerAtOne: number }[];
    equivalencePower: { n: number; alpha: number; margin: number; power: number }[];
    twoOneSided: { x: number[]; y: number[]; within: number; p: number; below: number; above: number }[];
    holm: { p: number[]; corrected: number[] }[];
  }>("distributions");

  test("chi-square, F, studentized range, noncentral t", () => {
    for (const [x, freedom, p] of given.chiSquare) expect(chiSquareTail(x, freedom)).toBeCloseTo(p, 13);
    for (const [x, above, below, p] of given.fisher) expect(fisherTail(x, above, below)).toBeCloseTo(p, 13);
    for (const [q, groups, p] of given.studentizedRange) {
      expect(studentizedRangeTail(q, groups)).toBeCloseTo(p, 10);
      if (p > 1e-4 && p < 0.999) expect(studentizedRangePoint(p, groups)).toBeCloseTo(q, 8);
    }
    for (const [t, freedom, shift, p] of given.noncentralT) expect(noncentralCdf(t, freedom, shift)).toBeCloseTo(p, 9);
  });

  test.each(given.detectable)(
    "the effect that $n values detect at $alpha",
    ({ n, alpha, power, effect, powerAtOne }) => {
      expect(detectableEffect(n, { level: alpha, power }) / effect).toBeCloseTo(1, 8);
      expect(tTestPower(1, n, { level: alpha })).toBeCloseTo(powerAtOne, 9);
    },
  );

  test("power of equivalence", () => {
    for (const { n, alpha, margin, power } of given.equivalencePower)
      expect(equivalencePower(margin, n, { level: alpha })).toBeCloseTo(power, 6);
  });

  test("two one-sided tests, and Holm's correction", () => {
    for (const { x, y, within, p, below, above } of given.twoOneSided) {
      const found = equivalenceTest(
        x.map((value, index) => value - (y[index] ?? Number.NaN)),
        within,
      );
      expect(found.p).toBeCloseTo(p, 12);
      expect(found.lower).toBeCloseTo(below, 12);
      expect(found.upper).toBeCloseTo(above, 12);
    }
    for (const { p, corrected } of given.holm)
      holm(p).forEach((value, index) => expect(value).toBeCloseTo(corrected[index] ?? Number.NaN, 14));
  });
});

describe("aggregates over tasks, against rliable", () => {
  const { rliable } = fixture<{
    rliable: {
      mine: number[][];
      other: number[][];
      point: Record<string, number>;
      intervals: Record<string, [number, number]>;
      profile: { above: number[]; share: number[]; low: number[]; high: number[] };
    };
  }>("aggregates");
  const { mine, other, point, intervals, profile } = rliable;
  const statistics: Record<string, (scores: readonly (readonly number[])[]) => number> = {
    interquartileMean: interquartileMeanOfTasks,
    mean: (scores) => mean(scores.flat()),
    optimalityGap,
    probabilityOfImprovement: (scores) =>
      probabilityOfImprovement(scores.slice(0, mine.length), scores.slice(mine.length)),
  };

  test.each(Object.entries(statistics))("%s with its stratified bootstrap interval", (name, statistic) => {
    const scores = name === "probabilityOfImprovement" ? [...mine, ...other] : mine;
    const { estimate, low, high } = stratifiedInterval(scores, { statistic, draws: "n", resamples: 20_000 });
    expect(estimate).toBeCloseTo(point[name] ?? Number.NaN, 12);
    const [expectedLow = Number.NaN, expectedHigh = Number.NaN] = intervals[name] ?? [];
    // The ends are quantiles of draws with other random numbers: 4 standard errors are 4 % of the width.
    const error = 0.04 * (expectedHigh - expectedLow);
    expect(Math.abs(low - expectedLow)).toBeLessThan(error);
    expect(Math.abs(high - expectedHigh)).toBeLessThan(error);
  });

  test("performance profile with its bands", () => {
    const found = performanceProfile(mine, { at: profile.above, draws: "n", resamples: 5000 });
    found.forEach(({ share, low, high }, index) => {
      expect(share).toBeCloseTo(profile.share[index] ?? Number.NaN, 12);
      // Shares are multiples of 1/48: a quantile that falls between two of them may be either.
      expect(Math.abs(low - (profile.low[index] ?? Number.NaN))).toBeLessThan(1.01 / 48);
      expect(Math.abs(high - (profile.high[index] ?? Number.NaN))).toBeLessThan(1.01 / 48);
    });
  });
});

describe("BCa intervals, against arch and SciPy", () => {
  const { clustered, paired } = fixture<{
    clustered: { clusters: number[][]; estimate: number; low: number; high: number };
    paired: { a: number[]; b: number[]; estimate: number; low: number; high: number };
  }>("aggregates");
  const near = (found: { low: number; high: number }, expected: { low: number; high: number }): void => {
    const error = 0.04 * (expected.high - expected.low);
    expect(Math.abs(found.low - expected.low)).toBeLessThan(error);
    expect(Math.abs(found.high - expected.high)).toBeLessThan(error);
  };

  test("over clusters", () => {
    const found = clusterInterval(clustered.clusters, { unit: "patients", resamples: 20_000, widened: false });
    expect(found.estimate).toBeCloseTo(clustered.estimate, 12);
    near(found, clustered);
    expect(found.method).toBe("BCa bootstrap over 24 patients, 20000 resamples");
  });

  test("over pairs", () => {
    const found = pairedBootstrapInterval(paired.a, paired.b, {
      resamples: 20_000,
      widened: false,
      statistic: (a, b) => interquartileMean(a) - interquartileMean(b),
    });
    expect(found.estimate).toBeCloseTo(paired.estimate, 12);
    near(found, paired);
    const differences = paired.a.map((value, index) => value - (paired.b[index] ?? 0));
    const { mean: _, ...ends } = meanInterval(differences);
    expect(pairedInterval(paired.a, paired.b)).toMatchObject({ ...ends, method: "paired Student's t over 28 pairs" });
    expect(studentInterval(differences)).toMatchObject({ ...ends, method: "Student's t over 28 values" });
  });
});

interface OverTasksCase {
  scores: number[][];
  ranks: number[];
  chiSquare?: number;
  pFriedman?: number;
  f?: number;
  p?: number;
  nemenyi?: number[][];
  wilcoxon?: [number, number, number][];
}

test.each(fixture<{ cases: OverTasksCase[] }>("tasks").cases)(
  "variants over tasks, against SciPy and scikit-posthocs: $ranks",
  (given) => {
    const { scores, ranks, nemenyi, wilcoxon } = given;
    const names = ranks.map((_, index) => `v${index}`);
    const table = Object.fromEntries(names.map((name, v) => [name, scores.map((row) => row[v] ?? Number.NaN)]));
    const found = compareOverTasks(table, { pairs: "nemenyi" });
    for (const { variant, rank } of found.ranks)
      expect(rank).toBeCloseTo(ranks[names.indexOf(variant)] ?? Number.NaN, 12);
    if (given.chiSquare !== undefined) {
      expect(found.friedman.chiSquare).toBeCloseTo(given.chiSquare, 10);
      expect(found.friedman.p).toBeCloseTo(given.pFriedman ?? Number.NaN, 12);
      expect(found.imanDavenport.f).toBeCloseTo(given.f ?? Number.NaN, 9);
      expect(found.imanDavenport.p).toBeCloseTo(given.p ?? Number.NaN, 12);
    }
    const place = (variant: string): number => names.indexOf(variant);
    if (nemenyi !== undefined)
      for (const { variants, p } of found.pairs)
        expect(p).toBeCloseTo(nemenyi[place(variants[0])]?.[place(variants[1])] ?? Number.NaN, 9);
    if (wilcoxon !== undefined) {
      const { pairs } = compareOverTasks(table);
      for (const [i, j, p] of wilcoxon)
        expect(pairs.find(({ variants }) => variants.includes(`v${i}`) && variants.includes(`v${j}`))?.p).toBeCloseTo(
          p,
          12,
        );
    }
  },
);

interface SurvivalCase {
  groups: { time: number; solved: boolean }[][];
  chiSquare: number;
  p: number;
  scipy: number;
  exact?: number;
  curve: { time: number; unsolved: number; low: number; high: number }[];
  median: number | null;
}

test.each(fixture<{ cases: SurvivalCase[] }>("survival").cases)(
  "steps to solve, against lifelines and SciPy: p $p",
  ({ groups, p, scipy, exact, curve, median }) => {
    const [first = [], second = []] = groups.map((group) =>
      group.map(({ time, solved }): StepsToSolve => ({ steps: time, solved })),
    );
    expect(logRankTest(first, second, { method: "normal" }).p).toBeCloseTo(p, 12);
    expect(scipy).toBeCloseTo(p, 12);
    if (exact !== undefined) expect(logRankTest(first, second)).toMatchObject({ p: exact, method: "exact" });
    const found = survivalCurve(first);
    expect(found).toHaveLength(curve.length);
    curve.forEach((point, index) => {
      expect(found[index]?.steps).toBe(point.time);
      for (const part of ["unsolved", "low", "high"] as const)
        expect(found[index]?.[part]).toBeCloseTo(point[part], 12);
    });
    expect(medianSteps(found)).toBe(median);
  },
);

describe("within one data set", () => {
  const { resampled, delong } = fixture<{
    resampled: { folds: number; differences: number[]; p: number }[];
    delong: {
      labels: number[];
      first: number[];
      second: number[];
      z: number;
      p: number;
      auc: [number, number];
      intervals: [number, number][];
    }[];
  }>("folds");

  test("the corrected resampled t test, against baycomp", () => {
    for (const { folds, differences, p } of resampled)
      expect(meanTest(differences, 0, 1 / (folds - 1))).toBeCloseTo(p, 12);
  });

  test.each(delong)(
    "DeLong, against MLstatkit and scikit-learn: $auc",
    ({ labels, first, second, p, auc, intervals }) => {
      const found = delongTest(labels, first, second);
      expect(found.p).toBeCloseTo(p, 12);
      found.areas.forEach((area, index) => {
        expect(area.estimate).toBeCloseTo(auc[index] ?? Number.NaN, 12);
        expect(area.low).toBeCloseTo(intervals[index]?.[0] ?? Number.NaN, 9);
        expect(area.high).toBeCloseTo(intervals[index]?.[1] ?? Number.NaN, 9);
      });
      expect(found.difference.estimate).toBeCloseTo((auc[0] ?? 0) - (auc[1] ?? 0), 12);
    },
  );
});
