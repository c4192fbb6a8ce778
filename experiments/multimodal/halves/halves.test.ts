import { halves, type Halves } from "@sluice/data";
import { type Results } from "@sluice/study";
import { key, tensor, valuesOf } from "@sluice/tensor";
import { rowsOf } from "@sluice/train";
import { describe, expect, test } from "vitest";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { claims } from "./claims.ts";
import { accuracyByCase, casesOf } from "./missing.ts";
import { halvesModel, type FusionName } from "./model.ts";
import halvesStudy from "./study.ts";

/** The settings that differ. */
const size = {
  train: 40,
  validation: 30,
  test: 20,
  hidden: 4,
  batch: 10,
  epochs: 3,
  logEvery: 3,
  validateEvery: 5,
};

const config = { ...halvesStudy.settings, ...size, fusion: "gmu" };

describe("the study", () => {
  const laws = studySuite(halvesStudy, { size, stopAt: [4, 5, 12], diverging: { learningRate: 1e38 } });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

describe("a trial", () => {
  const whole = runInMemory(halvesStudy, { config });

  test("its accuracy is that of the cases together", async () => {
    const { outcome } = await whole;
    const { accuracy, both, upperMissing, lowerMissing } = outcome?.metrics ?? {};
    const { test: held } = await halves({
      noise: config.noise,
      missing: config.missing,
      train: config.train,
      validation: config.validation,
      test: config.test,
    });
    const cases = casesOf(held.present);
    const right =
      both! * cases.both.length + upperMissing! * cases.upperMissing.length + lowerMissing! * cases.lowerMissing.length;
    expect(right / config.test).toBeCloseTo(accuracy!, 10);
  });

  test("shows both gates by digit, of a gated fusion", async () => {
    const { left } = await whole;
    expect(Object.keys(left.series)).toEqual(["gates"]);
    const { lines } = left.series["gates"]!;
    expect(Object.keys(lines)).toEqual(["upper half", "lower half"]);
    for (const line of Object.values(lines)) {
      const open = Array.from(line).filter((value) => !Number.isNaN(value));
      expect(open.length).toBeGreaterThan(5);
      expect(open.every((value) => value > 0 && value < 1)).toBe(true);
    }
    expect((await runInMemory(halvesStudy, { config: { ...config, fusion: "lmf" } })).left.series).toEqual({});
  });

  test("of a hidden size of 0 is an error that says so", async () => {
    await expect(runInMemory(halvesStudy, { config: { ...config, hidden: 0 } })).rejects.toThrow(/hidden.*0/);
  });
});

describe("what a missing half holds reaches no answer", () => {
  test.for<FusionName>(["upper", "lower", "concatenation", "gmu", "lmf"])("%s", async (fusion) => {
    const { train } = await halves({ missing: 0.5, train: 20, validation: 0, test: 0 });
    const { upperMissing, lowerMissing } = casesOf(train.present);
    const model = halvesModel({ fusion, hidden: 3 });
    const params = model.init(key(1));
    const logits = (seen: Halves): number[] => [...valuesOf(model.apply(params, seen).output)];
    for (const [half, rows] of [
      ["upper", upperMissing],
      ["lower", lowerMissing],
    ] as const) {
      const seen = rowsOf(train, rows);
      expect(rows.length).toBeGreaterThan(0);
      const noisy = tensor(
        Array.from(valuesOf(seen[half]), (_, i) => (i % 7) - 3),
        seen[half].shape,
      );
      expect(logits({ ...seen, [half]: noisy })).toEqual(logits(seen));
    }
  });
});

test("a case that no digit is of has no accuracy", async () => {
  const { train } = await halves({ missing: 0, train: 10, validation: 0, test: 0 });
  const model = halvesModel({ fusion: "concatenation", hidden: 3 });
  const { output } = model.apply(model.init(key(1)), train);
  const { both, upperMissing, lowerMissing } = accuracyByCase(output, train);
  expect([upperMissing, lowerMissing]).toEqual([null, null]);
  expect(both).toBeGreaterThanOrEqual(0);
});

describe("the claims", () => {
  /**
   * Five seeds of every variant: a value for each, the seed added, and a little that differs between variants of
   * different value.
   */
  function results(of: (variant: string, metric: string) => number): Results {
    const values: Results["values"] = ({ variant, metric }) =>
      [0, 1, 2, 3, 4].map((seed) => ({ seed, value: of(variant, metric) * (1 + seed / 1000) + seed }));
    return {
      tasks: ["halves"],
      variants: Object.keys(halvesStudy.variants),
      metrics: halvesStudy.metrics,
      trials: [],
      of: () => [],
      values,
      seriesNames: () => [],
      series: () => [],
    };
  }
  const verdicts = (of: (variant: string, metric: string) => number): string[] =>
    claims.map((claim) => claim.test(results(of)).verdict);

  test("of fusion hold against both halves, and fall with either", () => {
    const good: Record<string, number> = { "Upper half": 50, "Lower half": 40 };
    expect(verdicts((variant) => good[variant] ?? 70).slice(0, 3)).toEqual(["reproduced", "reproduced", "reproduced"]);
    expect(verdicts((variant) => (variant === "Gated" ? 45 : (good[variant] ?? 70))).slice(0, 3)).toEqual([
      "reproduced",
      "not reproduced",
      "reproduced",
    ]);
  });

  test("of missing halves take both, and are open where the two are equal", () => {
    const concatenation = (metric: string): number => (metric === "upperMissing" ? 50 : 60);
    expect(verdicts((variant, metric) => concatenation(metric) + (variant === "Gated" ? 5 : 0)).slice(3)).toEqual([
      "reproduced",
      "undecided",
    ]);
    expect(
      verdicts(
        (variant, metric) => concatenation(metric) + (variant === "LMF" ? (metric === "upperMissing" ? 5 : -5) : 0),
      )[4],
    ).toBe("not reproduced");
  });
});
