import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderStore } from "@sluice/runner/folder";
import { identified, recordOf, UNFINISHED } from "@sluice/study";
import { afterAll, expect, test } from "vitest";
import { standingRecords } from "./standing.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-standing-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("a trial whose process is alive is running, and interrupted once that is gone", async () => {
  const store = folderStore(scratch);
  const trial = identified({ study: "s", task: "t", variant: "GRU", seed: 0, config: {}, code: "", data: {} });
  const record = recordOf(trial, store.folderOf(trial), UNFINISHED);
  const standing = async () => (await standingRecords(store, [record])).records[0];
  expect(await standing()).toBe(record);
  const unknown = { engine: null, os: null, cpu: null, cores: null, memoryGiB: null, git: null };
  const session = await store.openTrial(trial, {
    environment: { runtime: "test", ...unknown, threads: 1, command: "test" },
    changes: "",
    signal: new AbortController().signal,
  });
  expect(await standing()).toMatchObject({
    status: "running",
    reason: expect.stringContaining(`process ${process.pid} on this machine`),
  });
  await session.close();
  expect(await standing()).toBe(record);
});
