import { describe, expect, test } from "vitest";
import { study } from "../define-study.ts";
import { inProcess } from "../run/in-process.ts";
import { memoryStore } from "../run/memory-store.ts";
import { planRun, type RunPlanOptions } from "../run/plan-run.ts";
import { runStudy } from "../run/run-study.ts";
import type { Tune } from "../tuning/tune.ts";
import { tuningOf } from "../tuning/tuning.ts";
import { runTime, sweepTime } from "./run-time.ts";

const settings = { rate: 0.1, epochs: 9 };

const common = {
  name: "timed",
  question: "How long does it take?",
  settings,
  tasks: { task: {} },
  variants: { short: {}, long: { epochs: 18 } },
  seeds: 3,
  metrics: { distance: { label: "Distance", better: "lower", split: "validation" } },
  trial: async () => ({ metrics: { distance: 1 } }),
} as const;
const estimated = { ...common, estimate: ({ epochs }: { readonly epochs: number }) => epochs };

const planned = (of: Parameters<typeof planRun>[0], given: Partial<RunPlanOptions> = {}) =>
  planRun(of, { store: memoryStore(), executor: inProcess(), ...given });

describe("the time of a run", () => {
  test("is that of the study's estimate, with so many trials at a time", async () => {
    // 3 trials of 9 s and 3 of 18 s, in turn.
    const times = [1, 2, 6, 9].map(async (jobs) => (await planned(study(estimated), { jobs })).time);
    expect((await Promise.all(times)).map(({ seconds }) => seconds?.mean)).toEqual([81, 45, 18, 18]);
    const { from, trials } = await times[0]!;
    expect(from).toEqual(["the study's own estimate"]);
    expect(trials).toMatchObject([
      { variant: "short", left: 3, measured: 0, seconds: { mean: 9, low: 9, high: 9 } },
      { variant: "long", left: 3, measured: 0 },
    ]);
  });

  test("is not known if nothing is", async () => {
    const { time } = await planned(study(common));
    expect(time).toMatchObject({ seconds: null, from: [] });
  });

  test("is that of probes, with their spread", async () => {
    const run = await planned(study(estimated), { jobs: 2 });
    const probes = [
      { task: "task", variant: "short", seconds: { mean: 2, low: 1, high: 3 } },
      { task: "task", variant: "long", seconds: { mean: 4, low: 4, high: 5 } },
      { task: "task", variant: "short", seconds: { mean: 4, low: 3, high: 8 } },
    ];
    const { seconds, from, trials } = await runTime(run, run.store, probes);
    // Of 3 and 4 s in turn, the two places are free after 3 and 4, 6 and 8, 9 and 12.
    expect(seconds).toEqual({ mean: 12, low: 9, high: 21 });
    expect([from, trials[0]?.measured]).toEqual([["probes"], 2]);
  });

  test("is that of finished trials with the same settings, then of others, before the study's estimate", async () => {
    const store = memoryStore();
    await runStudy(await planned(study(estimated), { store, seeds: 2 }));
    const again = await planned(study(estimated), { store });
    expect(again.time.from).toEqual(["finished trials"]);
    expect(again.time.trials.map(({ left, measured }) => [left, measured])).toEqual([
      [1, 2],
      [1, 2],
    ]);
    const probes = [{ task: "task", variant: "short", seconds: { mean: 2, low: 1, high: 3 } }];
    expect((await runTime(again, store, probes)).from).toEqual(["finished trials"]);
    const other = await planned(study(estimated), { store, asked: { settings: { rate: 0.2 } } });
    expect(other.time.from).toEqual(["finished trials with other settings"]);
    expect((await runTime(other, store, probes)).from).toEqual(["probes", "finished trials with other settings"]);
  });
});

describe("the time of a sweep", () => {
  const tuned = async (tune: Tune) => {
    const run = await planned(study({ ...estimated, tune }), { jobs: 2 });
    return sweepTime(run, run.time, tuningOf(run.study, { budget: run.budget }))?.mean;
  };

  test("is that of the tuning trials, and of the run after them", async () => {
    // 2 settings × (9 + 18) s, two at a time: 18 + 9 and 18 + 9, or in their order 9, 9, 18, 18: 27. And 45 s.
    expect(await tuned({ over: { rate: { choice: [0.1, 0.2] } }, by: "grid", metric: "distance" })).toBe(27 + 45);
  });

  test("has the shorter trials of successive halving, rung after rung", async () => {
    // 9 settings with 1 epoch, 3 with 3, 1 with all would decide nothing: 9 × (1 + 1) and 3 × (3 + 3) s, two at a time.
    const halving = { setting: "epochs", from: 1, eta: 3 };
    const tune: Tune = { over: { rate: { uniform: [0.1, 1] } }, by: { halving }, trials: 9, metric: "distance" };
    expect(await tuned(tune)).toBe(9 + 9 + 45);
  });
});
