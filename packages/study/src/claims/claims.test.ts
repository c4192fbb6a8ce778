import { describe, expect, test } from "vitest";
import { resultsOf, type TrialStatus } from "../results.ts";
import { judgeClaims } from "./judge.ts";
import { all, alike, better, reaches } from "./tests.ts";

const metrics = {
  accuracy: { label: "Accuracy", better: "higher" },
  error: { label: "Error", better: "lower" },
  horizon: { label: "Horizon", better: "neither" },
} as const;

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
  test("holds when the interval is on one side, and fails on the other", () => {
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

  test("is not possible by a metric that only describes", () => {
    const described = better({ ...a, metric: "horizon", than: "b" });
    expect(() => described(results({ a: [1, 2, 3, 4, 5], b: [2, 3, 4, 5, 7] }))).toThrow(
      'claim: the metric "horizon" has better: "neither", so no variant can be better by it',
    );
  });

  test("is undecided with few seeds, and while a trial is missing, and says so", () => {
    expect(test5(results({ a: [11, 22], b: [10, 20] }))).toEqual({
      verdict: "undecided",
      // Differences 1 and 2: mean 1.5, sd 1/√2, t of 1 degree of freedom 12.706: 1.5 ± 12.706 / 2.
      because:
        "On average a is better than b on rows by 1.5 (95 % interval −4.85 to 7.85, paired t over 2 seeds); needs at least 5 seeds (run with --seeds 5)",
    });
    const lost = test5(results({ a: [11, 21, 31, 41, 51, 61], b: [10, 20, 30, 40, 50, "diverged"] }));
    expect(lost.verdict).toBe("undecided");
    expect(lost.because).toContain("b seed 5 diverged");
    expect(test5(results({ a: [], b: [] })).because).toBe(
      "No seed has a result for both a and b on rows; needs at least 5 seeds (run with --seeds 5)",
    );
    expect(test5(results({ a: [12], b: [10] })).because).toBe(
      "a is better than b on rows by 2 (one seed); needs at least 5 seeds (run with --seeds 5)",
    );
    expect(test5(results({ a: [10], b: [10] })).because).toBe(
      "For one seed a and b are equal on rows; needs at least 5 seeds (run with --seeds 5)",
    );
  });

  test("gives the mean, its interval and p", () => {
    // Differences 1, 1, 1, 1, 2: mean 1.2, standard error 0.2, t = 6 with 4 degrees of freedom; the 97.5 % point is
    // 2.776.
    const { because, p } = test5(results({ a: [11, 21, 31, 41, 52], b: [10, 20, 30, 40, 50] }));
    expect(because).toBe(
      "On average a is better than b on rows by 1.2 (95 % interval 0.645 to 1.76, paired t over 5 seeds), p = 0.0039",
    );
    expect(p).toBeCloseTo(0.003882537, 8);
    const reversed = better({ ...a, variant: "b", than: "a" })(
      results({ a: [11, 21, 31, 41, 52], b: [10, 20, 30, 40, 50] }),
    );
    expect(reversed.because).toBe(because);
    expect(reversed.verdict).toBe("not reproduced");
  });

  test("of equal differences, uses the sign test: five seeds are too few", () => {
    const equal = test5(results({ a: [1, 2, 3, 4, 5], b: [1, 2, 3, 4, 5] }));
    expect(equal).toMatchObject({
      verdict: "undecided",
      because: "For each of 5 seeds a and b are equal on rows, p = 1.0",
    });
    const five = test5(results({ a: [1, 1, 1, 1, 1], b: [0, 0, 0, 0, 0] }));
    expect(five).toMatchObject({
      verdict: "undecided",
      p: 2 / 32,
      because: "On average a is better than b on rows by 1 with each of 5 seeds (no spread: sign test), p = 0.063",
    });
    expect(test5(results({ a: [1, 1, 1, 1, 1, 1], b: [0, 0, 0, 0, 0, 0] })).verdict).toBe("reproduced");
  });

  test("names unknown metrics, tasks and variants", () => {
    expect(() => better({ ...a, metric: "acuracy", than: "b" })(results({ a: [1], b: [1] }))).toThrow(
      'did you mean "accuracy"?',
    );
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
  expect(within1(results({ a: [15, 25, 35.5, 45, 55], b: [10, 20, 30, 40, 50] })).verdict).toBe("not reproduced");
  expect(within1(results({ a: [11.5, 20, 31.5, 40, 51], b: [10, 20, 30, 40, 50] })).verdict).toBe("undecided");
});

describe("all", () => {
  const two = all(better({ ...a, than: "b" }), better({ ...a, than: "c" }));
  const up = [11, 21, 31, 41, 52];
  const down = [10, 20, 30, 40, 50];
  test("holds if each test does, with the largest of their p-values", () => {
    const both = two(results({ a: up, b: down, c: [9, 18, 29, 39, 49] }));
    expect(both.verdict).toBe("reproduced");
    expect(both.p).toBeCloseTo(0.003882537, 8);
    expect(both.because).toContain(
      "better than b on rows by 1.2 (95 % interval 0.645 to 1.76, paired t over 5 seeds), p = 0.0039. On average a is better than c",
    );
  });

  test("is refuted by any, corrected for their number, and undecided otherwise", () => {
    const refuted = two(results({ a: down, b: up, c: [9, 21, 29, 41, 50] }));
    expect(refuted.verdict).toBe("not reproduced");
    expect(refuted.p).toBeCloseTo(2 * 0.003882537, 8);
    expect(two(results({ a: up, b: down, c: up })).verdict).toBe("undecided");
    expect(two(results({ a: up, b: down, c: [9, 18, 29, 39, "failed"] }))).not.toHaveProperty("p");
  });
});

test("verdicts of several claims are corrected for their number", () => {
  const claims = [
    { text: "one", test: better({ ...a, than: "b" }) },
    { text: "two", test: better({ ...a, than: "c" }) },
    { text: "three", test: () => ({ verdict: "reproduced" as const, because: "seen" }) },
  ];
  // Differences 1, 1, 1, 1, 2 (p = 0.0039) and 1, 0.1, 1, 0.2, 1.2 (mean 0.7, standard error 0.2302, p = 0.037).
  const judged = judgeClaims(
    claims,
    results({ a: [11, 21, 31, 41, 52], b: [10, 20, 30, 40, 50], c: [10, 20.9, 30, 40.8, 50.8] }),
  );
  expect(judged.map(({ verdict }) => verdict)).toEqual(["reproduced", "reproduced", "reproduced"]);
  expect(judged.map(({ corrected }) => corrected)).toEqual([
    expect.closeTo(2 * 0.003882537, 8),
    expect.closeTo(0.037303763, 8),
    undefined,
  ]);
  expect(judged[0]?.because).toContain("p = 0.0039, p = 0.0078 after Holm’s correction for 2 claims");
  // The second claim twice: 0.037 times 2 is too much.
  const twice = judgeClaims(
    [claims[1], claims[1]].flatMap((claim) => claim ?? []),
    results({ a: [11, 21, 31, 41, 52], b: [1], c: [10, 20.9, 30, 40.8, 50.8] }),
  );
  expect(twice.map(({ verdict }) => verdict)).toEqual(["undecided", "undecided"]);
});
