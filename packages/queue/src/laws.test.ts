import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { folderStore, trialCode } from "@sluice/runner";
import { executorStudy, executorSuite } from "@sluice/study/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { noRedis, ownRedis, type OwnRedis } from "../fixtures/redis.ts";
import { workerProcess, type WorkerProcess } from "../fixtures/workers.ts";
import { redisWorkers } from "./redis-workers.ts";

const module = fileURLToPath(new URL("../fixtures/executor.ts", import.meta.url));

describe.skipIf(noRedis !== null)(`the laws of executors, by a worker${noRedis === null ? "" : `: ${noRedis}`}`, () => {
  const scratch = mkdtempSync(join(tmpdir(), "sluice-queue-"));
  let redis: OwnRedis;
  let worker: WorkerProcess;
  beforeAll(async () => {
    redis = await ownRedis(join(scratch, "redis"));
    worker = await workerProcess({ url: redis.url, folder: dirname(module), parallel: 4, threads: 1, scratch });
  });
  afterAll(async () => {
    worker.child.kill("SIGTERM");
    await worker.ended;
    await redis.kill();
    rmSync(scratch, { recursive: true, force: true });
  });

  const laws = executorSuite((store) => redisWorkers({ url: redis.url, module, store }), {
    newStore: () => folderStore(mkdtempSync(join(scratch, "run-"))),
    study: executorStudy(),
    code: trialCode(module),
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});
