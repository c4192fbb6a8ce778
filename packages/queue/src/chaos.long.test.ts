import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { noRedis, ownRedis } from "../fixtures/redis.ts";

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const sluice = at("apps/lab/src/main.ts");
const study = at("packages/runner/fixtures/tuned.ts");
// 8 tuning trials, and 2 variants of so many seeds.
const sweepOf = (seeds: number): string[] => [
  "sweep",
  study,
  "--budget",
  "slow",
  "--seeds",
  String(seeds),
  "pauseMs=25",
];

const scratch = mkdtempSync(join(tmpdir(), "sluice-chaos-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A command that can be killed and started again. */
function command(name: string, ...args: readonly string[]) {
  let child: ChildProcess;
  let printed = "";
  let ended: Promise<number | null>;
  let from = 0;
  const start = (): void => {
    from = printed.length;
    child = spawn(process.execPath, ["--conditions=@sluice/source", sluice, ...args], {
      // A worker runs the studies of the checkout that it is started in.
      cwd: at(""),
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part) => (printed += part));
    const own = child;
    ended = new Promise((settle) => own.once("exit", settle));
  };
  start();
  return {
    name,
    start,
    async kill(signal: NodeJS.Signals = "SIGKILL") {
      child.kill(signal);
      await ended;
    },
    ended: () => ended,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    foundNoRedis: () => child.exitCode === 1 && /Start redis-server there/.test(printed.slice(from)),
    printed: () => printed,
  };
}

/** What two runs must have in common, to the bit. */
function bits(out: string): readonly object[] {
  return readdirSync(join(out, "trials"))
    .sort()
    .map((name) => {
      const file = (path: string): string => readFileSync(join(out, "trials", name, path), "utf8");
      const { timings: _, seal: _seal, ...result } = JSON.parse(file("result.json"));
      return { name, result, metrics: file("metrics.jsonl"), artifacts: file("artifacts/residual.json") };
    });
}

/** Numbers that look random and are the same in every test (Numerical Recipes' generator). */
function drawing(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const parts = ["run", "redis", "worker 1", "worker 2"];

/** Whom to kill, in any order: each of them as often, and once in ten times Redis loses all that it has. */
const victimsOf = (kills: number): string[] =>
  Array.from({ length: kills }, (_, i) => (i % 10 === 9 ? "redis emptied" : (parts[i % parts.length] ?? "run")));

// Two runs, one of them disturbed: some minutes.
test.skipIf(noRedis !== null).each([
  { seeds: 26, kills: 10 },
  { seeds: 96, kills: 100 },
])(
  `a sweep with $seeds seeds over two workers, killed $kills times, has the bits of one that was not${noRedis === null ? "" : `: ${noRedis}`}`,
  { timeout: 3_600_000 },
  async ({ seeds, kills }) => {
    const [sweep, trials] = [sweepOf(seeds), 8 + 2 * seeds];
    const whole = join(scratch, `whole ${seeds}`);
    const undisturbed = command("undisturbed", ...sweep, "--jobs", "2", "--out", whole);
    expect(await undisturbed.ended()).toBe(0);

    const out = join(scratch, `killed ${seeds}`);
    const redis = await ownRedis(join(scratch, `redis ${seeds}`));
    const worker = (n: number) => command(`worker ${n}`, "worker", redis.url, "--threads", "1", "--scratch", scratch);
    const workers = [worker(1), worker(2)];
    const run = command("run", ...sweep, "--on", redis.url, "--out", out);
    const below = drawing(Number(process.env["SLUICE_SEED"] ?? 1));
    const victims = victimsOf(kills);
    const began = performance.now();
    const killed: string[] = [];
    const done = (): number => {
      try {
        return bitsDone(out);
      } catch {
        return 0;
      }
    };
    // A runner that finds no Redis when it starts says so and ends: then it is started again.
    const isRunning = (): boolean => {
      if (!run.isRunning() && run.foundNoRedis()) run.start();
      return run.isRunning();
    };
    while (victims.length > 0 && isRunning()) {
      // Spread over the sweep, however slow the machine is: the next one after some more trials are done.
      const due = Math.floor(((trials - 10) * killed.length) / kills) + 1;
      while (isRunning() && done() < due) await wait(50);
      await wait(below(1500));
      if (!isRunning()) break;
      const [victim = "run"] = victims.splice(below(victims.length), 1);
      killed.push(`${Math.round((performance.now() - began) / 1000)} s: ${victim}, ${done()} trials done`);
      const pause = below(2500);
      if (victim.startsWith("redis")) {
        await redis.kill();
        await wait(pause);
        await redis.restart({ empty: victim.endsWith("emptied") });
        continue;
      }
      const found = [run, ...workers].find(({ name }) => name === victim) ?? run;
      await found.kill();
      await wait(pause);
      found.start();
    }
    let code = await run.ended();
    while (isRunning()) code = await run.ended();
    console.log([...killed, `${Math.round((performance.now() - began) / 1000)} s: ended with ${code}`].join("\n"));
    for (const each of workers) await each.kill("SIGTERM");
    await redis.kill();
    if (code !== 0) console.log(run.printed(), workers.map((each) => each.printed()).join("\n---\n"));
    expect(killed).toHaveLength(kills);
    expect(code).toBe(0);
    const found = bits(out);
    expect(found).toHaveLength(trials);
    expect(found).toEqual(bits(whole));
  },
);

const bitsDone = (out: string): number =>
  readdirSync(join(out, "trials")).filter((name) => {
    try {
      return readFileSync(join(out, "trials", name, "result.json"), "utf8").length > 0;
    } catch {
      return false;
    }
  }).length;
