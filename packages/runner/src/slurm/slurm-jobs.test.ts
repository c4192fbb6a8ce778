import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { executorStudy, executorSuite } from "@sluice/study/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { noSlurmBecause, startSlurm, type SlurmCluster } from "../../fixtures/slurm-cluster.ts";
import { folderStore } from "../folder/folder-store.ts";
import { slurmJobs } from "./slurm-jobs.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-slurm-jobs-"));
const module = fileURLToPath(new URL("../../fixtures/executor.ts", import.meta.url));
const pace = { filesMs: 100, slurmMs: 500, patience: 5 };

const missing = noSlurmBecause();
describe.skipIf(missing !== null)(`on a real Slurm${missing === null ? "" : ` (${missing})`}`, () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await startSlurm();
    process.env["SLURM_CONF"] = cluster.configuration;
  });
  afterAll(async () => {
    await cluster?.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  const laws = executorSuite((store) => slurmJobs({ module, store, pace }), {
    newStore: () => folderStore(mkdtempSync(join(scratch, "run-"))),
    study: executorStudy(),
  });
  test.each(laws)("$name", ({ run }) => run());
});
