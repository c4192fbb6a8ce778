import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import { readProcesses } from "./child/process-table.ts";
import { sha256 } from "./folder/sha256.ts";

// The promise: whatever is killed and whenever, the same command goes on and ends with the bits of a run that was left
// alone.

const scratch = mkdtempSync(join(tmpdir(), "sluice-kills-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const module = fileURLToPath(new URL("../fixtures/killed.ts", import.meta.url));

interface Run {
  readonly process: ChildProcess;
  readonly ended: Promise<string>;
}

/** The study in a process of its own. Prints how its trials ended, or why it could not run. */
function start(out: string): Run {
  const script = `
    import { prepareRun } from "@sluice/runner";
    import { runStudy } from "@sluice/study";
    const run = await prepareRun({ module: ${JSON.stringify(module)}, jobs: 2, retry: true, out: ${JSON.stringify(out)} });
    console.log(await runStudy(run).then(({ records }) => records.map(({ status, reason }) => reason ?? status).join("; "), String));`;
  const child = spawn(process.execPath, ["--conditions=@sluice/source", "--input-type=module", "-e", script], {
    cwd: fileURLToPath(new URL("../../../tests", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (part) => (text += part));
  return { process: child, ended: new Promise((settle) => child.once("close", () => settle(text.trim()))) };
}

const allDone = "done; done; done; done";

/** Drafts of locks and reports. Another process may be writing them, so they stay for two minutes. They do no harm. */
const mayStay = /^(lock\.json|results\.json|report\.html)\.\w+\.draft$|lock\.json\.\w+\.draft$/;

/** What two runs of the same trials must have in common, as hashes: every file, but for times, places and logs. */
function bits(out: string): Readonly<Record<string, string>> {
  const files = readdirSync(join(out, "trials"), { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    files.flatMap((name) => {
      const path = join(out, "trials", name);
      if (!statSync(path).isFile() || /log\.txt$|environment\.json|\.diff$|checkpoints/.test(name)) return [];
      if (mayStay.test(name)) return [];
      const bytes = readFileSync(path);
      if (!name.endsWith("result.json")) return [[name, sha256(bytes)]];
      const { timings: _, seal: _seal, ...result } = JSON.parse(bytes.toString("utf8"));
      return [[name, JSON.stringify(result)]];
    }),
  );
}

/**
 * What a process leaves that was killed as it wrote a file, or while it had a folder's lock, but for what may stay.
 */
const leftovers = (out: string): string[] =>
  readdirSync(out, { recursive: true, encoding: "utf8" }).filter(
    (name) => /\.draft$|lock\.json|\.after-/.test(name) && !mayStay.test(name),
  );

/** Waits until a run has started trials, or is over. */
async function trialsOf({ process: runner, ended }: Run): Promise<void> {
  let isOver = false;
  void ended.then(() => (isOver = true));
  while (!isOver && ![...readProcesses().values()].some(({ parent }) => parent === runner.pid)) await wait(20);
}

type Target = "runner" | "trial" | "both";

function kill({ process: runner }: Run, target: Target): void {
  const trials = [...readProcesses().values()].filter(({ parent }) => parent === runner.pid);
  const [trial] = trials;
  if (target !== "trial" || trial === undefined) runner.kill("SIGKILL");
  if (target !== "runner" && trial !== undefined)
    try {
      process.kill(trial.pid, "SIGKILL");
    } catch {
      // It has ended since.
    }
}

const kills = inject("long") ? 200 : 3;

test(
  `a run that is killed at ${kills} random moments ends with the bits of one that was left alone`,
  { timeout: 7_200_000 },
  async () => {
    const whole = join(scratch, "whole");
    const first = start(whole);
    await trialsOf(first);
    const began = performance.now();
    expect(await first.ended).toBe(allDone);
    let duration = performance.now() - began;
    const undisturbed = bits(whole);
    expect(Object.keys(undisturbed).filter((name) => /curves\.json|end\.bin|steps\.json/.test(name))).toHaveLength(12);
    expect(leftovers(whole)).toEqual([]);

    const moments = fc.sample(
      fc.record({ share: fc.nat(999), target: fc.constantFrom<Target>("runner", "trial", "both") }),
      kills,
    );
    let [run, ended] = [1, 0];
    const folder = (): string => join(scratch, `killed-${run}`);
    /** Nothing that was killed may have changed a bit, or left anything that is in the way. */
    const expectWhole = (): void => {
      expect(leftovers(folder()).map((name) => relative(scratch, join(folder(), name)))).toEqual([]);
      expect(bits(folder())).toEqual(undisturbed);
      rmSync(folder(), { recursive: true });
      run += 1;
    };
    for (const [index, { share, target }] of moments.entries()) {
      const going = start(folder());
      // A tenth of the moments are before the trials start, where there is less to go wrong.
      if (share >= 100) await trialsOf(going);
      const from = performance.now();
      const over = await Promise.race([going.ended, wait((duration * share) / 1000)]);
      if (over === undefined) kill(going, target);
      const said = await going.ended;
      if (said === "") ended += 1;
      // A run may be over before its moment, or despite the end of one of its trials.
      if (said === allDone) expectWhole();
      // How long a run takes depends on what else the machine does. The moments should be spread over all of it.
      if (over !== undefined) duration = Math.max(duration / 2, performance.now() - from);
      else if (run < index / 8) duration *= 1.1;
      if (index % 20 === 19) console.log(`${index + 1} moments: ${ended} runners killed, ${run - 1} runs whole`);
    }
    for (let tries = 0; (await start(folder()).ended) !== allDone; tries += 1) expect(tries).toBeLessThan(5);
    expectWhole();
    // Otherwise too little was killed for the test to say anything.
    expect(ended).toBeGreaterThanOrEqual(inject("long") ? kills / 4 : 0);
    console.log(`${kills} moments: ${ended} runners killed, ${run - 1} runs whole`);
  },
);
