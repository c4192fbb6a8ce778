// A study with budgets, folds and a grid, run by an executor and kept in a store of one's own.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  better,
  crossed,
  foldRows,
  grid,
  planRun,
  randomSearch,
  runStudy,
  runTrial,
  stopping,
  study,
  type Executor,
  type Store,
} from "@sluice/study";
import { mapStore } from "./map-store.ts";

/** Numbers near 3, of which each fold holds some back. */
const numbers = Array.from({ length: 20 }, (_, i) => 3 + ((7 * i) % 5) / 10);
const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const shrinkage = study({
  name: "shrinkage",
  question: "How far should a mean be pulled to zero?",
  settings: { pull: 0, steps: 10, rate: 0.5, power: 2 },
  tasks: { threes: {} },
  variants: crossed({ squared: {}, absolute: { power: 1 } }, grid({ pull: [0, 1] })),
  seeds: 2,
  folds: 4,
  budgets: { glance: { folds: 2, seeds: 1, steps: 5 }, paper: { steps: 40 } },
  defaultBudget: "glance",
  metrics: { error: { label: "Error", better: "lower" } },
  claims: [
    {
      text: "No pull is better.",
      test: better({ task: "threes", metric: "error", variant: "squared, pull=0", than: "squared, pull=1" }),
    },
  ],
  async trial({ config, seed, fold, restored, signal, metric, checkpoint, progress }) {
    const { train, test: held } = foldRows(numbers.length, fold!, { seed: seed % 1000 });
    const [aim, truth] = [train, held].map((rows) => average(Array.from(rows, (row) => numbers[row]!)));
    let guess = restored === null ? 0 : Number(restored.state);
    for (let step = (restored?.step ?? 0) + 1; step <= config.steps; step++) {
      guess += config.rate * (aim! - guess - config.pull * guess);
      const off = guess - truth!;
      metric({ step, error: config.power === 1 ? Math.abs(off) : off * off });
      await checkpoint(step, new Uint8Array(), guess);
      await progress({ step, steps: config.steps });
      signal.throwIfAborted();
    }
  },
});

/** Runs trials one after the other, and stops each after the checkpoint of step `stopAt`. */
function inOrder({ stopAt }: { readonly stopAt?: number } = {}): Executor & { readonly ran: string[] } {
  const ran: string[] = [];
  return {
    ran,
    async run(trial, { study: given, signal: _, kill: _kill, limit: _limit, onResumed, onProgress, store, ...start }) {
      ran.push(trial.folder);
      const stop = new AbortController();
      const checkpointed = (step: number): void => {
        if (step === stopAt) stop.abort(stopping({ status: "interrupted", reason: "told to stop" }));
      };
      await runTrial(
        { ...start, trial, study: async () => given, store: watched(store, checkpointed) },
        { signal: stop.signal, onResumed, onProgress },
      );
      return null;
    },
  };
}

/** The store, which tells of each checkpoint. */
const watched = (store: Store, checkpointed: (step: number) => void): Store => ({
  ...store,
  async openTrial(...given) {
    const session = await store.openTrial(...given);
    return {
      ...session,
      async checkpoint(checkpoint) {
        await session.checkpoint(checkpoint);
        checkpointed(checkpoint.step);
      },
    };
  },
});

test("budgets, folds and a grid make the trials", async () => {
  const executor = inOrder();
  const glance = await planRun(shrinkage, { store: mapStore(), executor });
  assert.equal(glance.budget, "glance");
  assert.equal(glance.trials.length, 4 * 1 * 2);
  const paper = await planRun(shrinkage, { store: mapStore(), executor, budget: "paper" });
  assert.equal(paper.trials.length, 4 * 2 * 4);
  assert.equal(paper.trials[0]!.config["steps"], 40);
  assert.equal(Object.keys(randomSearch({ rate: { uniform: [0, 1] } }, { draws: 3, seed: 1 })).length, 3);
});

test("a run leaves its results in the store, and another runs nothing twice", async () => {
  const store: Store = mapStore();
  const executor = inOrder();
  const { document, problems } = await runStudy(await planRun(shrinkage, { store, executor }));
  assert.deepEqual(problems, []);
  assert.equal(executor.ran.length, 8);
  assert.deepEqual(await store.readDocument(), document);
  const again = await planRun(shrinkage, { store, executor });
  assert.equal(again.pending.length, 0);
  assert.ok(again.records.every(({ status }) => status === "done"));
});

test("interrupted trials go on from their checkpoint, to the same report", async () => {
  const [whole, halved] = [mapStore(), mapStore()];
  const uninterrupted = await runStudy(await planRun(shrinkage, { store: whole, executor: inOrder() }));
  // An interruption ends a run, so it takes one run for each trial. The next run finishes the trial first.
  for (let run = 0; run < 8; run++)
    await runStudy(await planRun(shrinkage, { store: halved, executor: inOrder({ stopAt: 3 }) }));
  const resumed: number[] = [];
  const rest = await planRun(shrinkage, { store: halved, executor: inOrder() });
  const { document } = await runStudy(rest, {
    onEvent: (event) => void (event.kind === "resumed" && resumed.push(event.step)),
  });
  assert.deepEqual(resumed, [3]);
  assert.deepEqual(document.summary, uninterrupted.document.summary);
});
