import { describe, expect, test } from "vitest";
import { compareSummaries } from "../compare/summaries.ts";
import { study } from "../define-study.ts";
import { foldRows } from "../folds.ts";
import { inProcess } from "../run/in-process.ts";
import { memoryStore } from "../run/memory-store.ts";
import { planRun, type RunPlanOptions } from "../run/plan-run.ts";
import { runStudy } from "../run/run-study.ts";
import type { TrialContext } from "../trial.ts";
import { planSweep } from "./plan-sweep.ts";
import { runSweep, type SweepControl } from "./run-sweep.ts";
import type { Tune } from "./tune.ts";

const settings = { optimizer: { rate: 0.1, momentum: 0 }, steps: 27, leaks: "" };

/** Goes down x² from a place that the seed gives. It diverges for rates above 1. */
async function descend(context: TrialContext<typeof settings>) {
  const { config, restored, signal, tuning } = context;
  let [x = 0, velocity = 0] =
    restored === null ? [1 + (context.seed % 100), 0] : new Float64Array(restored.bytes.slice().buffer);
  for (let step = (restored?.step ?? 0) + 1; step <= config.steps; step += 1) {
    velocity = config.optimizer.momentum * velocity - config.optimizer.rate * 2 * x;
    x += velocity;
    if (Math.abs(x) > 1e4) context.diverged({ step, tensor: "x" });
    const leak = config.leaks === "row" && tuning ? { test: x } : {};
    context.metric({ step, distance: Math.abs(x), ...leak });
    await context.progress({ step, steps: config.steps });
    if (step % 5 === 0 || signal.aborted)
      await context.checkpoint(step, new Uint8Array(Float64Array.of(x, velocity).buffer));
    signal.throwIfAborted();
  }
  if (tuning && config.leaks !== "outcome") return;
  return { metrics: { test: Math.abs(x) + 1 } };
}

const options = {
  name: "descent",
  question: "Does momentum find the minimum sooner?",
  settings,
  tasks: { parabola: {} },
  variants: { plain: {}, momentum: { optimizer: { momentum: 0.2 } } },
  seeds: 2,
  metrics: {
    distance: { label: "Distance", better: "lower", split: "validation" },
    test: { label: "Test distance", better: "lower", split: "test" },
  },
  trial: descend,
} as const;

const grid: Tune = { over: { "optimizer.rate": { choice: [0.02, 0.1, 0.3, 3] } }, by: "grid", metric: "distance" };
const descent = (tune: Tune = grid, more: Partial<Parameters<typeof study<typeof settings>>[0]> = {}) =>
  study({ ...options, ...more, tune });

const planned = (of = descent(), given: Partial<RunPlanOptions> = {}) =>
  planSweep(of, { store: memoryStore(), executor: inProcess(), ...given });

/** What must not depend on how a sweep ran. */
const bits = ({ document }: Awaited<ReturnType<typeof runSweep>>) => ({
  trials: document.trials.map(({ seconds: _, ...rest }) => rest),
  summary: document.summary,
  tuning: document.tuning,
});

const rates = ({ document }: Awaited<ReturnType<typeof runSweep>>) =>
  document.tuning?.cells.map(({ chosen }) => chosen?.settings);

