import { execFileSync, spawn } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { endFamily } from "./end-family.ts";
import { familyOf, readProcesses } from "./process-table.ts";
import { suspendWithTrials } from "./suspend.ts";

/** Whether processes are stopped, as `ps` says it. */
const areStopped = (pids: readonly number[]): readonly boolean[] =>
  execFileSync("ps", ["-o", "stat=", ...pids.flatMap((pid) => ["-p", String(pid)])], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((state) => state.startsWith("T"));

/** Processes end up in a state soon after they were signalled. */
async function until(is: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !is(); tries += 1) await wait(20);
  expect(is()).toBe(true);
}

test.skipIf(process.platform === "win32")(
  "a trial and what it has started stop, and go on with the runner",
  async () => {
    const trial = spawn("sh", ["-c", "sleep 600 & wait"], { detached: true, stdio: "ignore" });
    const pid = trial.pid ?? 0;
    onTestFinished(() => endFamily(pid));
    const family = (): readonly number[] => familyOf(pid, readProcesses()).map((one) => one.pid);
    await until(() => family().length === 2);
    let stopped: readonly boolean[] = [];
    suspendWithTrials(() => {
      for (let tries = 0; tries < 200 && stopped.filter(Boolean).length < 2; tries += 1) stopped = areStopped(family());
    });
    expect(stopped).toEqual([true, true]);
    await until(() => areStopped(family()).every((is) => !is));
  },
);

test.skipIf(process.platform === "win32")(
  "a trial of a runner that is killed while both are stopped goes on",
  async () => {
    const script = `
    import { spawn } from "node:child_process";
    import { suspendWithTrials } from ${JSON.stringify(fileURLToPath(new URL("suspend.ts", import.meta.url)))};
    console.log(spawn("sleep", ["600"], { detached: true, stdio: "ignore" }).pid);
    setTimeout(() => suspendWithTrials(() => process.kill(process.pid, "SIGSTOP")), 50);`;
    const runner = spawn(process.execPath, ["--conditions=@sluice/source", "--input-type=module", "-e", script]);
    const trial = await new Promise<number>((settle) => runner.stdout.once("data", (text) => settle(Number(text))));
    onTestFinished(() => endFamily(trial));
    await until(() => areStopped([trial, runner.pid ?? 0]).every(Boolean));
    runner.kill("SIGKILL");
    await until(() => !areStopped([trial])[0]);
  },
);
