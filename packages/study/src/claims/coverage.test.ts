import { describe, expect, test } from "vitest";
import { resultsOf } from "../results.ts";
import { bcaInterval } from "../statistics/bootstrap.ts";
import { indexGenerator } from "../statistics/generator.ts";
import { meanInterval } from "../statistics/intervals.ts";
import { interquartileMean } from "../statistics/summary.ts";
import { judgeClaims } from "./judge.ts";
import { alike, better } from "./tests.ts";

/** Draws of a distribution with a fixed seed. */
function draws(seed: number): { normal(): number; exponential(): number } {
  const index = indexGenerator(seed);
  const uniform = (): number => (index(2 ** 30) + 0.5) / 2 ** 30;
  const exponential = (): number => -Math.log(uniform());
  return { exponential, normal: () => Math.sqrt(2 * exponential()) * Math.cos(2 * Math.PI * uniform()) };
}

const metrics = { accuracy: { label: "Accuracy", better: "higher" } } as const;

/** Results in which no variant differs from another but by chance. */
function noDifference(draw: () => number, seeds: number, variants: readonly string[]) {
  const trials = variants.flatMap((variant) =>
    Array.from({ length: seeds }, (_, seed) => ({
      id: `${variant}${seed}`,
      folder: "",
      task: "rows",
      variant,
      seed,
      warnings: [],
      status: "done" as const,
      metrics: { accuracy: draw() },
    })),
  );
  return resultsOf({ tasks: ["rows"], variants, metrics, trials });
}

const claim = (variant: string, than: string) => ({
  text: `${variant} beats ${than}`,
  test: better({ metric: "accuracy", task: "rows", variant, than }),
});

/** Share of so many studies in which something is true. */
function share(studies: number, happens: () => boolean): number {
  let count = 0;
  for (let study = 0; study < studies; study += 1) count += happens() ? 1 : 0;
  return count / studies;
}

/** Three standard deviations of the share of `n` studies whose true value is 5 %. */
const chance = (n: number): number => 3 * Math.sqrt((0.05 * 0.95) / n);

describe("with no difference at all, a verdict other than undecided comes out in 5 % of studies", () => {
  const studies = 10_000;
  test.each([5, 10])("with %i seeds of normal values", (seeds) => {
    const { normal } = draws(seeds);
    const wrong = share(
      studies,
      () => judgeClaims([claim("a", "b")], noDifference(normal, seeds, ["a", "b"]))[0]?.verdict !== "undecided",
    );
    expect(Math.abs(wrong - 0.05)).toBeLessThan(chance(studies));
  });

  test.each([5, 10])("with %i seeds of skewed values in at most as many", (seeds) => {
    const { exponential } = draws(100 + seeds);
    const wrong = share(
      studies,
      () => judgeClaims([claim("a", "b")], noDifference(exponential, seeds, ["a", "b"]))[0]?.verdict !== "undecided",
    );
    expect(wrong).toBeLessThan(0.05 + chance(studies));
    expect(wrong).toBeGreaterThan(0.02);
  });

  test("any verdict at all of six claims, in at most as many", () => {
    const { normal } = draws(3);
    const claims = [
      claim("a", "b"),
      claim("a", "c"),
      claim("a", "d"),
      claim("b", "c"),
      claim("b", "d"),
      claim("c", "d"),
    ];
    const results = Array.from({ length: studies }, () => noDifference(normal, 5, ["a", "b", "c", "d"]));
    const wrong = share(studies, () =>
      judgeClaims(claims, results.pop() ?? noDifference(normal, 5, [])).some(({ verdict }) => verdict !== "undecided"),
    );
    expect(wrong).toBeLessThan(0.05 + chance(studies));
    expect(wrong).toBeGreaterThan(0.01);
  });

  test("values at the edge of what is alike are called alike in 2.5 %", () => {
    const { normal } = draws(4);
    const edge = { text: "", test: alike({ metric: "accuracy", task: "rows", variant: "a", than: "b", within: 6 }) };
    const wrong = share(studies, () => {
      const results = noDifference(normal, 10, ["a", "b"]);
      const moved = results.trials.map((trial) => ({
        ...trial,
        metrics: { accuracy: (trial.metrics.accuracy ?? 0) + (trial.variant === "a" ? 6 : 0) },
      }));
      return (
        judgeClaims([edge], resultsOf({ tasks: ["rows"], variants: ["a", "b"], metrics, trials: moved }))[0]
          ?.verdict === "reproduced"
      );
    });
    expect(Math.abs(wrong - 0.025)).toBeLessThan(chance(studies));
  });
});

describe("95 % intervals hold what they estimate", () => {
  test.each([3, 5, 10])("Student's t, of %i normal values, in 95 %", (seeds) => {
    const { normal } = draws(20 + seeds);
    const missed = share(10_000, () => {
      const { low, high } = meanInterval(Array.from({ length: seeds }, normal));
      return low > 0 || high < 0;
    });
    expect(Math.abs(missed - 0.05)).toBeLessThan(chance(10_000));
  });

  test("the bootstrap, of the interquartile mean of 30 normal values, in 93 % and more", () => {
    const { normal } = draws(6);
    const missed = share(1000, () => {
      const { low, high } = bcaInterval(Array.from({ length: 30 }, normal), {
        statistic: interquartileMean,
        resamples: 1000,
      });
      return low > 0 || high < 0;
    });
    expect(missed).toBeLessThan(0.07);
    expect(missed).toBeGreaterThan(0.03);
  });
});
