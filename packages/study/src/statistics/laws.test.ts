import { array, assert, constantFrom, double, integer, property, tuple } from "fast-check";
import { describe, expect, test } from "vitest";
import { clusterInterval, pairedBootstrapInterval } from "./bootstrap.ts";
import { delongTest } from "./delong.ts";
import { pairedInterval, studentInterval } from "./intervals.ts";
import { leastLogRankP, logRankTest } from "./log-rank.ts";
import { cliffsDelta, mannWhitneyTest } from "./mann-whitney.ts";
import { leastSignedRankP, signedRankInterval, signedRankTest } from "./signed-rank.ts";
import { optimalityGap, performanceProfile, probabilityOfImprovement, stratifiedInterval } from "./stratified.ts";
import { survivalCurve } from "./survival-curve.ts";
import { compareOverTasks } from "./tasks.ts";
import { equivalenceTest } from "./tests.ts";

/** Small integers have many ties. */
const tied = (least: number, most: number) =>
  array(integer({ min: -4, max: 4 }), { minLength: least, maxLength: most });

/** All choices of signs of a list. */
const signs = (n: number): number[][] =>
  Array.from({ length: 2 ** n }, (_, bits) => Array.from({ length: n }, (_entry, i) => ((bits >> i) & 1 ? 1 : -1)));

