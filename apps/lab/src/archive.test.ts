import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderStore } from "@sluice/runner";
import { inProcess, planRun, runStudy } from "@sluice/study";
import { afterAll, expect, test } from "vitest";
import line from "../../../packages/runner/fixtures/line.ts";
import { commandIn, fixture } from "../fixtures/command.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-archive-command-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const { sluice } = commandIn(scratch);

test("a trial of an archived run is run again by its id, with the same bits", async () => {
  const store = folderStore(join(scratch, "runs"));
  const options = { store, executor: inProcess(), budget: "quick", seeds: 2, module: fixture("line") };
  const { records } = await runStudy(await planRun(line, options));
  const archived = await sluice("archive", "runs", "kept", "--json");
  expect([archived.code, JSON.parse(archived.stdout)]).toMatchObject([0, { planned: 8, archived: 8, others: 0 }]);
  expect(readdirSync(join(scratch, "kept")).sort()).toEqual(["study.json", "trials.jsonl"]);
  const id = records[3]?.id ?? "";
  const verified = await sluice("verify", "kept", "--trial", id.slice(0, 10), "--json");
  expect(JSON.parse(verified.stdout)).toMatchObject([{ id, agreement: "bitwise the same", parting: null }]);
});
