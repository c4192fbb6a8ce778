import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { noSlurmBecause, startSlurm, type SlurmCluster } from "../../../packages/runner/fixtures/slurm-cluster.ts";
import { fakeSlurm, type FakeSlurm } from "../../../packages/runner/fixtures/slurm-fake.ts";
import { executorOn } from "./executors.ts";
import { bits, commandIn, fixture } from "../fixtures/command.ts";
import { commandHere } from "../fixtures/command-here.ts";
import { addStatus } from "./commands/status.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-lab-slurm-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const { start, sluice } = commandIn(scratch);

test.each([
  [{ on: "moon" }, "--on moon: expected local, slurm or redis"],
  [{ slurm: ["mem=4G"] }, "--slurm needs --on slurm"],
  [{ slurmSetup: "setup.sh" }, "--slurm-setup needs --on slurm"],
  [{ detach: true }, "--detach needs --on slurm"],
  [{ on: "slurm", slurm: ["array=1-9"] }, "--slurm array: this option cannot be given"],
  [{ on: "slurm", slurmSetup: "nowhere.sh" }, "--slurm-setup: cannot read"],
])("%o is refused", (flags, message) => {
  expect(() => executorOn(flags, { folder: scratch })).toThrow(message);
});

describe("without a cluster", () => {
  let slurm: FakeSlurm;
  const path = process.env["PATH"];
  beforeEach(() => {
    slurm = fakeSlurm(scratch);
    process.env["PATH"] = slurm.path;
  });
  afterEach(() => {
    process.env["PATH"] = path;
  });

  test("a partition that is not there is one line and exit code 2", async () => {
    slurm.answer("sbatch", "sbatch: error: invalid partition specified: gpu", 1);
    slurm.answer("sinfo", "main\n");
    const out = join(scratch, "partition");
    const on = ["--on", "slurm", "--slurm", "partition=gpu,mem=4G"];
    const { code, stderr } = await sluice("run", fixture("line"), "--budget", "quick", "--out", out, ...on);
    expect(stderr).toBe(
      "--on slurm: sbatch refuses the jobs: invalid partition specified: gpu. Likely fix: choose one with --slurm partition=NAME; the cluster has main\n",
    );
    expect(code).toBe(2);
  });

  test("the report says how to run it again, with the options of the cluster", async () => {
    slurm.answer("sbatch", "7\n");
    slurm.answer("squeue", "7_0|PENDING|Resources\n7_1|PENDING|Resources\n");
    writeFileSync(join(scratch, "setup.sh"), "module load nodejs\n");
    const out = join(scratch, "again");
    const on = [
      "--on",
      "slurm",
      "--slurm",
      "partition=gpu,mem=4G",
      "--slurm-setup",
      "setup.sh",
      "--jobs",
      "1",
      "--detach",
    ];
    const one = ["--budget", "quick", "--seeds", "1", "--task", "low noise", "--out", out];
    const { code, stdout } = await sluice("run", fixture("line"), ...one, ...on);
    expect(stdout).toContain("2 trials go on: Slurm job 7. The same command follows them to the report.");
    expect(code).toBe(0);
    const { command } = JSON.parse(readFileSync(join(out, "study.json"), "utf8"));
    expect(command).toMatch(/--on slurm --slurm partition=gpu,mem=4G --slurm-setup setup.sh$/);
    expect(slurm.calls("sbatch")[0]).toMatch(/--array=0-1%1 .* --partition=gpu --mem=4G /);
    const [array = ""] = readdirSync(join(out, "slurm"));
    expect(readFileSync(join(out, "slurm", array, "job.sh"), "utf8")).toContain("\nmodule load nodejs\n");

    // The trials have no folder yet, or one without a result. Slurm knows more.
    const status = commandHere(scratch, addStatus);
    expect((await status(out)).stdout).toBe("line, quick: 2 queued\n\n2 trials in Slurm's queue: no node is free\n");
    slurm.answer("squeue", "7_0|RUNNING|None\n7_1|COMPLETED|None\n");
    expect((await status(out)).stdout).toMatch(/^line, quick: 1 running, 1 waiting\n[^]* running +Slurm job 7_0\n/);
    slurm.answer("squeue", "squeue: error: Unable to contact slurm controller\n", 1);
    const unknown = await status(out, "--json");
    expect(JSON.parse(unknown.stdout).counts).toEqual({ "left to Slurm": 2 });
    expect(unknown.stderr).toContain("is not known here: squeue: squeue: error: Unable to contact slurm controller.");
    expect(unknown.code).toBe(0);
  });
});

const missing = noSlurmBecause();
describe.skipIf(missing !== null)(`on a real Slurm${missing === null ? "" : ` (${missing})`}`, () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await startSlurm();
    process.env["SLURM_CONF"] = cluster.configuration;
  });
  afterAll(() => cluster?.stop());

  test("a run has the bits of one on this machine, whether it is left or stopped meanwhile", async () => {
    const one = ["run", fixture("line"), "--budget", "quick", "--seeds", "1"];
    const [here, there] = [join(scratch, "here"), join(scratch, "there")];
    const local = await sluice(...one, "--out", here);
    const detached = await sluice(...one, "--out", there, "--on", "slurm", "--detach");
    expect(detached.stdout).toMatch(/^4 trials go on: Slurm job \d+\. The same command/m);
    expect([local.code, detached.code]).toEqual([0, 0]);

    const on = ["--out", there, "--on", "slurm"];
    if (inject("long")) {
      const stopped = start(...one, ...on);
      stopped.child.stdout?.on("data", (part) => void (/seed 0/.test(String(part)) && stopped.child.kill("SIGINT")));
      // If all trials had ended by then, there is nothing to stop.
      expect([0, 130]).toContain((await stopped.ended).code);
    }

    const last = await sluice(...one, ...on);
    expect(last.code).toBe(0);
    expect(bits(there)).toEqual(bits(here));
  });
});
