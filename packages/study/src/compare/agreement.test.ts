import { expect, test } from "vitest";
import type { TrialRecord } from "../results.ts";
import { agreementOf } from "./agreement.ts";
import type { TrialPair } from "./runs.ts";

const record = (seed: number, loss: number | null, status: TrialRecord["status"] = "done"): TrialRecord => ({
  id: String(seed),
  folder: "",
  task: "t",
  variant: "v",
  seed,
  status,
  metrics: { loss },
  warnings: [],
});

const pair = (
  seed: number,
  first: number | null,
  second: number | null,
  status?: TrialRecord["status"],
): TrialPair => ({
  first: record(seed, first),
  second: record(seed, second, status),
  differences: { place: [], settings: [], code: false, data: [], imported: false },
  environment: [],
  metrics: Object.is(first, second) ? [] : ["loss"],
  sameWeights: null,
  files: [],
  parting: Object.is(first, second) ? null : { step: 1, metric: "loss", first: 0, second: 1 },
});

const agreements = (...pairs: TrialPair[]): string[] => agreementOf(pairs).map(({ agreement }) => agreement);

test("the same, within tolerance, or different, for a trial alone", () => {
  expect(agreements(pair(0, 1, 1), pair(1, 1, 1 + 9e-6))).toEqual(["bitwise the same", "within tolerance"]);
  expect(agreements(pair(0, 1, 1.1), pair(1, 0, 1e-9))).toEqual(["different", "different"]);
  expect(agreements(pair(0, 1, 1, "failed"), pair(1, null, 1), pair(2, null, null))).toEqual([
    "different",
    "different",
    "bitwise the same",
  ]);
  expect(agreementOf([pair(0, 1, 1.1)], { tolerance: 0.2 })[0]?.agreement).toBe("within tolerance");
});

test("seeds whose mean difference is surely below one standard deviation are statistically the same", () => {
  // First run 1, 2, 3, 4, 5: standard deviation sqrt(2.5) = 1.58. Differences 0.5, -0.5, 0.5, -0.5, 0.1: mean 0.02,
  // standard error 0.2239, t(0.95, 4) = 2.132, so the interval is -0.457 to 0.497.
  const near = [0.5, -0.5, 0.5, -0.5, 0.1].map((by, seed) => pair(seed, seed + 1, seed + 1 + by));
  expect(agreements(...near)).toEqual(Array(5).fill("statistically the same"));
  // Differences 3, -3, 3, -3, 0.1: mean 0.02, standard error 1.342, so the interval is -2.841 to 2.881.
  const far = [3, -3, 3, -3, 0.1].map((by, seed) => pair(seed, seed + 1, seed + 1 + by));
  expect(agreements(...far)).toEqual(Array(5).fill("different"));
  expect(agreements(...near.slice(0, 2))).toEqual(["different", "different"]);
});