describe("a sweep", () => {
  test("tries the same settings for every variant, and runs the study with the best of each", async () => {
    const store = memoryStore();
    const rounds: string[] = [];
    const outcome = await runSweep(await planned(descent(), { store }), {
      onRound: ({ pending, isTuned }) => void rounds.push(`${isTuned ? "tuned" : "tuning"} ${pending.length}`),
    });
    expect(rounds).toEqual(["tuning 8", "tuned 4"]);
    const { tuning, trials } = outcome.document;
    for (const { tried } of tuning?.cells ?? []) {
      expect(tried.map(({ settings: own }) => own)).toEqual(
        [0.02, 0.1, 0.3, 3].map((rate) => ({ optimizer: { rate } })),
      );
      expect(tried.map(({ trials: own }) => own[0]?.status)).toEqual(["done", "done", "done", "diverged"]);
      expect(tried.at(-1)).toMatchObject({ value: null });
      expect(tried.at(-1)?.trials[0]?.reason).toMatch(/^step \d+: x is not finite$/);
    }
    expect(rates(outcome)).toEqual([{ optimizer: { rate: 0.3 } }, { optimizer: { rate: 0.3 } }]);
    // The trials that are reported are those of the study with these settings.
    const plain = await planRun(descent(), {
      ...{ store, executor: inProcess() },
      asked: { settings: { optimizer: { rate: 0.3 } } },
    });
    expect(plain.trials.map(({ id }) => id)).toEqual(trials.map(({ id }) => id));
    expect(plain.pending).toEqual([]);
    expect(trials.map(({ metrics }) => metrics["test"])).toEqual(trials.map(() => expect.any(Number)));
  });

  test("keeps tuning trials apart: other seeds, nothing of the test data, no part in results", async () => {
    const store = memoryStore();
    const outcome = await runSweep(await planned(descent(), { store }));
    const { identities } = await store.identities();
    const tuning = identities.filter((identity) => identity.tuning !== undefined);
    expect(tuning).toHaveLength(8);
    const startOf = async (trial: (typeof identities)[number]) =>
      (await store.readCurves(await store.readTrial({ ...trial, folder: "" }))).rows[0]?.["distance"];
    const [tuned, reported] = [tuning, identities.filter(({ tuning: own }) => own === undefined)].map((some) =>
      some.find(({ variant, seed, config }) => variant === "plain" && seed === 0 && rateOf(config) === 0.3),
    );
    expect(tuned?.config).toEqual(reported?.config);
    expect(await startOf(tuned!)).not.toBe(await startOf(reported!));
    for (const trial of tuning) {
      const { metrics, warnings } = await store.readTrial({ ...trial, folder: "" });
      expect([Object.keys(metrics), warnings]).toEqual([["distance"], []]);
    }
    expect(outcome.document.summary.map(({ n }) => n)).toEqual([2, 2, 2, 2]);
    const { metrics: compared } = await compareSummaries([store, store]);
    expect(compared.map(({ runs }) => runs.map(({ n }) => n))).toEqual(Array(4).fill([2, 2]));
    const report = store.report() ?? "";
    for (const text of [
      "optimizer.rate (0.02, 0.1, 0.3, 3)",
      "optimizer.rate=0.3",
      "Expected best of n tried settings",
      "diverged: step",
      "8 tuning trials",
    ])
      expect(report).toContain(text);
    for (const [header] of report.matchAll(/<th\b[^>]*>/g)) expect(header).toMatch(/scope="(col|row|rowgroup)"/);
    for (const [region] of report.matchAll(/<div class="scroll"[^>]*>/g))
      expect(region).toMatch(/role="region" aria-label="[^"]+" tabindex="0"/);
  });

  test.each(["row", "outcome"])("fails a tuning trial that reports test data in its %s", async (leaks) => {
    const { document, records } = await runSweep(await planned(descent(grid, { settings: { ...settings, leaks } })));
    const reasons = records.map(({ status, reason }) => [status, reason]);
    expect(reasons.slice(0, 3)).toEqual(
      Array(3).fill(["failed", expect.stringContaining('a tuning trial reported "test", which is measured on test')]),
    );
    // Where no setting has a value, none is chosen, and nothing is run in its place.
    expect(document.tuning?.cells).toMatchObject([
      { decided: true, chosen: null, expected: null },
      { decided: true, chosen: null, expected: null },
    ]);
    expect(document.trials).toEqual([]);
  });

  test("draws at random, with several tuning seeds; another draw draws others", async () => {
    const random: Tune = {
      over: { "optimizer.rate": { logUniform: [0.01, 0.5] } },
      ...{ by: "random", trials: { full: 3 }, seeds: 2, metric: "distance" },
    };
    const { document } = await runSweep(await planned(descent(random)));
    const [cell] = document.tuning?.cells ?? [];
    expect(cell?.tried).toHaveLength(3);
    for (const { trials, value } of cell?.tried ?? []) {
      expect(trials.map(({ seed }) => seed)).toEqual([0, 1]);
      expect(value).toBe(trials.reduce((sum, trial) => sum + (trial.value ?? NaN), 0) / 2);
    }
    const values = cell?.tried.map(({ value }) => value ?? NaN) ?? [];
    expect(cell?.chosen?.value).toBe(Math.min(...values));
    expect(cell?.expected?.at(-1)).toBe(Math.min(...values));
    const other = await planned(descent({ ...random, draw: 1 }));
    expect(other.tuning.tried).not.toEqual((await planned(descent(random))).tuning.tried);
  });

  test("takes the first of equal settings, and counts one without a value as the worst", async () => {
    const equal: Tune = { ...grid, over: { "optimizer.rate": { choice: [3, 0.5, 0.1] }, steps: { choice: [5, 6] } } };
    // With a rate of 0.5 one step ends at the minimum, and the others stay there.
    const { document } = await runSweep(await planned(descent(equal, { variants: { plain: {} } })));
    const [cell] = document.tuning?.cells ?? [];
    expect(cell?.chosen).toMatchObject({ settings: { optimizer: { rate: 0.5 }, steps: 5 }, value: 0 });
    const values = cell?.tried.map(({ value }) => value) ?? [];
    const worst = Math.max(...values.map((value) => value ?? 0));
    expect(values.filter((value) => value === null)).toHaveLength(2);
    const mean = values.reduce<number>((sum, value) => sum + (value ?? worst), 0) / 6;
    expect(cell?.expected?.[0]).toBeCloseTo(mean, 12);
  });
});