describe("exact rank tests", () => {
  test("the signed-rank test counts the choices of signs, with ties too", () => {
    assert(
      property(tied(1, 8), (values) => {
        const kept = values.filter((value) => value !== 0);
        const seen = signedRankTest(values);
        expect(seen.n).toBe(kept.length);
        if (kept.length === 0) return void expect(seen.p).toBe(1);
        const statistics = signs(kept.length).map(
          (choice) => signedRankTest(kept.map((value, i) => Math.abs(value) * (choice[i] ?? 1))).statistic,
        );
        const share = (counts: (statistic: number) => boolean): number =>
          statistics.filter(counts).length / statistics.length;
        const [above, below] = [share((w) => w >= seen.statistic), share((w) => w <= seen.statistic)];
        expect(seen.p).toBeCloseTo(Math.min(1, 2 * Math.min(above, below)), 12);
        expect(signedRankTest(values, { side: "greater" }).p).toBeCloseTo(above, 12);
        expect(seen.p).toBeGreaterThanOrEqual(leastSignedRankP(kept.length) - 1e-15);
      }),
      { numRuns: 60 },
    );
  });

  test("the smallest p-value of n values: six for 0.05, eight for 0.0125", () => {
    for (const n of [1, 2, 5, 6, 7, 8, 12])
      expect(signedRankTest(Array.from({ length: n }, (_, index) => 1 + index)).p).toBe(leastSignedRankP(n));
    expect([5, 6].map((n) => leastSignedRankP(n) < 0.05)).toEqual([false, true]);
    expect([7, 8].map((n) => leastSignedRankP(n) < 0.0125)).toEqual([false, true]);
    expect(leastSignedRankP(0)).toBe(1);
  });

  test("the signed-rank interval holds the centres that the test does not reject", () => {
    assert(
      property(array(double({ min: -5, max: 5, noNaN: true }), { minLength: 6, maxLength: 12 }), (values) => {
        const { low, high, estimate } = signedRankInterval(values);
        expect(low).toBeLessThanOrEqual(estimate);
        expect(high).toBeGreaterThanOrEqual(estimate);
        for (const centre of [low - 1, high + 1]) {
          const distances = new Set(values.map((value) => Math.abs(value - centre)));
          if (distances.size === values.length) expect(signedRankTest(values, { centre }).p).toBeLessThan(0.05);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("Mann-Whitney's test of exchanged samples is the same, with exchanged sides", () => {
    assert(
      property(tied(1, 9), tied(1, 9), (x, y) => {
        expect(mannWhitneyTest(x, y).p).toBeCloseTo(mannWhitneyTest(y, x).p, 12);
        expect(mannWhitneyTest(x, y, { side: "less" }).p).toBeCloseTo(mannWhitneyTest(y, x, { side: "greater" }).p, 12);
        expect(mannWhitneyTest(x, y).u + mannWhitneyTest(y, x).u).toBe(x.length * y.length);
        expect(cliffsDelta(x, y)).toBeCloseTo(-cliffsDelta(y, x), 12);
        expect(probabilityOfImprovement([x], [y])).toBeCloseTo((cliffsDelta(x, y) + 1) / 2, 12);
      }),
      { numRuns: 60 },
    );
  });

  test("name what they cannot use", () => {
    expect(() => signedRankTest([1, Number.NaN])).toThrow("signedRankTest: value 1 is NaN, expected a finite number");
    expect(() => signedRankTest(Array.from({ length: 501 }, () => 1))).toThrow("501 values, expected at most 500");
    expect(() => signedRankInterval([1], { confidence: 95 })).toThrow("signedRankInterval: confidence is 95");
    expect(() => mannWhitneyTest([], [1])).toThrow("mannWhitneyTest: the first sample has no values");
    expect(() => mannWhitneyTest([1], [Number.NaN])).toThrow("value 0 of the second sample is NaN");
    expect(() =>
      mannWhitneyTest(
        Array.from({ length: 200 }, () => 1),
        [1],
      ),
    ).toThrow("200 + 1 values, expected at most");
  });
});

describe("steps to solve", () => {
  const runs = array(
    tuple(integer({ min: 0, max: 5 }), constantFrom(true, false)).map(([steps, solved]) => ({ steps, solved })),
    { minLength: 1, maxLength: 6 },
  );

  test("the log-rank test of exchanged groups is the same, and no p is below the least", () => {
    assert(
      property(runs, runs, (a, b) => {
        for (const method of ["exact", "normal"] as const) {
          const [one, other] = [logRankTest(a, b, { method }), logRankTest(b, a, { method })];
          expect(one.p).toBeCloseTo(other.p, 12);
          expect(one.excess).toBeCloseTo(-other.excess, 12);
        }
        if (a.length === b.length)
          expect(logRankTest(a, b).p).toBeGreaterThanOrEqual(Math.min(1, leastLogRankP(a.length)) - 1e-12);
      }),
      { numRuns: 100 },
    );
    const solved = (steps: number[]) => steps.map((each) => ({ steps: each, solved: true }));
    expect(logRankTest(solved([1, 2, 3, 4]), solved([5, 6, 7, 8])).p).toBeCloseTo(leastLogRankP(4), 12);
  });

  test("more than 200,000 divisions are approximated, and refused if they should be exact", () => {
    const many = Array.from({ length: 11 }, (_, steps) => ({ steps, solved: true }));
    expect(logRankTest(many, many).method).toBe("normal");
    expect(() => logRankTest(many, many, { method: "exact" })).toThrow("11 and 11 runs have 705432 divisions");
    expect(() => logRankTest([], many)).toThrow("a group has no runs");
    expect(() => survivalCurve([{ steps: Number.NaN, solved: true }])).toThrow("a run has NaN steps");
  });

  test("a survival curve falls, inside its interval; without censoring it is the share that is left", () => {
    assert(
      property(runs, (given) => {
        const curve = survivalCurve(given);
        curve.forEach(({ unsolved, low, high }, index) => {
          expect(unsolved).toBeLessThan(curve[index - 1]?.unsolved ?? 1.000001);
          expect(low).toBeLessThanOrEqual(unsolved);
          expect(high).toBeGreaterThanOrEqual(unsolved);
        });
        for (const { steps, unsolved } of survivalCurve(given.map((run) => ({ ...run, solved: true }))))
          expect(unsolved).toBeCloseTo(given.filter((run) => run.steps > steps).length / given.length, 12);
      }),
      { numRuns: 60 },
    );
  });
});

describe("scores of several tasks", () => {
  test("by hand: optimality gap, profile, and the errors", () => {
    const scores = [
      [0.5, 1.5],
      [0.25, 0.75],
    ];
    expect(optimalityGap(scores)).toBe(0.375);
    expect(optimalityGap(scores, { target: 0.5 })).toBe(0.0625);
    expect(performanceProfile(scores, { at: [0, 0.5, 2] }).map(({ share }) => share)).toEqual([1, 0.5, 0]);
    expect(stratifiedInterval(scores).method).toBe(
      "stratified bootstrap of 4 scores over 2 tasks, percentiles of 10000 resamples of n - 1 seeds per task",
    );
    expect(stratifiedInterval(scores)).toEqual(stratifiedInterval(scores));
    expect(() => stratifiedInterval([[1, 2], [3]])).toThrow("stratifiedInterval: task 1 has 1 scores");
    expect(() => stratifiedInterval([])).toThrow("no tasks");
    expect(() => stratifiedInterval(scores, { resamples: 0 })).toThrow("resamples is 0");
    expect(() => probabilityOfImprovement([[1]], [])).toThrow("1 and 0 tasks");
  });

  test("tasks may have different numbers of seeds, and each weighs the same", () => {
    expect(optimalityGap([[0], [1, 1, 1]])).toBe(0.5);
    expect(
      performanceProfile(
        [
          [0, 0],
          [1, 1, 1, 1],
        ],
        { at: [0.5] },
      )[0]?.share,
    ).toBe(0.5);
  });

  test("cliques hold variants of which no two differ, and every two neighbors that do not are in one", () => {
    const table = array(array(double({ min: 0, max: 3, noNaN: true }), { minLength: 9, maxLength: 9 }), {
      minLength: 2,
      maxLength: 6,
    });
    assert(
      property(table, constantFrom("nemenyi", "signed rank"), (rows, pairs) => {
        const scores = Object.fromEntries(rows.map((row, v) => [`v${v}`, row.map((value) => value + v)]));
        const found = compareOverTasks(scores, { pairs });
        const differ = (a: string, b: string): boolean =>
          (found.pairs.find(({ variants }) => variants.includes(a) && variants.includes(b))?.p ?? 1) < 0.05;
        for (const clique of found.cliques)
          clique.forEach((a, i) => clique.slice(i + 1).forEach((b) => expect(differ(a, b)).toBe(false)));
        found.ranks.slice(1).forEach(({ variant }, i) => {
          const before = found.ranks[i]?.variant ?? "";
          if (!differ(before, variant))
            expect(found.cliques.some((clique) => clique.includes(before) && clique.includes(variant))).toBe(true);
        });
        expect(found.ranks.reduce((sum, { rank }) => sum + rank, 0)).toBeCloseTo((rows.length * (rows.length + 1)) / 2);
        if (found.criticalDifference !== null)
          for (const { variants, p } of found.pairs) {
            const [a, b] = variants.map((name) => found.ranks.find(({ variant }) => variant === name)?.rank ?? 0);
            const apart = Math.abs((a ?? 0) - (b ?? 0));
            if (Math.abs(apart - found.criticalDifference) > 1e-6)
              expect(p < 0.05).toBe(apart > found.criticalDifference);
          }
      }),
      { numRuns: 40 },
    );
    expect(() => compareOverTasks({ a: [1, 2] })).toThrow("1 variants on 2 tasks");
    expect(() => compareOverTasks({ a: [1, 2], b: [1] })).toThrow("b has 1 scores, a has 2");
    expect(() => compareOverTasks({ a: [1, 2], b: [1, Number.NaN] })).toThrow("score 1 of b is NaN");
    expect(compareOverTasks({ a: [1, 2], b: [2, 3] }, { better: "lower" }).ranks[0]).toEqual({ variant: "a", rank: 1 });
  });
});

test("intervals and tests name what they cannot use", () => {
  expect(() => pairedInterval([1, 2], [1])).toThrow("pairedInterval: 2 and 1 values");
  expect(() => pairedBootstrapInterval([1], [1])).toThrow("1 pairs, expected at least 20");
  expect(() => clusterInterval([[1], []], { unit: "clips" })).toThrow("cluster 1 has no values");
  expect(() => clusterInterval([[1]], { unit: "clips" })).toThrow("1 clips, expected at least 20; for fewer use");
  expect(() => equivalenceTest([1, 2], 0)).toThrow("equivalenceTest: within is 0");
  expect(() => delongTest([0, 1], [1], [1])).toThrow("1 scores for 2 labels");
  expect(() => delongTest([0, 0, 1, 2], [1, 2, 3, 4], [1, 2, 3, 4])).toThrow("label 3 is 2, expected 0 or 1");
  expect(() => delongTest([0, 0, 1], [1, 2, 3], [1, 2, 3])).toThrow("1 positive and 2 negative examples");
  expect(() => delongTest([0, 0, 1, 1], [1, 2, Number.NaN, 3], [1, 2, 3, 4])).toThrow("score 2 is NaN");
  expect(studentInterval([1, 2, 4], { overlap: 0.5 }).method).toBe(
    "Student's t over 3 values, corrected for shared training data (Nadeau and Bengio)",
  );
});

test("one model against itself does not differ, and its area is between 0 and 1", () => {
  const labels = [0, 1, 0, 1, 1];
  const scores = [0.1, 0.4, 0.2, 0.9, 0.15];
  const { areas, difference, p } = delongTest(labels, scores, scores);
  expect([difference.estimate, p]).toEqual([0, 1]);
  // Of the six pairs of a positive and a negative example five are in order.
  expect(areas[0].estimate).toBeCloseTo(5 / 6, 12);
  expect(areas[0].high).toBe(1);
  // Nothing can be said of how certain the difference between always right and always wrong is.
  const right = delongTest([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1]);
  expect([right.difference.estimate, right.p]).toEqual([1, Number.NaN]);
});
