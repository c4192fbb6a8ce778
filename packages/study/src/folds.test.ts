import { readFileSync } from "node:fs";
import { assert, integer, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { better } from "./claims/tests.ts";
import { foldRows } from "./folds.ts";
import { plan } from "./plan.ts";
import { inProcess } from "./run/in-process.ts";
import { memoryStore } from "./run/memory-store.ts";
import { planRun } from "./run/plan-run.ts";
import { runStudy } from "./run/run-study.ts";
import { meanInterval } from "./statistics/intervals.ts";
import { studentCdf, studentQuantile } from "./statistics/student.ts";
import { meanTest } from "./statistics/tests.ts";
import { study } from "./define-study.ts";

/** What a trial measures: known, so that the report can be computed again. */
const value = (variant: string, seed: number, fold: number): number =>
  (variant === "b" ? 10 : 0) + seed + ((fold * 7) % 5) / 10 + (variant === "b" ? ((fold * 3 + seed) % 4) / 20 : 0);

const folded = study({
  name: "folded",
  question: "Is b better than a?",
  settings: { name: "a", fails: false },
  tasks: { only: {} },
  variants: { a: {}, b: { name: "b" } },
  seeds: 6,
  folds: 5,
  budgets: { full: {}, quick: { seeds: 1, folds: 2 }, one: { seeds: 1 } },
  metrics: { score: { label: "Score", better: "higher" } },
  claims: [
    { text: "b is better.", test: better({ task: "only", metric: "score", variant: "b", than: "a" }) },
    {
      text: "b is better by 20.",
      test: better({ task: "only", metric: "score", variant: "b", than: "a", margin: 20 }),
    },
  ],
  async trial({ config, seedIndex, fold }) {
    if (fold === null) throw new Error("a study with folds has one");
    return { metrics: { score: value(config.name, seedIndex, fold.index) } };
  },
});

const run = async (budget: string, of = folded) => {
  const store = memoryStore();
  const outcome = await runStudy(await planRun(of, { store, executor: inProcess(), budget }));
  return { ...outcome, page: store.report() ?? "" };
};

describe("a plan with folds", () => {
  test("has a trial per fold, whose identity and folder name it", () => {
    const trials = plan(folded, { code: "c", data: {} });
    expect(trials).toHaveLength(6 * 5 * 2);
    expect(new Set(trials.map(({ id }) => id)).size).toBe(60);
    expect(trials[2]).toMatchObject({ variant: "a", seed: 0, fold: { index: 1, of: 5 } });
    expect(trials[2]?.folder).toMatch(/^only-a-seed0-fold2-[0-9a-f]{12}$/);
    const quick = plan(folded, { budget: "quick", code: "c", data: {} });
    expect(quick.map(({ fold }) => fold?.index)).toEqual([0, 0, 1, 1]);
  });

  test("refuses a single fold, and a budget with more folds than the study has", () => {
    const { kind: _, ...options } = folded;
    expect(() => study({ ...options, folds: 1 })).toThrow("folds: expected an integer of at least 2");
    expect(() => study({ ...options, budgets: { full: { folds: 6 } } })).toThrow(
      "budgets.full.folds: 6, and the study has 5 folds",
    );
  });
});

describe("values", () => {
  const meanOver = (variant: string, seed: number): number =>
    [0, 1, 2, 3, 4].reduce((sum, fold) => sum + value(variant, seed, fold), 0) / 5;

  test("of several seeds are the means over their folds, paired by seed", async () => {
    const { document, page } = await run("full");
    const summary = document.summary.find(({ variant }) => variant === "b");
    expect(summary?.seeds.map(({ seed }) => seed)).toEqual([0, 1, 2, 3, 4, 5]);
    summary?.seeds.forEach(({ seed, value: found }) => expect(found).toBeCloseTo(meanOver("b", seed), 12));
    expect(document.claims[0]?.because).toContain("paired t over 6 seeds)");
    expect(document.claims.map(({ verdict }) => verdict)).toEqual(["reproduced", "not reproduced"]);
    expect(page).toContain("The value of a seed is the mean over its folds.");
    expect(page).toContain("5 folds");
  });

  test("of one seed are its folds, which the report says are not independent", async () => {
    const { document, page } = await run("one");
    const summary = document.summary.find(({ variant }) => variant === "a");
    expect(summary?.seeds.map(({ fold }) => fold?.index)).toEqual([0, 1, 2, 3, 4]);
    const scores = [0, 1, 2, 3, 4].map((fold) => value("a", 0, fold));
    expect(summary?.interval?.[0]).toBeCloseTo(meanInterval(scores, { overlap: 1 / 4 }).low, 12);
    expect(document.claims[0]?.because).toContain(
      "over 5 folds of one seed, corrected because they share training data",
    );
    expect(page).toContain("Folds are not independent");
    expect(page).toContain("fold 5");
  });

  test("of a seed that lacks a fold are none, and a claim that needs it is undecided", async () => {
    const { kind: _, ...options } = folded;
    const broken = study({
      ...options,
      async trial(context) {
        if (context.seedIndex === 2 && context.fold?.index === 3 && context.variant === "b") throw new Error("no");
        return folded.trial(context);
      },
    });
    const { document, page } = await run("full", broken);
    const summary = document.summary.find(({ variant }) => variant === "b");
    expect(summary?.seeds.map(({ seed }) => seed)).toEqual([0, 1, 3, 4, 5]);
    expect(document.claims[0]).toMatchObject({
      verdict: "undecided",
      because: expect.stringContaining("b seed 2 fold 4 failed"),
    });
    expect(page).toContain("2, fold 4");
  });
});

test("the corrected t of values that overlap is Nadeau and Bengio's", () => {
  const values = [0.1, 0.4, 0.2, 0.3, 0.5, 0.3, 0.2, 0.4, 0.1, 0.5];
  const n = values.length;
  const centre = values.reduce((sum, each) => sum + each, 0) / n;
  const variance = values.reduce((sum, each) => sum + (each - centre) ** 2, 0) / (n - 1);
  const error = Math.sqrt((1 / n + 1 / 9) * variance);
  expect(meanTest(values, 0, 1 / 9)).toBeCloseTo(2 * studentCdf(-centre / error, n - 1), 12);
  const { low } = meanInterval(values, { overlap: 1 / 9 });
  expect(low).toBeCloseTo(centre - studentQuantile(0.975, n - 1) * error, 12);
  expect(meanTest([1, 1, 1, 1, 1, 1], 0, 1 / 5)).toBe(1);
});

describe("rows by fold", () => {
  test("share no row, have all together, and differ by one row at most, by class as well", () => {
    assert(
      property(integer({ min: 2, max: 7 }), integer({ min: 0, max: 60 }), integer(), (of, more, seed) => {
        const count = of + more;
        const classes = Array.from({ length: count }, (_, row) => row % 3);
        for (const options of [{ seed }, { seed, classes }]) {
          const folds = Array.from({ length: of }, (_, index) => foldRows(count, { index, of }, options));
          const tested = folds.flatMap(({ test: rows }) => [...rows]).sort((a, b) => a - b);
          expect(tested).toEqual(Array.from({ length: count }, (_, row) => row));
          for (const { train, test: rows } of folds) {
            expect([...train, ...rows].sort((a, b) => a - b)).toEqual(tested);
            expect(Math.abs(rows.length - count / of)).toBeLessThan(1);
          }
        }
        for (const each of [0, 1, 2]) {
          const shares = Array.from(
            { length: of },
            (_, index) =>
              foldRows(count, { index, of }, { seed, classes }).test.filter((row) => classes[row] === each).length,
          );
          expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("are another division with another seed, and the same with the same", () => {
    const fold = { index: 0, of: 4 };
    expect(foldRows(40, fold, { seed: 1 })).toEqual(foldRows(40, fold, { seed: 1 }));
    expect(foldRows(40, fold, { seed: 1 })).not.toEqual(foldRows(40, fold, { seed: 2 }));
    expect(() => foldRows(3, fold, { seed: 1 })).toThrow("foldRows: 3 rows for 4 folds");
  });

  test("for validation are divided off those for training, by class and by group as well", () => {
    const [fold, seed] = [{ index: 1, of: 3 }, 7];
    const classes = Array.from({ length: 60 }, (_, row) => (row % 4 === 0 ? "a" : "b"));
    const groups = Array.from({ length: 60 }, (_, row) => row >> 2);
    for (const options of [{ seed }, { seed, classes }, { seed, groups }]) {
      const whole = foldRows(60, fold, options);
      const { train, validation, test: tested } = foldRows(60, fold, { ...options, validation: 0.25 });
      expect([...whole.validation]).toEqual([]);
      expect(tested).toEqual(whole.test);
      expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...whole.train]);
      expect([train, validation].map((rows) => rows.toSorted())).toEqual([train, validation]);
    }
    const sizes = ({ train, validation }: ReturnType<typeof foldRows>) =>
      [train, validation].map((rows) => [rows.length, rows.filter((row) => classes[row] === "a").length]);
    expect(sizes(foldRows(60, fold, { seed, classes, validation: 0.2 }))).toEqual([
      [32, 8],
      [8, 2],
    ]);
    const grouped = foldRows(60, fold, { seed, groups, validation: 0.2 });
    const [train, validation] = [grouped.train, grouped.validation].map((rows) => [...rows].map((row) => groups[row]));
    expect(validation).toHaveLength(8);
    expect(validation!.filter((group) => train!.includes(group))).toEqual([]);
    for (const share of [-0.1, 0.6, Number.NaN])
      expect(() => foldRows(60, fold, { seed, validation: share })).toThrow("expected a share from 0 to 0.5");
  });
});

describe("as in scikit-learn", () => {
  interface Folds {
    readonly plain: readonly { readonly count: number; readonly folds: number; readonly sizes: readonly number[] }[];
    readonly stratified: readonly { readonly labels: number[]; readonly folds: number; readonly counts: number[][] }[];
    readonly grouped: readonly { readonly groups: number[]; readonly folds: number; readonly sizes: number[] }[];
  }
  const fixture: Folds = JSON.parse(
    readFileSync(new URL("../../../fixtures/data/folds.json", import.meta.url), "utf8"),
  );
  const testsOf = (count: number, of: number, options: Parameters<typeof foldRows>[2]): Int32Array[] =>
    Array.from({ length: of }, (_, index) => foldRows(count, { index, of }, options).test);

  test("sizes of folds", () => {
    for (const { count, folds, sizes } of fixture.plain)
      expect(testsOf(count, folds, { seed: 4 }).map(({ length }) => length)).toEqual(sizes);
  });

  test("rows of each class in stratified folds", () => {
    for (const { labels, folds, counts } of fixture.stratified) {
      const rows = testsOf(labels.length, folds, { seed: 4, classes: labels });
      const found = rows.map((own) => counts[0]?.map((_, c) => own.filter((row) => labels[row] === c).length));
      expect(found).toEqual(counts);
    }
  });

  test("sizes of folds of whole groups, and no group in two of them", () => {
    for (const { groups, folds, sizes } of fixture.grouped) {
      const rows = testsOf(groups.length, folds, { seed: 4, groups });
      expect(rows.map(({ length }) => length).sort((a, b) => a - b)).toEqual(sizes);
      const names = rows.flatMap((own) => [...new Set(Array.from(own, (row) => groups[row]))]);
      expect(new Set(names).size).toBe(names.length);
      expect(rows.flatMap((own) => [...own]).sort((a, b) => a - b)).toEqual([...groups.keys()]);
    }
  });

  test("another seed divides groups of one size otherwise", () => {
    const groups = Array.from({ length: 40 }, (_, row) => row >> 1);
    const divisions = [1, 2, 3, 4].map((seed) => foldRows(40, { index: 0, of: 4 }, { seed, groups }).test.join());
    expect(new Set(divisions).size).toBe(4);
  });

  test("groups that do not fit are refused", () => {
    const fold = { index: 0, of: 3 };
    expect(() => foldRows(4, fold, { seed: 0, groups: [1, 1, 2, 2] })).toThrow("2 groups for 3 folds");
    expect(() => foldRows(4, fold, { seed: 0, groups: [1] })).toThrow("1 groups for 4 rows, expected one per row");
    expect(() => foldRows(3, fold, { seed: 0, groups: [1, 2, 3], classes: [1, 2, 3] })).toThrow(
      "expected classes or groups, got both",
    );
  });
});
