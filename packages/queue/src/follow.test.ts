import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import { captureEnvironment, folderStore, trialCode } from "@sluice/runner";
import { planRun } from "@sluice/study";
import { executorStudy } from "@sluice/study/testing";
import { Queue, Worker } from "bullmq";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noRedis, ownRedis, type OwnRedis } from "../fixtures/redis.ts";
import { follow } from "./follow.ts";
import { BULL_PREFIX, jobOf, keysOf, placeOf } from "./keys.ts";
import { openLine } from "./line.ts";
import { redisWorkers } from "./redis-workers.ts";
import type { Jobs, Watch } from "./watch.ts";
import { handResult } from "./worker/run-job.ts";

const module = fileURLToPath(new URL("../fixtures/executor.ts", import.meta.url));
const unseen: Jobs = { number: 1, waiting: new Set(), active: new Set(), failed: new Set(), workers: 0, refusals: {} };

describe.skipIf(noRedis !== null)(`a trial that is followed${noRedis === null ? "" : `: ${noRedis}`}`, () => {
  const scratch = mkdtempSync(join(tmpdir(), "sluice-follow-"));
  let redis: OwnRedis;
  beforeAll(async () => {
    redis = await ownRedis(join(scratch, "redis"));
  });
  afterAll(async () => {
    await redis.kill();
    rmSync(scratch, { recursive: true, force: true });
  });

  test("is not given up by a look at the jobs from before it was submitted", async () => {
    const store = folderStore(join(scratch, "run"));
    const executor = redisWorkers({ url: redis.url, module, store });
    const asked = { variants: ["slow"] };
    const { trials } = await planRun(executorStudy(), { store, executor, seeds: 1, asked, code: trialCode(module) });
    const trial = trials[0]!;
    const [line, keys, place] = [await openLine(redis.url, { say: () => {} }), keysOf("sluice"), placeOf(store.folder)];
    const queue = new Queue("sluice", { connection: line.redis, prefix: BULL_PREFIX });
    const job = jobOf(place, trial.id);
    const held = Promise.withResolvers<void>();
    const connection = { host: "127.0.0.1", port: redis.port, maxRetriesPerRequest: null };
    const worker = new Worker("sluice", () => held.promise, { connection, prefix: BULL_PREFIX });
    const stop = new AbortController();
    worker.on("active", () => stop.abort());

    let looks = 0;
    const watch: Watch = {
      async next() {
        looks += 1;
        await wait(20);
        return { news: {}, results: await line.redis.hgetall(keys.results(place)), jobs: unseen };
      },
      looked: () => unseen.number,
      end() {},
    };
    const { environment, changes } = captureEnvironment({ module, threads: 1, command: "test" });
    const never = new AbortController().signal;
    const told = { onResumed() {}, onProgress() {} };
    const limits = { threads: 1, dataFolder: null, environment, changes, limit: null, memory: null };
    const desk = { line, queue, keys, place, store, module: `./${dirname(module)}` };
    const task = { ...limits, ...told, signal: stop.signal, kill: never };
    const outcome = follow({ desk, watch, job, trial, task, say: () => {} });

    let ended = false;
    void outcome.then(() => (ended = true));
    await new Promise<void>((settle) => worker.once("active", () => settle()));
    const before = looks;
    while (!ended && looks < before + 50) await wait(10);
    expect(ended).toBe(false);
    expect(await line.redis.hget(keys.orders(place), job)).toBe("stop");
    const nothing = { worker: "w", resumed: null, progress: null, parcel: null };
    await handResult({ line, keys }, { job, place }, { ...nothing, status: "interrupted", reason: "by its worker" });
    expect(await outcome).toMatchObject({ status: "interrupted", reason: "by its worker" });

    held.resolve();
    await worker.close();
    await queue.close();
    line.close();
  });
});
