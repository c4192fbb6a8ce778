import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { weightsHash } from "@sluice/formats";
import { inProcess, planRun, runStudy, study, weightFiles } from "@sluice/study";
import { tensor } from "@sluice/tensor";
import { saveState } from "@sluice/train";
import { afterAll, expect, test } from "vitest";
import { folderStore } from "./folder/folder-store.ts";
import { loadTrial } from "./load-trial.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-load-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const weights = (value: number) => ({ layers: [{ W: tensor([value, 2], [2, 1]) }] });

const small = study({
  name: "small",
  question: "Is what was kept there?",
  settings: { value: 1 },
  tasks: { one: {} },
  variants: { kept: {}, bad: { value: -1 }, without: { value: 0 } },
  seeds: 1,
  metrics: { height: { label: "Height", better: "higher" } },
  async trial({ config, file, metric, diverged }) {
    metric({ step: 1, height: config.value });
    if (config.value < 0) diverged({ step: 1, tensor: "height" });
    if (config.value === 0) return {};
    await file(weightFiles.last, await saveState(weights(config.value)));
    await file(weightFiles.best, await saveState(weights(2 * config.value)));
    return { weights: await weightsHash(weights(config.value)), varies: "it rounds as it likes" };
  },
});

test("a trial is read back from its folder, and what is damaged is named", async () => {
  const store = folderStore(join(scratch, "runs"));
  const { records } = await runStudy(await planRun(small, { store, executor: inProcess() }));
  const folderOf = (variant: string): string => records.find((record) => record.variant === variant)?.folder ?? "";

  const kept = await loadTrial(folderOf("kept"), { like: weights(0) });
  expect(kept.config).toEqual({ value: 1 });
  expect(kept.identity).toMatchObject({ study: "small", task: "one", variant: "kept", seed: 0 });
  expect(kept.metrics).toEqual([{ step: 1, height: 1 }]);
  expect(kept.outcome).toMatchObject({ status: "done", metrics: { height: 1 }, varies: "it rounds as it likes" });
  expect(kept.weights).toEqual({ last: weights(1), best: weights(2) });
  expect(await weightsHash(kept.weights.last ?? {})).toBe(kept.outcome.weights);
  const flat = await loadTrial(folderOf("kept"));
  expect(flat.weights.best).toEqual({ "layers.0.W": weights(2).layers[0]?.W });

  const bad = await loadTrial(folderOf("bad"));
  expect([bad.outcome.status, bad.weights, bad.files]).toEqual(["diverged", {}, {}]);
  expect((await loadTrial(folderOf("without"))).weights).toEqual({});

  const file = join(folderOf("kept"), "files", weightFiles.best);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(file, bytes);
  await expect(loadTrial(folderOf("kept"))).rejects.toThrow(`${file}: damaged`);
  rmSync(join(folderOf("without"), "result.json"));
  await expect(loadTrial(folderOf("without"))).rejects.toThrow("the trial has not finished");
  await expect(loadTrial(join(scratch, "none"))).rejects.toThrow("there is no such folder");
});
