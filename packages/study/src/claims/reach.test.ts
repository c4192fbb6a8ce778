import { expect, test } from "vitest";
import { studyWith } from "../asked.ts";
import { study } from "../define-study.ts";
import { detectableEffect } from "../statistics/power.ts";
import type { Claim } from "./claim.ts";
import { matchesPublished } from "./published.ts";
import { reachOf } from "./reach.ts";
import { solvesFaster } from "./solves-faster.ts";
import { alike, all, better, reaches } from "./tests.ts";

const a = { metric: "accuracy", task: "rows", variant: "a", than: "b" };

const toy = (claims: readonly Claim[], more: object = {}) =>
  study({
    name: "toy",
    question: "Is it so?",
    settings: {},
    tasks: { rows: {} },
    variants: { a: {}, b: {} },
    seeds: 10,
    budgets: { full: {}, quick: { seeds: 2 } },
    metrics: { accuracy: { label: "Accuracy", better: "higher" }, steps: { label: "Steps", better: "lower" } },
    claims,
    trial: async () => {},
    ...more,
  });

const t: Claim = { text: "t", test: better(a) };
const ranks: Claim = { text: "ranks", test: better({ ...a, by: "signed rank" }) };

test("what the t test of one claim detects", () => {
  const { budget, seeds, claims } = reachOf(toy([t]));
  expect([budget, seeds]).toEqual(["full", 10]);
  expect(claims[0]).toMatchObject({ method: "paired t test", level: 0.05, leastP: 0, needs: 5, decidable: true });
  // 0.9960 for 10 pairs at 0.05 and 80 %, by statsmodels.
  expect(claims[0]?.detectable?.size).toBeCloseTo(0.996, 4);
  expect(claims[0]?.says).toBe(
    "With 10 seeds the paired t test finds a difference of 0.996 standard deviations of the paired differences, with 80 % power (p < 0.05).",
  );
  const four = reachOf(toy([t, t, t, t]), { power: 0.9 }).claims[0];
  expect(four?.detectable?.size).toBeCloseTo(detectableEffect(10, { level: 0.0125, power: 0.9 }), 12);
  expect(four?.says).toContain("90 % power (p < 0.0125, which is 0.05 for 4 claims)");
});

test("a claim whose test cannot reach its corrected level is refused, with the seeds that it needs", () => {
  const says = (claims: readonly Claim[], seeds: number) => reachOf(toy(claims), { seeds }).claims[0];
  expect(says([ranks], 5)).toMatchObject({
    decidable: false,
    needs: 6,
    detectable: null,
    says: "Cannot be decided with 5 seeds: the exact signed-rank test gives no p-value below 0.063, and the claim needs one below 0.05. It needs 6 seeds.",
  });
  expect(says([ranks], 6)?.decidable).toBe(true);
  expect(says([ranks, t, t, t], 7)).toMatchObject({
    decidable: false,
    needs: 8,
    says: "Cannot be decided with 7 seeds: the exact signed-rank test gives no p-value below 0.016, and the claim needs one below 0.0125 (0.05 corrected for 4 claims). It needs 8 seeds.",
  });
  expect(says([ranks, t, t, t], 8)?.decidable).toBe(true);
  expect(reachOf(toy([t]), { budget: "quick" }).claims[0]).toMatchObject({
    decidable: false,
    needs: 5,
    says: "Cannot be decided with 2 seeds: with fewer than 5 it stays undecided. It needs 5 seeds.",
  });
});

