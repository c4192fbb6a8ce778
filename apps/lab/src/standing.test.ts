import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderStore } from "@sluice/runner/folder";
import { recordOf, UNFINISHED, type PlannedTrial } from "@sluice/study";
import { afterAll, expect, test } from "vitest";
import { takeLock } from "../../../packages/runner/src/folder/lock.ts";
import { standingRecords } from "./standing.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-standing-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("a trial whose process is alive is running, and interrupted once that is gone", async () => {
  const folder = join(scratch, "trials", "gru-0");
  mkdirSync(folder, { recursive: true });
  const place = { id: "1", study: "s", task: "t", variant: "GRU", seed: 0, config: {}, code: "", data: {} };
  const trial: PlannedTrial = { ...place, seedIndex: 0, folder: "gru-0" };
  const record = recordOf(trial, folder, UNFINISHED);
  const standing = async () => (await standingRecords(folderStore(scratch), [record])).records[0];
  expect(await standing()).toBe(record);
  const { lock } = takeLock(join(folder, "lock.json"));
  expect(await standing()).toMatchObject({
    status: "running",
    reason: expect.stringContaining(`process ${process.pid} on this machine`),
  });
  lock?.release();
  expect(await standing()).toBe(record);
});