const rateOf = ({ optimizer }: { readonly [name: string]: unknown }): unknown =>
  typeof optimizer === "object" && optimizer !== null && "rate" in optimizer ? optimizer.rate : undefined;

const halving: Tune = {
  over: { "optimizer.rate": { logUniform: [0.01, 0.45] } },
  by: { halving: { setting: "steps", from: 3, eta: 3 } },
  ...{ trials: 9, metric: "distance" },
};

describe("a study with folds", () => {
  const count = 23;
  const reads: { tuning: boolean; seed: number; fold: number; rows: number[] }[] = [];

  /** Fits the mean of the training rows, shrunk by the rate, and notes every row of the data that it reads. */
  function fitMean({ config, seed, fold, tuning, metric }: TrialContext<typeof settings>) {
    const rows: number[] = [];
    const data = new Proxy(
      Array.from({ length: count }, (_, row) => 3 + (row % 5)),
      { get: (target, row) => (rows.push(Number(row)), Reflect.get(target, row)) },
    );
    const { train, validation, test: held } = foldRows(count, fold!, { seed, validation: 0.25 });
    const meanOf = (from: Int32Array): number => from.reduce((sum, row) => sum + data[row]!, 0) / from.length;
    const fitted = meanOf(train) * (1 - config.optimizer.rate);
    metric({ step: 1, distance: Math.abs(meanOf(validation) - fitted) });
    const outcome = tuning ? {} : { metrics: { test: Math.abs(meanOf(held) - fitted) } };
    reads.push({ tuning, seed, fold: fold!.index, rows });
    return Promise.resolve(outcome);
  }
  const folded = (more: object = {}) => descent({ ...grid, ...more }, { folds: 3, trial: fitMean });

  test("tunes every fold on its own rows, and touches no row of its test", async () => {
    reads.length = 0;
    const { document, tuned } = await runSweep(await planned(folded()));
    // 2 variants × 2 seeds × 3 folds, each with 4 settings, and then with the best.
    const tuning = reads.filter((read) => read.tuning);
    expect([tuning.length, reads.length - tuning.length]).toEqual([48, 12]);
    for (const { seed, fold, rows } of tuning) {
      const final = reads.filter((read) => !read.tuning && read.seed === seed && read.fold === fold);
      expect(final).toHaveLength(2);
      const { train, validation, test: held } = foldRows(count, { index: fold, of: 3 }, { seed, validation: 0.25 });
      expect(new Set(rows)).toEqual(new Set([...train, ...validation]));
      expect(rows.some((row) => held.includes(row))).toBe(false);
      // The rows that tuning left alone are those that the reported trial is tested on.
      for (const own of final) expect(own.rows.filter((row) => !rows.includes(row)).sort()).toEqual([...held].sort());
    }
    expect(tuned.map(({ variant, unit }) => [variant, unit?.seed, unit?.fold?.index]).slice(0, 4)).toEqual([
      ["plain", 0, 0],
      ["momentum", 0, 0],
      ["plain", 0, 1],
      ["momentum", 0, 1],
    ]);
    for (const cell of document.tuning!.cells) {
      expect(cell.chosen?.value).toBe(Math.min(...cell.tried.map(({ value }) => value!)));
      const trial = document.trials.find(
        ({ variant, seed, fold }) => variant === cell.variant && seed === cell.seed && fold === cell.fold,
      );
      expect(trial?.metrics["distance"]).toBe(cell.chosen?.value);
    }
  });

  test("has a report that says so, and runs nothing twice; another seed leaves the others alone", async () => {
    const store = memoryStore();
    await runSweep(await planned(folded(), { store }));
    expect(store.report()).toContain("nested cross-validation");
    const again = await planned(folded(), { store });
    expect([again.isTuned, again.pending]).toEqual([true, []]);
    const more = await planned(folded(), { store, seeds: 3 });
    expect([more.isTuned, more.pending.length]).toEqual([false, 2 * 3 * 4]);
    const { document } = await runSweep(more);
    expect(document.trials.map(({ status }) => status)).toEqual(Array(18).fill("done"));
    const fewer = await runSweep(await planned(folded(), { store, seeds: 1 }));
    expect(fewer.document.trials).toHaveLength(6);
  });
});

