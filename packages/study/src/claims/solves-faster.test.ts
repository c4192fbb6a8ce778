import { expect, test } from "vitest";
import { resultsOf, type TrialStatus } from "../results.ts";
import { solvesFaster } from "./solves-faster.ts";

const metrics = {
  steps: { label: "Steps to solve", better: "lower" },
  accuracy: { label: "Accuracy", better: "higher" },
} as const;

/** Steps by seed; `null` for a trial that did not solve the task. */
function results(values: Record<string, readonly (number | null | TrialStatus)[]>, folds = 0) {
  const trials = Object.entries(values).flatMap(([variant, list]) =>
    list.map((value, seed) => {
      const fold = folds === 0 ? {} : { fold: { index: seed % folds, of: folds } };
      const common = { id: `${variant}${seed}`, folder: "", task: "copy", variant, seed, warnings: [], ...fold };
      return typeof value === "string"
        ? { ...common, status: value, metrics: {} }
        : { ...common, status: "done" as const, metrics: { steps: value } };
    }),
  );
  return resultsOf({ tasks: ["copy"], variants: Object.keys(values), metrics, trials });
}

const claim = solvesFaster({ metric: "steps", task: "copy", variant: "a", than: "b", limit: 1000 });

test("trials that did not solve the task count", () => {
  const found = claim(results({ a: [100, 200, 150, 300, 250], b: [900, null, null, 800, null] }));
  // All of a before all of b: 2 of the 252 divisions.
  expect(found).toEqual({
    verdict: "reproduced",
    p: 2 / 252,
    because:
      "On copy, a solves it with 5 of 5 seeds, half of all seeds within 200 steps, and b solves it with 2 of 5 seeds, fewer than half within 1000 steps (log-rank test, exact), p = 0.0079",
  });
  expect(claim(results({ a: [900, null, null, 800, null], b: [100, 200, 150, 300, 250] })).verdict).toBe(
    "not reproduced",
  );
  expect(claim(results({ a: [100, 900, 300, null, 500], b: [200, 600, 400, null, 700] })).verdict).toBe("undecided");
});

test("is undecided with few seeds, without a solution, with a trial that is not done, and with folds", () => {
  expect(claim(results({ a: [1, 2, 3, 4], b: [5, 6, 7, 8] })).because).toContain("needs at least 5 seeds");
  expect(claim(results({ a: Array(5).fill(null), b: Array(5).fill(null) }))).toMatchObject({
    verdict: "undecided",
    p: 1,
  });
  expect(claim(results({ a: [1, 2, 3, 4, "failed"], b: [5, 6, 7, 8, 9] })).because).toContain("a seed 4 failed");
  expect(claim(results({ a: [], b: [] })).because).toContain("No seed of a or of b has a result on copy");
  expect(claim(results({ a: [1, 2, 3, 4, 5], b: [6, 7, 8, 9, 9] }, 5)).because).toContain("folds share training data");
});

test("a trial that diverged has not solved the task", () => {
  const solving = [100, 200, 150, 300, 250];
  const found = claim(results({ a: solving, b: ["diverged", null, "diverged", 800, "diverged"] }));
  expect(found).toEqual(claim(results({ a: solving, b: [null, null, null, 800, null] })));
  expect(found.verdict).toBe("reproduced");
  expect(claim(results({ a: solving, b: Array(5).fill("diverged") })).p).toBe(2 / 252);
});

test("the number of steps that trials were trained for need not be known", () => {
  const { limit: _, ...rest } = { metric: "steps", task: "copy", variant: "a", than: "b", limit: 1000 };
  const seen = results({ a: [100, 200, 150, 300, 250], b: [900, null, null, 800, null] });
  expect(solvesFaster(rest)(seen)).toMatchObject({ verdict: "reproduced", p: claim(seen).p });
  expect(solvesFaster(rest)(seen).because).toContain(
    "b solves it with 2 of 5 seeds, fewer than half of them (log-rank",
  );
});

test("more than 10 seeds are tested approximately, and it says so", () => {
  const many = Array.from({ length: 12 }, (_, seed) => 10 * seed);
  expect(claim(results({ a: many, b: many.map((steps) => steps + 500) })).because).toContain("normal approximation");
});

test("names what it cannot use", () => {
  expect(() => claim(results({ a: [1001], b: [1] }))).toThrow("a seed 0 solved copy after 1001 steps");
  const options = { metric: "accuracy", task: "copy", variant: "a", than: "b", limit: 10 };
  expect(() => solvesFaster(options)(results({ a: [1], b: [1] }))).toThrow(
    'needs a metric of steps with better: "lower"',
  );
  expect(() => solvesFaster({ ...options, limit: 0 })).toThrow("solvesFaster: limit is 0");
  expect(() => solvesFaster({ ...options, metric: "step" })(results({ a: [1], b: [1] }))).toThrow(
    'did you mean "steps"?',
  );
  expect(() => solvesFaster({ ...options, metric: "steps", than: "c" })(results({ a: [1] }))).toThrow(
    'unknown variant "c"',
  );
});
