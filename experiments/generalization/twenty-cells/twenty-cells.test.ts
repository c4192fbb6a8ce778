import type { Results } from "@sluice/study";
import { trialConfig } from "@sluice/study";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { describe, expect, inject, test } from "vitest";
import { cells } from "./cells.ts";
import { betterOverTasks, leadsOver } from "./claims.ts";
import study from "./study.ts";
import { headlines, tasks } from "./tasks.ts";

// Twenty cells on six tasks take a minute however small they are.
describe("the study", () => {
  const laws = studySuite(study, {
    size: { hidden: 6, epochs: 1, validateEvery: 20 },
    stopAt: [4],
    skip: inject("long") ? undefined : "it is for npm run test:long",
    diverging: { learningRate: 1e38 },
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

test("there are twenty cells, and each of the six tasks has the metric that claims are about", () => {
  expect(Object.keys(cells)).toHaveLength(20);
  expect(Object.keys(headlines)).toEqual(tasks.map(({ name }) => name));
  for (const [task, metric] of Object.entries(headlines)) {
    const described = study.metrics[metric];
    expect(described?.split).toBe("test");
    expect(described?.tasks ?? Object.keys(headlines)).toContain(task);
  }
});

test("cells are matched by parameters, and in the budget of operations by multiplications", async () => {
  const sizesOf = async (budget: string, variant: string) => {
    const config = { ...trialConfig(study, { task: "parity", variant, budget }), epochs: 1, hidden: 20 };
    const { outcome } = await runInMemory(study, { config, task: "parity", variant });
    return outcome?.metrics ?? {};
  };
  const near = (a: number | null | undefined, b: number | null | undefined): number =>
    Math.abs((a ?? Number.NaN) / (b ?? Number.NaN) - 1);
  const of = async (budget: string) => [await sizesOf(budget, "GRU"), await sizesOf(budget, "minGRU")] as const;
  const [gru, minGru] = await of("full");
  expect(gru["hidden"]).toBe(20);
  expect(gru["horizon"]).toBeGreaterThan(0);
  expect(near(minGru["parameters"], gru["parameters"])).toBeLessThan(0.03);
  const [, byOperations] = await of("operations");
  expect(near(byOperations["products"], gru["products"])).toBeLessThan(0.03);
});

describe("a lead over tasks", () => {
  /** The values of a variant on a task, by seed; higher is worse where lower is better. */
  const results = (of: (variant: string, task: string, seed: number) => number, seeds = 8, lost = 0): Results => ({
    tasks: Object.keys(headlines),
    variants: ["GRU", "X"],
    metrics: study.metrics,
    trials: Array.from({ length: lost }, (_, seed) => ({
      ...{ id: "", folder: "", task: "adding", variant: "X", seed, status: "failed", metrics: {}, warnings: [] },
      reason: "out of memory",
    })),
    of: () => [],
    values: ({ variant, task }) =>
      Array.from({ length: seeds }, (_, seed) => ({ seed, value: of(variant, task, seed) })),
    seriesNames: () => [],
    series: () => [],
  });
  const isError = (task: string): boolean => headlines[task] === "rmse";
  const better = (variant: string, task: string): number => ((variant === "X") === isError(task) ? 0 : 1);

  test("counts tasks that are won, less those that are lost, and ties for neither", () => {
    expect(leadsOver(results(better, 2), "X", "GRU")).toEqual([6, 6]);
    expect(leadsOver(results(better, 2), "GRU", "X")).toEqual([-6, -6]);
    expect(
      leadsOver(
        results(() => 1),
        "X",
        "GRU",
      ),
    ).toEqual(Array(8).fill(0));
    const half = (variant: string, task: string): number => (task === "parity" ? 5 : better(variant, task));
    expect(leadsOver(results(half, 1), "X", "GRU")).toEqual([5]);
  });

  test("decides a claim by the signs of the seeds", () => {
    const claim = betterOverTasks("X", "GRU");
    // All of 8 seeds on one side: 2 / 2^8.
    expect(claim(results(better))).toMatchObject({ verdict: "reproduced", p: 2 / 256 });
    expect(betterOverTasks("GRU", "X")(results(better)).verdict).toBe("not reproduced");
    expect(claim(results(() => 1))).toMatchObject({ verdict: "undecided", p: 1 });
    expect(claim(results(better, 5)).verdict).toBe("undecided");
    expect(claim(results(better, 8, 1))).toMatchObject({ verdict: "undecided" });
    expect(claim(results(better, 0)).verdict).toBe("undecided");
    expect(claim.design?.leastP({ count: 10, overlap: 0 })).toBe(2 / 1024);
  });
});