test("each task may have a metric of its own to be tuned by", async () => {
  const both = study({
    ...options,
    tasks: { near: {}, far: {} },
    metrics: {
      ...options.metrics,
      speed: { label: "Speed", better: "higher", split: "validation" },
    },
    tune: { ...grid, metric: { near: "distance", far: "speed" } },
    trial({ config: { optimizer }, tuning, metric }) {
      metric({ step: 1, distance: optimizer.rate, speed: optimizer.rate });
      return Promise.resolve(tuning ? {} : { metrics: { test: 0 } });
    },
  });
  const store = memoryStore();
  const outcome = await runSweep(await planSweep(both, { store, executor: inProcess() }));
  // The lowest distance and the highest speed of the rates 0.02 to 3.
  expect(outcome.tuned.map(({ task, metric, chosen }) => [task, metric, chosen?.value])).toEqual([
    ["near", "distance", 0.02],
    ["near", "distance", 0.02],
    ["far", "speed", 3],
    ["far", "speed", 3],
  ]);
  expect(store.report()).toContain("is best by the task’s metric was chosen: the lowest Distance, the highest Speed");
});

describe("successive halving", () => {
  test("gives more steps to the better ones, and the study's own to the one that is chosen", async () => {
    const { document } = await runSweep(await planned(descent(halving)));
    for (const { tried, chosen, variant } of document.tuning?.cells ?? []) {
      const rungs = [0, 1].map((rung) => tried.filter((one) => one.rung === rung));
      expect(rungs.map(({ length }) => length)).toEqual([9, 3]);
      expect(rungs.map((own) => [...new Set(own.map(({ settings: { steps } }) => steps))])).toEqual([[3], [9]]);
      const best = (own: typeof tried) => own.toSorted((a, b) => (a.value ?? NaN) - (b.value ?? NaN));
      const ratesOf = (own: typeof tried) => own.map(({ settings: one }) => rateOf(one));
      expect(new Set(ratesOf(rungs[1] ?? []))).toEqual(new Set(ratesOf(best(rungs[0] ?? []).slice(0, 3))));
      expect(chosen).toEqual(best(rungs[1] ?? [])[0]);
      expect(document.trials.filter((trial) => trial.variant === variant)).toHaveLength(2);
    }
    const plan = await planned(descent(halving));
    expect(plan.tuning.cells[0]?.rungs.map(({ count, settings: own }) => [count, own])).toEqual([
      [9, { steps: 3 }],
      [3, { steps: 9 }],
    ]);
  });

  test("ends with the bits of one job, with any number of jobs and however often it is stopped", async () => {
    const whole = bits(await runSweep(await planned(descent(halving), { jobs: 1 })));
    expect(bits(await runSweep(await planned(descent(halving), { jobs: 7 })))).toEqual(whole);
    const store = memoryStore();
    let stops = 0;
    for (;;) {
      const stop = new AbortController();
      const control: SweepControl = {
        signal: stop.signal,
        // In the middle of a tuning trial, of another rung, and of a trial that is reported.
        onEvent: (event) => void (event.kind === "progress" && event.progress.step > 1 && stop.abort()),
      };
      const outcome = await runSweep(await planned(descent(halving), { store, jobs: 3 }), stops < 12 ? control : {});
      if (!outcome.interrupted) {
        expect(bits(outcome)).toEqual(whole);
        break;
      }
      stops += 1;
    }
    expect(stops).toBe(12);
  });

  test("done already, runs nothing; a larger number of settings keeps those that were tried", async () => {
    const store = memoryStore();
    await runSweep(await planned(descent(halving), { store }));
    const again = await planned(descent(halving), { store });
    expect([again.isTuned, again.pending]).toEqual([true, []]);
    const more = await planned(descent({ ...halving, trials: 10 }), { store });
    expect([more.isTuned, more.pending.length]).toEqual([false, 2]);
    const { tuning } = await runStudy(more).then(({ document }) => document);
    expect(tuning?.cells.map(({ tried }) => tried.length)).toEqual([10, 10]);
  });

  test("needs fewer steps at first than at last", async () => {
    const from = { halving: { setting: "steps", from: 27 } };
    await expect(planned(descent({ ...halving, by: from }))).rejects.toThrow(
      "tune.by.halving: steps begins with 27, and for parabola, plain it is 27; expected fewer than that",
    );
  });
});

