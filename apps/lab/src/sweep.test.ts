import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, inject, test } from "vitest";
import { bits, commandIn, fixture, trialFolders, untilCheckpoint } from "../fixtures/command.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-sweep-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const { start, sluice } = commandIn(scratch);

describe("a sweep", () => {
  const whole = join(scratch, "swept");
  const study = fixture("tuned");
  const slow = ["--budget", "slow", "--jobs", "2"];

  test("tunes every variant, then runs the study with the best settings", async () => {
    const { code, stdout, stderr } = await sluice("sweep", study, ...slow, "--out", whole, "--json");
    expect(stderr).toContain("1 task × 2 variants × 4 settings × 1 tuning seed: 8 tuning trials.");
    expect(stderr).toContain("diverged: line / plain tuning seed 0 rate=1000000000000: step");
    expect(code).toBe(0);
    const { tuning, trials } = JSON.parse(stdout);
    for (const { chosen, tried, expected } of tuning.cells) {
      const values = tried.map(({ value }: { value: number | null }) => value);
      expect(values.at(-1)).toBeNull();
      expect(chosen.value).toBe(Math.min(...values.slice(0, -1)));
      expect(expected).toHaveLength(4);
    }
    expect(trials).toHaveLength(4);
    for (const { variant, metrics } of trials) {
      const { chosen } = tuning.cells.find((cell: { variant: string }) => cell.variant === variant);
      expect(metrics.testError).toBe(0.5 * chosen.settings.rate);
    }
    const report = readFileSync(join(whole, "report.html"), "utf8");
    expect(report).toContain("Expected best of n tried settings");
    expect(await sluice("report", whole)).toMatchObject({ code: 0 });
    expect(readFileSync(join(whole, "report.html"), "utf8")).toBe(report);
    const [again, status, plan, taken] = await Promise.all([
      sluice("sweep", study, ...slow, "--out", whole),
      sluice("status", whole),
      sluice("plan", study),
      sluice("sweep", study, "rate=0.1"),
    ]);
    const run = await sluice("run", study, ...slow, "--out", whole, "--json");
    // A run of what is tuned already is that of the chosen settings.
    expect([run.code, run.stderr]).toEqual([0, expect.stringContaining("12 trials (1 task × 2 variants × 2 seeds)")]);
    expect(JSON.parse(run.stdout).summary).toEqual(JSON.parse(stdout).summary);
    expect([again.code, again.stdout.match(/Nothing left to run/g)]).toEqual([0, ["Nothing left to run"]]);
    expect(status.stdout).toMatch(/^tuned, slow: 10 done, 2 diverged\n/);
    expect(plan.stdout).toContain("A sweep (sluice sweep) tunes before: 1 task × 2 variants × 4 settings");
    expect([taken.code, taken.stderr]).toEqual([2, expect.stringContaining("rate is given, but the sweep tunes it")]);
  });

  test.runIf(inject("long"))("whose study.json is lost has its results all the same, without the tuning", async () => {
    rmSync(join(whole, "study.json"));
    const { code, stdout, stderr } = await sluice("report", whole, "--json");
    expect([code, stderr]).toEqual([0, expect.stringContaining("and without 8 tuning trials")]);
    const { trials, tuning } = JSON.parse(stdout);
    expect([trials.length, tuning]).toEqual([4, undefined]);
  });

  test("that is stopped goes on to the bits of one that was not, and verifies", async () => {
    const out = join(scratch, "sweep-stopped");
    const args = ["sweep", study, "--variant", "plain", ...slow.slice(0, 2), "--out", out];
    const { child, ended } = start(...args, "--jobs", "2", "--json");
    await untilCheckpoint(out);
    child.kill("SIGINT");
    const stopped = await ended;
    expect(stopped.code).toBe(130);
    expect(JSON.parse(stopped.stdout)).toMatchObject({ trials: [], tuning: { cells: [{ decided: false }] } });
    expect((await sluice(...args, "--jobs", "3")).code).toBe(0);
    expect(trialFolders(out)).toHaveLength(6);
    expect(bits(out)).toEqual(bits(whole).filter(({ folder }) => folder.includes("line-plain")));
    const verified = await sluice("verify", out, "--trials", "3", "--json");
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout).map(({ agreement }: { agreement: string }) => agreement)).toEqual(
      Array(3).fill("bitwise the same"),
    );
  });

  test("is asked for by a run of such a study, unless it is to be untuned", async () => {
    const out = join(scratch, "untuned");
    const refused = await sluice("run", study, "--budget", "full", "--out", out);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("8 of 8 tuning trials have not run")]);
    expect(refused.stderr).toMatch(/sweep .*tuned\.ts --budget full --out .*untuned" tunes, then runs/);
    const run = await sluice("run", study, "rate=0.3", "--untuned", "--seeds", "1", "--out", out);
    expect(run.code).toBe(0);
    const report = readFileSync(join(out, "report.html"), "utf8");
    expect(report).toContain("Not tuned: the study tunes rate");
    expect(report).toContain("rate=0.3 --seeds 1");
    expect(report).toContain("--untuned");
    const line = await sluice("run", fixture("line"), "--untuned");
    expect([line.code, line.stderr]).toEqual([2, expect.stringContaining("tunes nothing; leave --untuned out")]);
  });

  test.runIf(inject("long"))("may be left out where the study says that tuning is optional", async () => {
    const out = join(scratch, "optional");
    const few = ["--variant", "plain", "--seeds", "1", "--out", out];
    const run = await sluice("run", fixture("optionally-tuned"), ...few);
    expect([run.code, run.stdout]).toEqual([0, expect.stringContaining("Not tuned: rate as the study has it.")]);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("Not tuned: the study tunes rate");
    expect((await sluice("sweep", fixture("optionally-tuned"), ...few)).code).toBe(0);
    const again = await sluice("run", fixture("optionally-tuned"), ...few);
    expect([again.code, again.stdout.includes("Not tuned")]).toEqual([0, false]);
  });

  test("of a study that does not say what to tune is a usage error", async () => {
    const { code, stderr } = await sluice("sweep", fixture("line"));
    expect([code, stderr]).toEqual([2, expect.stringContaining('the study "line" does not say what a sweep tunes')]);
  });
});
