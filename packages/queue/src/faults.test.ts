import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import { childProcesses, folderStore, trialCode, type FolderStore } from "@sluice/runner";
import { planRun, runStudy, type RunEvent, type RunOutcome, type TrialRecord } from "@sluice/study";
import { executorStudy } from "@sluice/study/testing";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { proxyTo } from "../fixtures/proxy.ts";
import { noRedis, ownRedis, type OwnRedis } from "../fixtures/redis.ts";
import { nodeArguments, workerProcess, type WorkerProcess } from "../fixtures/workers.ts";
import { redisWorkers, type RedisWorkersOptions } from "./redis-workers.ts";

const module = fileURLToPath(new URL("../fixtures/executor.ts", import.meta.url));
const study = executorStudy();
const code = trialCode(module);

/** What two runs of a trial must have in common. */
const bits = ({ status, metrics, files }: TrialRecord): object => ({ status, metrics, files });

describe.skipIf(noRedis !== null)(`what goes wrong with a queue${noRedis === null ? "" : `: ${noRedis}`}`, () => {
  const scratch = mkdtempSync(join(tmpdir(), "sluice-faults-"));
  let redis: OwnRedis;
  let workers: WorkerProcess[] = [];
  let said: string[] = [];
  beforeAll(async () => {
    redis = await ownRedis(join(scratch, "redis"));
  });
  afterEach(async () => {
    for (const { child } of workers) child.kill("SIGCONT");
    for (const { child } of workers) child.kill("SIGTERM");
    await Promise.all(workers.map(({ ended }) => ended));
    [workers, said] = [[], []];
  });
  afterAll(async () => {
    await redis.kill();
    rmSync(scratch, { recursive: true, force: true });
  });

  const newStore = (): FolderStore => folderStore(mkdtempSync(join(scratch, "run-")));

  async function worker(options: Partial<Parameters<typeof workerProcess>[0]> = {}): Promise<WorkerProcess> {
    const given = { url: redis.url, folder: dirname(module), threads: 1, scratch, silence: 2, checkpoints: 0.2 };
    const started = await workerProcess({ ...given, ...options });
    workers.push(started);
    return started;
  }

  interface Ran extends RunOutcome {
    readonly events: readonly RunEvent[];
  }

  /** A run of one trial of a few seconds, or of some. */
  async function ran(
    {
      store = newStore(),
      seeds = 1,
      signal,
      steps = 150,
      ...options
    }: Partial<RedisWorkersOptions> & {
      readonly seeds?: number;
      readonly signal?: AbortSignal;
      readonly steps?: number;
    } = {},
    onEvent: (event: RunEvent) => void = () => {},
  ): Promise<Ran> {
    const executor = redisWorkers({ url: redis.url, module, store, ...options });
    const asked = { settings: { steps, wait: 20 }, variants: ["slow"] };
    const events: RunEvent[] = [];
    const run = await planRun(study, { store, executor, seeds, asked, code });
    const outcome = await runStudy(run, {
      ...(signal === undefined ? {} : { signal }),
      onEvent(event) {
        events.push(event);
        onEvent(event);
      },
      onNote: (text) => void said.push(text),
    });
    return { ...outcome, events };
  }

  let reference: Promise<readonly object[]> | undefined;
  /** The bits of these trials on one machine, undisturbed. */
  function undisturbed(): Promise<readonly object[]> {
    reference ??= (async () => {
      const store = newStore();
      const asked = { settings: { steps: 150, wait: 20 }, variants: ["slow"] };
      const executor = childProcesses({ module, store });
      const run = await planRun(study, { store, executor, seeds: 2, asked, code });
      return (await runStudy({ ...run, jobs: 2 })).records.map(bits);
    })();
    return reference;
  }

  async function expectUndisturbed({ records, ended }: RunOutcome): Promise<void> {
    expect(ended).toBeNull();
    expect(records.map(bits)).toEqual((await undisturbed()).slice(0, records.length));
  }

  const progressed = (event: RunEvent, step: number): boolean =>
    event.kind === "progress" && event.progress.step >= step;

  test("a worker that is killed: another goes on from the checkpoint that came last", async () => {
    const first = await worker();
    let killed = false;
    const outcome = await ran({}, (event) => {
      if (killed || !progressed(event, 60)) return;
      killed = true;
      first.child.kill("SIGKILL");
      void worker();
    });
    await expectUndisturbed(outcome);
    const resumed = outcome.events.flatMap((event) => (event.kind === "resumed" ? [event.step] : []));
    expect(resumed).toHaveLength(1);
    expect(resumed[0]).toBeGreaterThanOrEqual(10);
    const places = outcome.events.flatMap((event) => (event.kind === "started" ? [event.place] : []));
    expect(new Set(places).size).toBe(2);
  });

  test.runIf(inject("long")).each([{ empty: false }, { empty: true }])(
    "Redis ends and starts again, emptied: $empty",
    async ({ empty }) => {
      await worker({ parallel: 2 });
      let restarted: Promise<void> | undefined;
      const outcome = await ran({ seeds: 2 }, (event) => {
        if (progressed(event, 30))
          restarted ??= redis
            .kill()
            .then(() => wait(2500))
            .then(() => redis.restart({ empty }));
      });
      await restarted;
      await expectUndisturbed(outcome);
      expect(said.join("\n")).toMatch(/Redis at redis:\/\/127.0.0.1:\d+ is gone: .*\n.*is back after/);
    },
  );

  test.runIf(inject("long"))(
    "a slow worker comes back after another has its trial: one result, the same bits",
    async () => {
      const slow = await worker();
      let stopped = false;
      const outcome = await ran({}, (event) => {
        if (stopped || !progressed(event, 30)) return;
        stopped = true;
        // The trial's own process goes on, as it does on a machine whose network hangs.
        slow.child.kill("SIGSTOP");
        void worker().then(async (second) => {
          await second.until(({ kind }) => kind === "started");
          slow.child.kill("SIGCONT");
        });
      });
      await expectUndisturbed(outcome);
      for (const each of workers) await each.until(({ kind }) => kind === "ended");
      expect(
        workers
          .flatMap(({ printed }) => printed.filter(({ kind }) => kind === "ended").map(({ first }) => first))
          .sort(),
      ).toEqual([false, true]);
    },
  );

  test.runIf(inject("long"))(
    "a worker that is cut off by a partition: it goes on, and what it brings later is not needed",
    async () => {
      const proxy = await proxyTo(redis.port);
      const cutOff = await worker({ url: `redis://127.0.0.1:${proxy.port}` });
      let isCut = false;
      const outcome = await ran({}, (event) => {
        if (isCut || !progressed(event, 30)) return;
        isCut = true;
        proxy.cut();
        void worker();
      });
      await expectUndisturbed(outcome);
      proxy.mend();
      const { first } = await cutOff.until(({ kind }) => kind === "ended");
      proxy.close();
      expect(first).toBeTypeOf("boolean");
    },
  );

  test.runIf(inject("long"))(
    "a run that is cut off by a partition: workers go on, and it takes their results",
    async () => {
      const proxy = await proxyTo(redis.port);
      await worker({ parallel: 2 });
      let mended: Promise<void> | undefined;
      const outcome = await ran({ seeds: 2, url: `redis://127.0.0.1:${proxy.port}` }, (event) => {
        if (mended !== undefined || !progressed(event, 30)) return;
        proxy.cut();
        mended = wait(4000).then(() => proxy.mend());
      });
      await mended;
      proxy.close();
      await expectUndisturbed(outcome);
    },
  );

  test.runIf(inject("long"))("the same trial twice in the queue runs to one result", async () => {
    await worker({ parallel: 2 });
    const client = new Redis({ port: redis.port });
    const { Queue } = await import("bullmq");
    const queue = new Queue("sluice", { connection: client, prefix: "sluice" });
    let again: Promise<unknown> | undefined;
    const outcome = await ran({}, (event) => {
      if (again !== undefined || !progressed(event, 10)) return;
      again = queue
        .getActive()
        .then(([job]) => queue.add("trial", job?.data, { jobId: `${job?.id}`.replace(/.$/, "x") }));
    });
    await again;
    await expectUndisturbed(outcome);
    await queue.close();
    client.disconnect();
  });

  test.runIf(inject("long"))(
    "a worker with other code says what differs, and leaves the trial to one with the same",
    async () => {
      const other = join(scratch, "other");
      const path = ["packages", "queue", "fixtures"];
      mkdirSync(join(other, ...path), { recursive: true });
      writeFileSync(join(other, "pnpm-workspace.yaml"), "");
      writeFileSync(
        join(other, ...path, "executor.ts"),
        readFileSync(module, "utf8").replace("process.exit(3)", "process.exit(4)"),
      );
      symlinkSync(
        fileURLToPath(new URL("../node_modules", import.meta.url)),
        join(other, "packages", "queue", "node_modules"),
      );
      const wrong = await worker({ folder: other });
      void wrong
        .until(({ kind }) => kind === "said")
        .then(() => wait(6000))
        .then(() => worker());
      const outcome = await ran();
      await expectUndisturbed(outcome);
      const text = "does not take trials of packages/queue/fixtures/executor.ts: its code is another one: ";
      expect(said.join("\n")).toContain(text);
      expect(said.join("\n")).toContain("packages/queue/fixtures/executor.ts differs");
      expect(wrong.printed.some(({ kind }) => kind === "started")).toBe(false);
    },
  );

  test("a run that is killed: its trial is finished, and the next run of the folder takes the result", async () => {
    const store = newStore();
    const one = await worker();
    const program = fileURLToPath(new URL("../fixtures/run.ts", import.meta.url));
    const run = spawn(process.execPath, [...nodeArguments, program, redis.url, module, store.folder, "150"]);
    await one.until(({ kind }) => kind === "started");
    run.kill("SIGKILL");
    await one.until(({ kind }) => kind === "ended");
    await expectUndisturbed(await ran({ store }));
    expect(one.printed.filter(({ kind }) => kind === "started")).toHaveLength(1);
  });
});