test("every test says what it can find", () => {
  const published = matchesPublished({ ...a, value: 90, margin: 1 });
  const solves = solvesFaster({ ...a, metric: "steps", limit: 100 });
  const tests = [reaches({ ...a, value: 90 }), alike({ ...a, within: 1 }), published, solves];
  const { claims } = reachOf(toy(tests.map((each) => ({ text: "c", test: each }))));
  expect(claims.map(({ says }) => says.replace(/ [\d.]+ /, " X "))).toMatchInlineSnapshot(`
    [
      "With X seeds the t test finds a mean that is 1.28 standard deviations from the value, with 80 % power (p < 0.0125, which is 0.05 for 4 claims).",
      "With X seeds the paired t test finds that equal variants are alike, if \`within\` is at least 1.45 standard deviations of the paired differences, with 80 % power (p < 0.0125, which is 0.05 for 4 claims).",
      "With X seeds the t test finds that an equal mean is reproduced, if the margin is at least 1.45 standard deviations, with 80 % power (p < 0.0125, which is 0.05 for 4 claims).",
      "With X seeds the log-rank test finds a variant that solves the task at 6.5 times the rate, if all trials solve it, with 80 % power (p < 0.0125, which is 0.05 for 4 claims).",
    ]
  `);
  expect(claims.map(({ method }) => method)).toEqual(["t test", "paired t test", "t test", "log-rank test"]);
});

test("of a test of one's own nothing is known, and it is not counted", () => {
  const own: Claim = { text: "own", kind: "own", test: () => ({ verdict: "undecided", because: "x" }) };
  const { claims } = reachOf(toy([own, t]));
  expect(claims[0]).toMatchObject({ method: null, decidable: null, needs: null, leastP: null });
  expect(claims[1]?.level).toBe(0.05);
  const mixed = reachOf(toy([{ text: "m", test: all(better(a), own.test) }])).claims[0];
  expect(mixed?.method).toBeNull();
});

test("all needs what its hardest test needs", () => {
  const both = reachOf(toy([{ text: "b", test: all(better({ ...a, minimumSeeds: 4 }), ranks.test) }]), { seeds: 5 });
  expect(both.claims[0]).toMatchObject({
    method: "paired t test and exact signed-rank test",
    decidable: false,
    needs: 6,
  });
  const two = reachOf(toy([{ text: "b", test: all(better(a), better({ ...a, margin: 1 })) }])).claims[0];
  expect(two?.detectable?.size).toBeCloseTo(0.996, 4);
});

test("one seed with folds is tested by its folds", () => {
  const folded = reachOf(toy([t, ranks], { folds: 10 }), { seeds: 1 });
  expect(folded.claims[0]?.says).toMatch(/^With 10 folds the paired t test finds a difference of/);
  expect(folded.claims[0]?.detectable?.size).toBeCloseTo(detectableEffect(10, { level: 0.025, overlap: 1 / 9 }), 12);
  expect(folded.claims[1]?.says).toBe(
    "Cannot be decided with 10 folds: the exact signed-rank test cannot be used for the folds of one seed. It needs 7 seeds.",
  );
  expect(reachOf(toy([t], { folds: 10 })).claims[0]?.says).toContain("With 10 seeds");
  expect(reachOf(toy([t]), { seeds: [3, 5, 7, 8, 9, 11] }).seeds).toBe(6);
});

test("a claim about what is not run is refused, and not counted", () => {
  const elsewhere: Claim = { text: "e", test: better({ ...a, task: "pixels" }) };
  const { claims } = reachOf(toy([t, elsewhere, { text: "v", test: better({ ...a, than: "c" }) }]));
  expect(claims.map(({ says }) => says).slice(1)).toEqual([
    'Cannot be decided: the task "pixels" is not run.',
    'Cannot be decided: the variant "c" is not run.',
  ]);
  expect(claims[0]?.level).toBe(0.05);
  const narrowed = studyWith(toy([t]), { variants: ["a"] });
  expect(reachOf(narrowed).claims[0]).toMatchObject({ decidable: false, needs: null });
});

test("names wrong options", () => {
  expect(() => reachOf(toy([t]), { budget: "quik" })).toThrow('Did you mean "quick"?');
  expect(() => reachOf(toy([t]), { seeds: 0 })).toThrow("seeds: 0 given");
  expect(() => reachOf(toy([t]), { power: 80 })).toThrow("power is 80");
});
