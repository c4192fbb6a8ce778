import { describe, expect, test } from "vitest";
import { study } from "../define-study.ts";
import { resultsOf } from "../results.ts";
import { claimKinds } from "./claim.ts";
import { judgeClaims } from "./judge.ts";
import { matchesPublished } from "./published.ts";
import { alike, better, reaches } from "./tests.ts";
import { verdictWords } from "./words.ts";

const metrics = { accuracy: { label: "Accuracy", better: "higher" } } as const;

function results(values: Record<string, readonly number[]>, fold = false) {
  const trials = Object.entries(values).flatMap(([variant, list]) =>
    list.map((value, index) => ({
      id: `${variant}${index}`,
      folder: "",
      task: "rows",
      variant,
      seed: fold ? 0 : index,
      ...(fold ? { fold: { index, of: list.length } } : {}),
      warnings: [],
      status: "done" as const,
      metrics: { accuracy: value },
    })),
  );
  return resultsOf({ tasks: ["rows"], variants: Object.keys(values), metrics, trials });
}

const a = { metric: "accuracy", task: "rows", variant: "a" };

describe("a published number", () => {
  const at90 = matchesPublished({ ...a, value: 90, margin: 2 });

  test("is reproduced if the interval lies inside the margin, not if it lies outside, else undecided", () => {
    expect(at90(results({ a: [90.1, 90.4, 89.8, 90.2, 89.9] })).verdict).toBe("reproduced");
    expect(at90(results({ a: [93.1, 93.4, 92.8, 93.2, 92.9] })).verdict).toBe("not reproduced");
    expect(at90(results({ a: [86.1, 86.4, 85.8, 86.2, 85.9] })).verdict).toBe("not reproduced");
    expect(at90(results({ a: [91.1, 92.4, 91.8, 92.2, 91.9] })).verdict).toBe("undecided");
    expect(at90(results({ a: [85, 95, 88, 93, 90] })).verdict).toBe("undecided");
    expect(at90(results({ a: [90, 90.1] })).because).toContain("needs at least 5 seeds");
  });

  test("is compared in words that name the margin", () => {
    // Mean 90.08, sd 0.2387, 2.776 sd / √5 = 0.2965.
    expect(at90(results({ a: [90.1, 90.4, 89.8, 90.2, 89.9] })).because).toBe(
      "The mean of a on rows is 90.1 (95 % interval 89.8 to 90.4, Student’s t over 5 seeds); 90 is published, and the margin that was declared beforehand is ±2, p < 0.001",
    );
  });

  test("needs a margin and a number", () => {
    expect(() => matchesPublished({ ...a, value: 90, margin: 0 })).toThrow(
      'matchesPublished: margin is 0, expected a positive number in the unit of "accuracy"',
    );
    expect(() => matchesPublished({ ...a, value: Number.NaN, margin: 1 })).toThrow("value is NaN");
  });

  test("cannot be claimed in another setting, or as a question of one's own", () => {
    const options = {
      name: "toy",
      question: "Is it so?",
      settings: {},
      tasks: { rows: {} },
      variants: { a: {} },
      seeds: 5,
      metrics,
      trial: async () => {},
    };
    expect(() => study({ ...options, claims: [{ text: "t", kind: "ordering", test: at90 }] })).toThrow(
      'claims.0.kind: "ordering", but its test compares with a published number, which needs the published setting (kind "published")',
    );
    expect(study({ ...options, claims: [{ text: "t", test: at90 }] }).claims).toHaveLength(1);
    // @ts-expect-error: no such kind
    expect(() => study({ ...options, claims: [{ text: "t", kind: "mine", test: at90 }] })).toThrow("claims.0.kind");
  });
});

test("the words of a verdict are those of the claim's kind", () => {
  expect(claimKinds.map((kind) => verdictWords(kind, "reproduced"))).toEqual([
    "reproduced",
    "the ordering holds in this setting",
    "confirmed",
  ]);
  expect(claimKinds.map((kind) => verdictWords(kind, "not reproduced"))).toEqual([
    "not reproduced",
    "the ordering does not hold in this setting",
    "not confirmed",
  ]);
  expect(claimKinds.map((kind) => verdictWords(kind, "undecided"))).toEqual(Array(3).fill("undecided"));
  const two = { text: "", test: better({ ...a, than: "b" }) };
  const given = results({ a: [11, 21, 31, 41, 52], b: [10, 20, 30, 40, 50] });
  expect(judgeClaims([two, { ...two, kind: "own" }], given)).toMatchObject([
    { kind: "published", words: "reproduced", verdict: "reproduced" },
    { kind: "own", words: "confirmed", verdict: "reproduced" },
  ]);
  // A verdict that does not survive the correction has the words of the corrected one.
  const weak = results({ a: [11, 20.9, 31, 40.8, 50.8], b: [10, 20, 30, 40.6, 49.8] });
  const many = judgeClaims(Array(8).fill({ ...two, kind: "own" }), weak);
  expect(many[0]).toMatchObject({ verdict: "undecided", words: "undecided" });
});

describe("by signed rank", () => {
  const by = "signed rank" as const;
  const b = [10, 20, 30, 40, 50, 60];
  const up = [11, 21.3, 31.2, 41.7, 52, 61.1];

  test("six seeds on one side decide, five cannot", () => {
    const claim = better({ ...a, than: "b", by });
    expect(claim(results({ a: up, b }))).toEqual({
      verdict: "reproduced",
      p: 1 / 32,
      // Gains 1, 1.1, 1.2, 1.3, 1.7, 2: the median of the 21 means of pairs is 1.35.
      because: "a is better than b on rows by 1.35 (95 % interval 1 to 2, exact signed rank over 6 seeds), p = 0.031",
    });
    const five = claim(results({ a: up.slice(0, 5), b: b.slice(0, 5) }));
    expect(five).toMatchObject({ verdict: "undecided", p: 1 / 16 });
    expect(five.because).toContain("(too few seeds for a 95 % interval, exact signed rank over 5 seeds)");
    expect(better({ ...a, variant: "b", than: "a", by })(results({ a: up, b })).verdict).toBe("not reproduced");
    expect(better({ ...a, than: "b", by, margin: 3 })(results({ a: up, b })).verdict).toBe("not reproduced");
  });

  test("an outlier does not matter to it", () => {
    const wild = [...up.slice(0, 5), 600];
    expect(better({ ...a, than: "b", by })(results({ a: wild, b })).verdict).toBe("reproduced");
    expect(better({ ...a, than: "b" })(results({ a: wild, b })).verdict).toBe("undecided");
  });

  test("also tests values, likeness, and published numbers", () => {
    const values = results({ a: [90.1, 90.4, 89.8, 90.2, 89.9, 90.3], b: [90, 90.3, 89.9, 90.4, 89.7, 90.2] });
    expect(reaches({ ...a, value: 89, by })(values).verdict).toBe("reproduced");
    expect(reaches({ ...a, value: 89, by })(values).because).toContain("The centre (Hodges-Lehmann) of a on rows is");
    expect(alike({ ...a, than: "b", within: 1, by })(values).verdict).toBe("reproduced");
    expect(matchesPublished({ ...a, value: 90, margin: 1, by })(values).verdict).toBe("reproduced");
  });

  test("is not possible with the folds of one seed", () => {
    const folded = better({ ...a, than: "b", by })(results({ a: up, b }, true));
    expect(folded).not.toHaveProperty("p");
    expect(folded.verdict).toBe("undecided");
    expect(folded.because).toContain(
      'the exact signed-rank test needs independent values, and the folds of one seed share training data (run more seeds, or test by "t")',
    );
  });
});