test("a run retries failed tuning trials once, and only when asked", async () => {
  let broken = true;
  const fragile = descent(grid, {
    variants: { plain: {} },
    async trial(context: TrialContext<typeof settings>) {
      if (broken && context.tuning) throw new Error("no disk");
      return descend(context);
    },
  });
  const store = memoryStore();
  const first = await runSweep(await planned(fragile, { store }));
  expect(rates(first)).toEqual([undefined]);
  expect((await planned(fragile, { store })).pending).toEqual([]);
  const stillBroken = await runSweep(await planned(fragile, { store, retry: true }));
  expect(rates(stillBroken)).toEqual([undefined]);
  broken = false;
  const repaired = await runSweep(await planned(fragile, { store, retry: true }));
  expect(rates(repaired)).toEqual([{ optimizer: { rate: 0.3 } }]);
  expect(repaired.document.trials.map(({ status }) => status)).toEqual(["done", "done"]);
});

describe("a study says what cannot be tuned", () => {
  const wrong =
    (tune: object, more: object = {}) =>
    () =>
      Reflect.apply(study, undefined, [{ ...options, ...more, tune: { ...grid, ...tune } }]);

  test.each<[string, object, object, string]>([
    ["a metric of the test data", { metric: "test" }, {}, '"test" is measured on the test data, which tuning must not'],
    ["an unknown metric", { metric: "distanse" }, {}, 'unknown metric "distanse": did you mean "distance"?'],
    [
      "a metric without a direction",
      { metric: "norm" },
      { metrics: { norm: { label: "Norm", better: "neither" } } },
      'of "norm" neither higher nor lower values are better',
    ],
    [
      "a setting that a variant fixes",
      {},
      { variants: { fixed: { optimizer: { rate: 1 } } } },
      "variants.fixed.optimizer.rate: fixed here, and tune.over tunes it",
    ],
    [
      "a setting that a budget fixes for a task",
      {},
      { budgets: { quick: { perTask: { parabola: { optimizer: { rate: 1 } } } } } },
      "budgets.quick.perTask.parabola.optimizer.rate: fixed here",
    ],
    ["an unknown setting", { over: { rate: { choice: [1] } } }, {}, 'unknown setting "rate"'],
    ["another type", { over: { steps: { choice: ["many"] } } }, {}, 'steps: "many" is a string, expected a number'],
    ["an empty range", { over: { steps: { integer: [2, 1] } }, by: "random", trials: 1 }, {}, "integer from 2 to 1"],
    ["an unknown distribution", { over: { steps: { normal: [0, 1] } }, by: "random", trials: 1 }, {}, "known: uniform"],
    ["a range in a grid", { over: { steps: { integer: [1, 2] } } }, {}, "a range, and a grid needs its values"],
    ["trials of a grid", { trials: 3 }, {}, "leave trials out"],
    ["no number of trials", { by: "random" }, {}, "tune.trials: missing"],
    ["an unknown budget", { by: "random", trials: { full: 3, quik: 1 } }, {}, 'tune.trials: unknown budget "quik"'],
    ["an unknown option", { metrics: "distance" }, {}, 'unknown option "tune.metrics": did you mean "metric"?'],
    ["another way", { by: "bayes" }, {}, 'tune.by: expected "random", "grid" or'],
    [
      "a halved setting that is tuned",
      { ...halving, over: { steps: { integer: [1, 9] } } },
      {},
      'tune.by.halving.setting: "steps" is tuned too',
    ],
    ["several seeds with folds", { seeds: 2 }, { folds: 3 }, "tune.seeds: 2, but the study has folds"],
    ["a metric for no task", { metric: { parabel: "distance" } }, {}, 'tune.metric: unknown task "parabel"'],
    ["a task without a metric", { metric: {} }, {}, 'tune.metric: missing for the task "parabola"'],
    [
      "a test metric of a task",
      { metric: { parabola: "test" } },
      {},
      'tune.metric.parabola: "test" is measured on the',
    ],
    ["nothing", { over: {} }, {}, "tune.over: at least one setting is needed"],
  ])("%s", (_, tune, more, message) => {
    expect(wrong(tune, more)).toThrow(message);
  });

  test("a sweep with a budget whose settings are fixed", async () => {
    const over = { "optimizer.rate": { logUniform: [0.02, 0.3] } } as const;
    const random: Tune = { over, by: "random", trials: { full: 3, paper: 0 }, metric: "distance" };
    const published = descent(random, { budgets: { full: {}, paper: { optimizer: { rate: 0.3 } } } });
    expect((await planned(published)).trials).toHaveLength(6);
    await expect(planned(published, { budget: "paper" })).rejects.toThrow('nothing is tuned with the budget "paper"');
    expect(wrong(random, { budgets: { full: { optimizer: { rate: 0.3 } }, paper: {} } })).toThrow(
      "budgets.full.optimizer.rate: fixed here",
    );
  });

  test("a study without tuning, and a setting that is given and tuned", async () => {
    await expect(planned(study(options))).rejects.toThrow('the study "descent" does not say what a sweep tunes');
    await expect(planned(descent(), { asked: { settings: { optimizer: { rate: 1 } } } })).rejects.toThrow(
      "optimizer.rate is given, but the sweep tunes it",
    );
  });
});
