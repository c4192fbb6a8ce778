import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { weightsHash } from "@sluice/formats";
import { loadTrial, prepareRun } from "@sluice/runner";
import { runStudy, trialConfig } from "@sluice/study";
import { key } from "@sluice/tensor";
import { afterAll, describe, expect, test } from "vitest";
import { runInMemory, type Left, type MemoryContextOptions } from "@sluice/trials/testing";
import { digitModel } from "./model.ts";
import tiny, { size } from "./fixtures/tiny.ts";
import digits from "./study.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-digits-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Config = (typeof tiny)["settings"];

const rows: Config = { ...tiny.settings, ...size, size: 14, cell: "lstm" };

const run = (given: Config, options: Omit<MemoryContextOptions<Config>, "config"> = {}) =>
  runInMemory(tiny, { config: given, ...options });

test("runs to its end and reports what was run", { timeout: 600_000 }, async () => {
  const module = fileURLToPath(new URL("./fixtures/tiny.ts", import.meta.url));
  const prepared = await prepareRun({ module, budget: "quick", out: scratch, jobs: 2 });
  expect(Object.keys(prepared.data)).toHaveLength(10);
  const { records, report } = await runStudy(prepared);
  expect(records.map(({ task, variant, status }) => [task, variant, status])).toEqual(
    ["rows", "pixels"].flatMap((task) => ["RNN", "GRU", "LSTM"].map((variant) => [task, variant, "done"])),
  );
  for (const { task, variant, folder, metrics, weights, warnings } of records) {
    const { config } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    expect(config).toEqual(trialConfig(tiny, { task, variant, budget: "quick" }));
    expect(config).toMatchObject({ cell: variant.toLowerCase(), by: task, hidden: 4, epochs: task === "rows" ? 3 : 1 });
    expect(Object.keys(metrics)).toEqual(["validation", "accuracy", "loss", "gradientNorm", "horizon"]);
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
    const input = task === "rows" ? config.size : 1;
    const like = digitModel({ cell: config.cell, input, hidden: config.hidden }).init(key(0));
    const loaded = await loadTrial(folder, { like });
    expect(await weightsHash(loaded.weights.last ?? {})).toBe(weights);
    expect(loaded.weights.best).toBeDefined();
    expect(warnings).toEqual([]);
  }
  const page = readFileSync(report, "utf8");
  for (const { weights } of records) expect(page).toContain(weights);
  for (const text of [
    "hidden 4",
    "learningRate 0.001",
    "Bai et al. 2018, table 1",
    "do not compare it with MNIST test accuracy",
    "dL/dhₜ",
    "start of training",
    "undecided",
  ])
    expect(page).toContain(text);
});

describe("a trial", () => {
  const whole = run(rows);

  test("takes a row of metrics at every point of its curves", async () => {
    const { left } = await whole;
    // 40 images in batches of 10, 3 epochs: 12 steps; a point every 3, a validation at first, every 5 and at last.
    expect(left.rows.filter((row) => "loss" in row).map(({ step }) => step)).toEqual([3, 6, 9, 12]);
    expect(left.rows.filter((row) => "validation" in row).map(({ step }) => step)).toEqual([0, 5, 10, 12]);
  });

  test("looks at the gradient of every state, at the start and the end", async () => {
    const { left } = await whole;
    const { gates, ...flow } = left.series;
    expect(Object.keys(gates?.lines ?? {}).sort()).toEqual(["forget", "input", "output"]);
    for (const openness of Object.values(gates?.lines ?? {}))
      expect(Array.from(openness).every((value) => value > 0 && value < 1)).toBe(true);
    expect(Object.keys(flow)).toEqual(["gradient-flow-1-0-h", "gradient-flow-2-0-c"]);
    for (const { x, lines } of Object.values(flow)) {
      expect(Array.from(x.values)).toEqual(Array.from({ length: 14 }, (_, t) => t + 1));
      expect(Object.keys(lines)).toEqual(["start of training", "end of training"]);
      expect(lines["start of training"]).not.toEqual(lines["end of training"]);
    }
    const horizons = left.rows.flatMap(({ step, horizon }) => (horizon === undefined ? [] : [{ step, horizon }]));
    expect(horizons.map(({ step }) => step)).toEqual([0, 5, 10, 12]);
    expect(horizons.every(({ horizon }) => horizon >= 0 && horizon <= 13)).toBe(true);
  });

  // Between two points of the loss curve; at a validation; after the last step.
  test.for([4, 5, 12])("that is stopped at step %i goes on to the same bits", async (stopAt) => {
    const stopped = await run(rows, { stopAt });
    expect(stopped.outcome).toBeNull();
    expect(stopped.left.checkpoint?.step).toBe(stopAt);
    expect(await run(rows, { from: stopped.left })).toEqual(await whole);
  });

  test("has the same bits with two threads", async () => {
    expect(await run(rows, { threads: 2 })).toEqual(await whole);
  });

  test("has other weights with another cell, and learns more with a larger step", async () => {
    const [{ outcome }, gru, fast] = await Promise.all([
      whole,
      run({ ...rows, cell: "gru" }),
      run({ ...rows, learningRate: 0.05 }),
    ]);
    expect(gru.outcome?.weights).not.toBe(outcome?.weights);
    const lossOf = ({ rows: curve }: Left): number => curve.findLast((row) => "loss" in row)?.["loss"] ?? NaN;
    expect(lossOf(fast.left)).toBeLessThan(lossOf((await whole).left));
  });

  test("that diverges says at which step and where", async () => {
    const { outcome, left } = await run({ ...rows, cell: "rnn", learningRate: 1e38 });
    expect(outcome).toBeNull();
    expect(left.diverged?.step).toBeGreaterThan(0);
    expect(left.diverged?.tensor).not.toBe("");
    expect(left.log[0]).toContain(`training diverged at step ${left.diverged?.step}`);
  });

  test("of a hidden size of 0 is an error that says so", async () => {
    await expect(run({ ...rows, hidden: 0 })).rejects.toThrow(/hidden.*0/);
  });
});

test("the published figures are marked as of another setting", () => {
  expect(digits.anchors.map(({ sameSetting }) => sameSetting)).not.toContain(true);
  expect(digits.anchors.map(({ variant }) => variant).every((variant) => variant in digits.variants)).toBe(true);
});
