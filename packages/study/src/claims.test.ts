import { describe, expect, test } from "vitest";
import { alike, better, reaches } from "./claims.ts";
import { resultsOf, type TrialStatus } from "./results.ts";

const metrics = { accuracy: { label: "Accuracy", better: "higher" }, error: { label: "Error", better: "lower" } } as const;

function results(values: Record<string, readonly (number | TrialStatus)[]>) {
  const trials = Object.entries(values).flatMap(([variant, list]) =>
    list.map((value, seed) => {
      const common = { id: `${variant}${seed}`, folder: "", task: "rows", variant, seed, warnings: [] };
      return typeof value === "number"
        ? ({ ...common, status: "done", metrics: { accuracy: value, error: value } } as const)
        : ({ ...common, status: value, metrics: {} } as const);
    }),
  );
  return resultsOf({ tasks: ["rows"], variants: Object.keys(values), metrics, trials });
}

const a = { metric: "accuracy", task: "rows", variant: "a" };

describe("better", () => {
  const test5 = better({ ...a, than: "b" });
  test("holds when every resample is on one side, and fails on the other", () => {
    expect(test5(results({ a: [11, 21, 31, 41, 52], b: [10, 20, 30, 40, 50] })).verdict).toBe("reproduced");
    expect(test5(results({ a: [10, 20, 30, 40, 50], b: [11, 21, 31, 41, 52] })).verdict).toBe("not reproduced");
    expect(test5(results({ a: [11, 19, 31, 39, 50], b: [10, 20, 30, 40, 50] })).verdict).toBe("undecided");
  });

  test("follows the direction of the metric and the margin", () => {
    const lower = better({ ...a, metric: "error", than: "b" });
    expect(lower(results({ a: [1, 2, 3, 4, 5], b: [2, 3, 4, 5, 7] })).verdict).toBe("reproduced");
    const margin = better({ ...a, than: "b", margin: 5 });
    expect(margin(results({ a: [11, 21, 31, 41, 52], b: [10, 20, 30, 40, 50] })).verdict).toBe("not reproduced");
  });

  test("is undecided with few seeds, and while a trial is missing, and says so", () => {
    expect(test5(results({ a: [11, 21], b: [10, 20] }))).toEqual({ verdict: "undecided", because: "a is better than b on rows by 1 [1, 1] over 2 seeds; a verdict takes 5 seeds" });
    const lost = test5(results({ a: [11, 21, 31, 41, 51, 61], b: [10, 20, 30, 40, 50, "diverged"] }));
    expect(lost.verdict).toBe("undecided");
    expect(lost.because).toContain("b seed 5 diverged");
    expect(test5(results({ a: [], b: [] })).verdict).toBe("undecided");
  });

  test("names what it does not know", () => {
    expect(() => better({ ...a, metric: "acuracy", than: "b" })(results({ a: [1], b: [1] }))).toThrow('did you mean "accuracy"?');
    expect(() => better({ ...a, than: "c" })(results({ a: [1], bee: [1] }))).toThrow('unknown variant "c"');
  });
});

test("reaches", () => {
  const at90 = reaches({ ...a, value: 90 });
  expect(at90(results({ a: [91, 92, 93, 92, 91] })).verdict).toBe("reproduced");
  expect(at90(results({ a: [81, 82, 83, 82, 81] })).verdict).toBe("not reproduced");
  expect(at90(results({ a: [85, 95, 88, 93, 90] })).verdict).toBe("undecided");
  const below1 = reaches({ ...a, metric: "error", value: 1 });
  expect(below1(results({ a: [0.1, 0.2, 0.3, 0.4, 0.5] })).verdict).toBe("reproduced");
  expect(below1(results({ a: [1.1, 1.2, 1.3, 1.4, 1.5] })).verdict).toBe("not reproduced");
});

test("alike", () => {
  const within1 = alike({ ...a, than: "b", within: 1 });
  expect(within1(results({ a: [10.1, 20, 30.2, 39.9, 50], b: [10, 20, 30, 40, 50] })).verdict).toBe("reproduced");
  expect(within1(results({ a: [15, 25, 35, 45, 55], b: [10, 20, 30, 40, 50] })).verdict).toBe("not reproduced");
  expect(within1(results({ a: [11.5, 20, 31.5, 40, 51], b: [10, 20, 30, 40, 50] })).verdict).toBe("undecided");
});
