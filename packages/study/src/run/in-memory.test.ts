import { sha256 } from "@sluice/formats";
import { describe, expect, test } from "vitest";
import { better } from "../claims/tests.ts";
import { study } from "../define-study.ts";
import type { TrialContext } from "../trial.ts";
import { inProcess } from "./in-process.ts";
import { memoryStore } from "./memory-store.ts";
import { planRun, type RunPlanOptions } from "./plan-run.ts";
import { runStudy } from "./run-study.ts";

const settings = { rate: 0.1, steps: 30, sabotage: "" };

/** x² from a place that the seed gives. Resumable, and it writes of everything that a trial can write. */
async function descend(context: TrialContext<typeof settings>) {
  const { config, restored, signal } = context;
  let [x = 0] = restored === null ? [1 + (context.seed % 100)] : new Float64Array(restored.bytes.slice().buffer);
  for (let step = (restored?.step ?? 0) + 1; step <= config.steps; step += 1) {
    x -= config.rate * 2 * x;
    if (config.sabotage === "throw" && step === 3) throw new Error("no way down");
    if (config.sabotage === "diverge" && step === 3) context.diverged({ step, tensor: "x" });
    context.metric({ step, distance: Math.abs(x) });
    await context.progress({ step, steps: config.steps });
    if (step % 10 === 0 || signal.aborted)
      await context.checkpoint(step, new Uint8Array(Float64Array.of(x).buffer), { x });
    signal.throwIfAborted();
  }
  await context.file("end.bin", new Uint8Array(Float64Array.of(x).buffer));
  context.series("path", { title: "Path", x: { label: "t", values: [1] }, y: { label: "x" }, lines: { end: [x] } });
}

const descent = study({
  name: "descent",
  question: "Does a larger rate find the minimum sooner?",
  settings,
  tasks: { parabola: {} },
  variants: { slow: {}, fast: { rate: 0.4 } },
  seeds: 6,
  budgets: { full: {}, quick: { seeds: 2 } },
  metrics: { distance: { label: "Distance", better: "lower" } },
  claims: [
    {
      text: "A larger rate ends nearer.",
      test: better({ task: "parabola", metric: "distance", variant: "fast", than: "slow" }),
    },
  ],
  trial: descend,
});

const planned = (options: Partial<RunPlanOptions> = {}, of = descent) =>
  planRun(of, { store: memoryStore(), executor: inProcess(), ...options });

describe("a study in this process and in memory", () => {
  test("runs, judges its claim and makes its report; run again, nothing runs twice", async () => {
    const store = memoryStore();
    const first = await runStudy(await planned({ store }));
    expect(first.records.map(({ status }) => status)).toEqual(Array(12).fill("done"));
    expect(first.document.claims).toMatchObject([{ verdict: "reproduced" }]);
    expect(store.report()).toContain("A larger rate ends nearer.");
    expect(first.problems).toEqual([]);
    for (const record of first.records) {
      const bytes = await store.readFile(record, "end.bin");
      expect(record.files).toEqual({ "end.bin": sha256(bytes) });
      expect(Math.abs(new Float64Array(bytes.slice().buffer)[0] ?? NaN)).toBe(record.metrics["distance"]);
      await expect(store.readFile(record, "none.bin")).rejects.toThrow('has no file "none.bin"');
    }
    const events: string[] = [];
    const again = await planned({ store });
    expect(again.pending).toEqual([]);
    const second = await runStudy(again, { onEvent: ({ kind }) => void events.push(kind) });
    expect(events).toEqual([]);
    expect(second.records.map(({ metrics }) => metrics)).toEqual(first.records.map(({ metrics }) => metrics));
  });

  test("that is stopped goes on from its checkpoint to the same numbers", async () => {
    const store = memoryStore();
    const stop = new AbortController();
    const one = { store, seeds: 1, jobs: 1 };
    const stopped = await runStudy(await planned(one), {
      signal: stop.signal,
      onEvent: (event) => void (event.kind === "progress" && stop.abort()),
    });
    expect(stopped.interrupted).toBe(true);
    expect(stopped.records.map(({ status }) => status)).toContain("waiting");
    const steps: number[] = [];
    const resumed = await runStudy(await planned(one), {
      onEvent: (event) => void (event.kind === "resumed" && steps.push(event.step)),
    });
    expect(steps).toHaveLength(1);
    const whole = await runStudy(await planned({ seeds: 1 }));
    const numbers = (of: typeof whole) => of.records.map(({ status, metrics }) => ({ status, metrics }));
    expect(numbers(resumed)).toEqual(numbers(whole));
  });

  test("counts trials that throw and diverge, and runs them again when asked", async () => {
    const troubled = study({
      ...optionsOf(descent),
      variants: { fine: {}, throwing: { sabotage: "throw" }, diverging: { sabotage: "diverge" } },
      seeds: 1,
      claims: [],
    });
    const store = memoryStore();
    const { records } = await runStudy(await planned({ store }, troubled));
    expect(records.map(({ status, reason }) => [status, reason])).toEqual([
      ["done", undefined],
      ["failed", "no way down"],
      ["diverged", "step 3: x is not finite"],
    ]);
    expect((await planned({ store }, troubled)).pending).toEqual([]);
    const retried = await planned({ store, retry: true }, troubled);
    expect(retried.pending.map(({ variant }) => variant)).toEqual(["throwing", "diverging"]);
    await runStudy(retried);
    expect(store.logOf(records.map(({ id }) => retried.trials.find((trial) => trial.id === id)!)[1]!)).toContain(
      "failed: no way down",
    );
  });

  test("takes one run at a time", async () => {
    const store = memoryStore();
    const [first, second] = await Promise.allSettled([
      runStudy(await planned({ store })),
      runStudy(await planned({ store })),
    ]);
    expect(first?.status).toBe("fulfilled");
    expect(second).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("another run") } });
  });

  test("tells a trial that reaches its limit to stop, and counts it as failed", async () => {
    const endless = study({
      ...optionsOf(descent),
      variants: { only: {} },
      claims: [],
      trial: ({ signal }) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason))),
    });
    const { records } = await runStudy(await planned({ seeds: 1, limit: 0.01 }, endless));
    expect(records).toMatchObject([{ status: "failed", reason: "it took longer than its limit of 0.01 s" }]);
  });
});

function optionsOf({ kind: _, ...options }: typeof descent) {
  return options;
}
