import { describe, expect, test } from "vitest";
import { resultsOf } from "../results.ts";
import { bcaInterval, clusterInterval } from "../statistics/bootstrap.ts";
import { indexGenerator } from "../statistics/generator.ts";
import { meanInterval, pairedInterval } from "../statistics/intervals.ts";
import { leastLogRankP, logRankTest } from "../statistics/log-rank.ts";
import { signedRankInterval } from "../statistics/signed-rank.ts";
import { stratifiedInterval } from "../statistics/stratified.ts";
import { interquartileMean } from "../statistics/summary.ts";
import { judgeClaims } from "./judge.ts";
import { matchesPublished } from "./published.ts";
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

  test.each([6, 10])("by signed rank with %i seeds, in at most as many", (seeds) => {
    const { exponential } = draws(200 + seeds);
    const bySignedRank = better({ metric: "accuracy", task: "rows", variant: "a", than: "b", by: "signed rank" });
    const wrong = share(studies, () => {
      const found = judgeClaims([{ text: "", test: bySignedRank }], noDifference(exponential, seeds, ["a", "b"]));
      return found[0]?.verdict !== "undecided";
    });
    // With 6 seeds the only p-value below 0.05 is 1/32.
    expect(wrong).toBeLessThan((seeds === 6 ? 1 / 32 : 0.05) + chance(studies));
    expect(wrong).toBeGreaterThan(0.02);
  });

  test("by the exact log-rank test of 5 and 5 seeds, of which some do not solve the task, in at most as many", () => {
    const { exponential } = draws(300);
    const run = (): { steps: number; solved: boolean } => {
      const steps = exponential();
      return steps > 1.5 ? { steps: 1.5, solved: false } : { steps, solved: true };
    };
    const group = () => Array.from({ length: 5 }, run);
    const wrong = share(4000, () => logRankTest(group(), group()).p < 0.05);
    expect(wrong).toBeLessThan(0.05 + chance(4000));
    expect(wrong).toBeGreaterThan(leastLogRankP(5));
  });

  test("a mean at the edge of the margin is called that of the paper in 2.5 %", () => {
    const { normal } = draws(5);
    const options = { metric: "accuracy", task: "rows", variant: "a", value: 3, margin: 3 };
    const edge = { text: "", test: matchesPublished(options) };
    const wrong = share(
      studies,
      () => judgeClaims([edge], noDifference(normal, 10, ["a"]))[0]?.verdict === "reproduced",
    );
    expect(Math.abs(wrong - 0.025)).toBeLessThan(chance(studies));
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

  test("the bootstrap, of the interquartile mean of 20 normal values, in 94 % and more", () => {
    const { normal } = draws(6);
    const missed = share(1000, () => {
      const { low, high } = bcaInterval(Array.from({ length: 20 }, normal), {
        statistic: interquartileMean,
        resamples: 500,
      });
      return low > 0 || high < 0;
    });
    expect(missed).toBeLessThan(0.06);
    expect(missed).toBeGreaterThan(0.03);
  });

  test("paired Student's t, of 5 pairs that share much, in 95 %", () => {
    const { normal } = draws(7);
    const missed = share(10_000, () => {
      const shared = Array.from({ length: 5 }, () => 10 * normal());
      const { low, high } = pairedInterval(
        shared.map((value) => value + normal()),
        shared.map((value) => value + normal()),
      );
      return low > 0 || high < 0;
    });
    expect(Math.abs(missed - 0.05)).toBeLessThan(chance(10_000));
  });

  test.each([6, 10])("the exact signed rank, of %i values with long tails, in 95 % and more", (seeds) => {
    const { normal } = draws(30 + seeds);
    const missed = share(4000, () => {
      const { low, high } = signedRankInterval(Array.from({ length: seeds }, () => normal() / normal()));
      return low > 0 || high < 0;
    });
    expect(missed).toBeLessThan(0.05 + chance(4000));
    expect(missed).toBeGreaterThan(0.02);
  });

  /** Ten tasks of different difficulty: the share of intervals of their interquartile mean that miss it. */
  const missedOverTasks = (seeds: number, drawn: "n" | "n - 1"): number => {
    const { normal } = draws(40 + seeds);
    return share(600, () => {
      const scores = Array.from({ length: 10 }, (_, task) =>
        Array.from({ length: seeds }, () => (task - 4.5) / 2 + normal()),
      );
      const { low, high } = stratifiedInterval(scores, { resamples: 300, draws: drawn });
      return low > 0 || high < 0;
    });
  };

  test.each([3, 5])("the bootstrap within tasks, of 10 tasks with %i seeds, in 92 % and more", (seeds) => {
    expect(missedOverTasks(seeds, "n - 1")).toBeLessThan(0.08);
  });

  test("the same with all n draws misses too often with 3 seeds", () => {
    expect(missedOverTasks(3, "n")).toBeGreaterThan(0.1);
  });

  test("the bootstrap over 30 clusters of very different sizes, in 91 % and more; over their values, in less than 75 %", () => {
    const { normal, exponential } = draws(50);
    let narrow = 0;
    const studies = 500;
    const missed = share(studies, () => {
      const clusters = Array.from({ length: 30 }, () => {
        const centre = normal();
        return Array.from({ length: 1 + Math.floor(4 * exponential()) }, () => centre + normal());
      });
      const values = bcaInterval(clusters.flat(), { resamples: 200 });
      narrow += values.low > 0 || values.high < 0 ? 1 : 0;
      const { low, high } = clusterInterval(clusters, { resamples: 300 });
      return low > 0 || high < 0;
    });
    expect(missed).toBeLessThan(0.09);
    expect(narrow / studies).toBeGreaterThan(0.25);
  });
});
