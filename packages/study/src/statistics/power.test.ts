import { describe, expect, test } from "vitest";
import { indexGenerator } from "./generator.ts";
import { logRankTest } from "./log-rank.ts";
import { detectableEffect, detectableMargin, equivalencePower, tTestPower } from "./power.ts";
import { signedRankTest } from "./signed-rank.ts";
import { detectableByLogRank, detectableBySignedRank } from "./simulated-power.ts";

const index = indexGenerator(5);
const uniform = (): number => (index(2 ** 30) + 0.5) / 2 ** 30;
const exponential = (): number => -Math.log(uniform());
const normal = (): number => Math.sqrt(2 * exponential()) * Math.cos(2 * Math.PI * uniform());

/** The share of studies in which a test rejects; its standard deviation is 0.4 / √studies. */
function share(studies: number, rejects: () => boolean): number {
  let count = 0;
  for (let study = 0; study < studies; study += 1) count += rejects() ? 1 : 0;
  return count / studies;
}

describe("what is said to be detected with a power of 0.8 is found in 80 % of simulated studies", () => {
  test.each([
    [6, 0.05],
    [8, 0.0125],
    [12, 0.05],
  ])("signed rank, %i seeds at %f", (n, level) => {
    const effect = detectableBySignedRank(n, { level }) ?? 0;
    const found = share(4000, () => signedRankTest(Array.from({ length: n }, () => effect + normal())).p < level);
    expect(Math.abs(found - 0.8)).toBeLessThan(0.03);
  });

  test.each([
    [5, 0.05],
    [6, 0.0125],
    [12, 0.05],
  ])("log-rank, %i seeds at %f", (n, level) => {
    const ratio = detectableByLogRank(n, { level }) ?? 1;
    const group = (rate: number) => Array.from({ length: n }, () => ({ steps: exponential() / rate, solved: true }));
    const found = share(3000, () => logRankTest(group(ratio), group(1)).p < level);
    expect(Math.abs(found - 0.8)).toBeLessThan(0.03);
  });
});

test("beyond 30 values the signed-rank test detects what Student's t does with 3/π times as many", () => {
  for (const level of [0.05, 0.0125])
    expect(Math.abs((detectableBySignedRank(30, { level }) ?? 0) / detectableEffect(29, { level }) - 1)).toBeLessThan(
      0.015,
    );
  expect(detectableBySignedRank(400)).toBe(detectableEffect(382));
});

test("a test that cannot reach its level detects nothing", () => {
  expect(detectableBySignedRank(5)).toBeNull();
  expect(detectableBySignedRank(7, { level: 0.0125 })).toBeNull();
  expect(detectableByLogRank(3)).toBeNull();
});

test("power grows with the effect and the number of values, and falls with shared data", () => {
  expect(tTestPower(0, 8)).toBeCloseTo(0.05, 10);
  expect(tTestPower(1, 8)).toBeGreaterThan(tTestPower(0.9, 8));
  expect(tTestPower(-1, 8)).toBeCloseTo(tTestPower(1, 8), 12);
  expect(tTestPower(1, 9)).toBeGreaterThan(tTestPower(1, 8));
  expect(tTestPower(1, 8, { overlap: 1 / 7 })).toBeLessThan(tTestPower(1, 8));
  expect(equivalencePower(detectableMargin(10), 10)).toBeCloseTo(0.8, 8);
  expect(tTestPower(detectableEffect(10, { power: 0.9 }), 10)).toBeCloseTo(0.9, 8);
  // Two values: t of one degree of freedom, Cauchy's distribution, has long tails.
  expect(tTestPower(detectableEffect(2), 2)).toBeCloseTo(0.8, 8);
});

test("options that are wrong are named", () => {
  expect(() => tTestPower(1, 1)).toThrow("tTestPower: n is 1, expected an integer of at least 2");
  expect(() => tTestPower(1, 5, { level: 5 })).toThrow("level is 5");
  expect(() => detectableEffect(5, { power: 80 })).toThrow(
    "power is 80, expected a number between the level (0.05) and 1",
  );
  expect(() => detectableBySignedRank(1)).toThrow("n is 1");
  expect(() => detectableByLogRank(5, { power: 0 })).toThrow("power is 0");
});
