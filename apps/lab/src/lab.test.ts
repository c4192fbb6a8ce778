import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createHash } from "node:crypto";
import { canonicalJson } from "@sluice/study";
import { afterAll, describe, expect, test } from "vitest";
import { bits, commandIn, fixture, main, trialFolders, untilCheckpoint } from "../fixtures/command.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-lab-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const { start, sluice } = commandIn(scratch);

/** A test that damages a trial must not write elsewhere where there is none. */
function firstTrialOf(out: string): string {
  const [folder] = trialFolders(out);
  if (folder === undefined) throw new Error(`${out} has no trial`);
  return folder;
}

/** The manifest of another study, whole and with a seal that holds. */
function sealedElsewhere(manifest: string): string {
  const { seal: _, ...content } = JSON.parse(manifest);
  const other = { ...content, name: "another", trials: [] };
  return JSON.stringify({
    ...other,
    seal: createHash("sha256")
      .update(`study\n${canonicalJson(other)}`)
      .digest("hex"),
  });
}

describe("a run", () => {
  test("does what is left, and nothing twice", async () => {
    const out = join(scratch, "line");
    const first = await sluice("run", fixture("line"), "--budget", "quick", "--seeds", "1", "--out", out, "--json");
    expect(first.stderr).toContain("4 trials to run");
    expect(first.code).toBe(0);
    const document = JSON.parse(first.stdout);
    expect(document.trials).toHaveLength(4);
    expect(document.trials.every((trial: { status: string }) => trial.status === "done")).toBe(true);
    const logs = trialFolders(out).map((folder) => readFileSync(join(folder, "log.txt"), "utf8"));

    const second = await sluice("run", fixture("line"), "--budget", "quick", "--seeds", "1", "--out", out);
    expect(second.code).toBe(0);
    expect(second.stdout).toContain("Nothing left to run");
    expect(trialFolders(out).map((folder) => readFileSync(join(folder, "log.txt"), "utf8"))).toEqual(logs);

    const report = readFileSync(join(out, "report.html"), "utf8");
    expect(report).toContain("Fitting a line by gradient descent");
    // What a clone's reader types: it works with every Node that the README allows.
    expect(report).toContain(`<pre tabindex="0">npm start -- run ${fixture("line")} `);
    for (const [, address] of report.matchAll(/(?:src|href)="([^"]*)"/g)) expect(address).toMatch(/^(?:#|data:)/);
    rmSync(join(out, "report.html"));
    const again = await sluice("report", out);
    expect(again.code).toBe(0);
    expect(readFileSync(join(out, "report.html"), "utf8")).toBe(report);

    const manifest = readFileSync(join(out, "study.json"));
    const foreign = sealedElsewhere(manifest.toString());
    const flipped = Buffer.from(manifest);
    flipped[flipped.indexOf("Fitting")] = "f".charCodeAt(0);
    for (const bytes of [manifest.subarray(0, manifest.length / 2), flipped, "", foreign, null]) {
      if (bytes === null) rmSync(join(out, "study.json"));
      else writeFileSync(join(out, "study.json"), bytes);
      const remade = await sluice("report", out, "--json");
      expect(remade.code).toBe(0);
      expect(remade.stderr).toContain(join(out, "study.json"));
      const { trials: _trials, report: _report, claims: _claims, ...kept } = JSON.parse(remade.stdout);
      expect(kept.code).toBe(document.code);
      for (const { task, variant, metric, seeds } of document.summary)
        expect(kept.summary).toContainEqual(expect.objectContaining({ task, variant, metric, seeds }));
      const remadePage = readFileSync(join(out, "report.html"), "utf8");
      expect(remadePage).toContain("made from the trials&#39; folders only");
      expect(remadePage).not.toContain("lower is better");
    }
    writeFileSync(join(out, "study.json"), manifest);
  });

  test("goes on to the report past a damaged curve, and names it", async () => {
    const out = join(scratch, "line");
    const path = join(trialFolders(out)[2] ?? "", "metrics.jsonl");
    const rows = readFileSync(path, "utf8");
    writeFileSync(
      path,
      rows.replace(/\d(?=[,}])/, (digit) => String((Number(digit) + 1) % 10)),
    );
    const run = await sluice("run", fixture("line"), "--budget", "quick", "--seeds", "1", "--out", out);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain(`not in the report: ${path}: damaged`);
    writeFileSync(path, rows);
  });

  test("counts and shows trials that throw, diverge or crash, and runs them again only when asked", async () => {
    const out = join(scratch, "troubled");
    const first = await sluice("run", fixture("troubled"), "--out", out, "--json");
    expect(first.code).toBe(1);
    const trials: { variant: string; status: string; reason: string | null }[] = JSON.parse(first.stdout).trials;
    expect(Object.fromEntries(trials.map(({ variant, status }) => [variant, status]))).toEqual({
      fine: "done",
      diverging: "diverged",
      throwing: "failed",
      crashing: "failed",
    });
    const reasons = Object.fromEntries(trials.map(({ variant, reason }) => [variant, reason]));
    expect(reasons["diverging"]).toBe("step 30: slope is not finite");
    expect(reasons["throwing"]).toBe("the trial broke a promise");
    expect(reasons["crashing"]).toContain("signal SIGSEGV");
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("the trial broke a promise");

    const second = await sluice("run", fixture("troubled"), "--out", out);
    expect(second.code).toBe(1);
    expect(second.stdout).toContain("use --retry to run them again");
    expect(trialFolders(out)).toHaveLength(4);
    const third = await sluice("run", fixture("troubled"), "--out", out, "--retry");
    expect(third.code).toBe(1);
    expect(third.stdout).toContain("3 trials to run");
    // The diverged trial starts anew; its old folder is kept aside.
    expect(trialFolders(out).filter((folder) => folder.endsWith(".aside-1"))).toHaveLength(1);
  });

  test("passes over a damaged result, says so, and keeps it", async () => {
    const out = join(scratch, "line");
    const folder = firstTrialOf(out);
    writeFileSync(join(folder, "result.json"), '{ "status": "do');
    appendFileSync(join(trialFolders(out)[1] ?? "", "metrics.jsonl"), '{"step":101,"lo');

    const run = await sluice("run", fixture("line"), "--budget", "quick", "--seeds", "1", "--out", out, "--json");
    expect(run.code).toBe(1);
    const [damaged] = JSON.parse(run.stdout).trials.filter(
      (trial: { status: string }) => trial.status === "unreadable",
    );
    expect(damaged.reason).toContain(join(folder, "result.json"));
    expect(damaged.reason).toContain("--retry");
    expect(readFileSync(join(folder, "result.json"), "utf8")).toBe('{ "status": "do');

    const retried = await sluice("run", fixture("line"), "--budget", "quick", "--seeds", "1", "--out", out, "--retry");
    expect(retried.code).toBe(0);
    expect(existsSync(`${folder}.aside-1`)).toBe(true);
  });
});

describe("a run that is stopped", () => {
  const whole = join(scratch, "whole");

  test("by SIGKILL goes on from its checkpoint to the same bits", async () => {
    const reference = sluice("run", fixture("slow"), "--out", whole, "--jobs", "2");
    const out = join(scratch, "killed");
    const run = start("run", fixture("slow"), "--out", out, "--jobs", "2");
    await untilCheckpoint(out, 2);
    // The runner and its trials at once, so that nothing is left that could still write a checkpoint.
    const trials = trialFolders(out).map(
      (folder): number => JSON.parse(readFileSync(join(folder, "lock.json"), "utf8")).pid,
    );
    for (const pid of [run.child.pid ?? 0, ...trials]) process.kill(pid, "SIGKILL");
    await run.ended;
    expect(trialFolders(out).some((folder) => existsSync(join(folder, "result.json")))).toBe(false);
    expect((await reference).code).toBe(0);
    const resumed = await sluice("run", fixture("slow"), "--out", out, "--jobs", "2");
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain("2 resuming from a checkpoint");
    expect(readFileSync(join(firstTrialOf(out), "log.txt"), "utf8")).toMatch(/resumed from step \d+/);
    expect(bits(out)).toEqual(bits(whole));
  });

  test("by SIGINT exits with 130 and goes on from there", async () => {
    const out = join(scratch, "stopped");
    const run = start("run", fixture("slow"), "--out", out, "--jobs", "2", "--json");
    await untilCheckpoint(out, 2);
    run.child.kill("SIGINT");
    const stopped = await run.ended;
    expect(stopped.code).toBe(130);
    expect(JSON.parse(stopped.stdout).trials.map((trial: { status: string }) => trial.status)).toEqual([
      "interrupted",
      "interrupted",
    ]);
    expect((await sluice("run", fixture("slow"), "--out", out, "--jobs", "2")).code).toBe(0);
    expect(bits(out)).toEqual(bits(whole));
  });
});

test("a second Ctrl-C kills a trial that does not listen", async () => {
  const out = join(scratch, "stubborn");
  const run = start("run", fixture("stubborn"), "--out", out, "--json");
  await untilCheckpoint(out);
  run.child.kill("SIGINT");
  await wait(200);
  run.child.kill("SIGINT");
  const stopped = await run.ended;
  expect(stopped.code).toBe(130);
  expect(JSON.parse(stopped.stdout).trials[0].status).toBe("interrupted");
});

test("a reader that leaves ends the run as Ctrl-C does, without a stack", async () => {
  const out = join(scratch, "piped");
  const run = start("run", fixture("slow"), "--out", out, "--jobs", "2");
  run.child.stdout?.once("data", () => run.child.stdout?.destroy());
  const ended = await run.ended;
  expect(ended.stderr).toBe("");
  expect(ended.code).toBe(130);
  expect(existsSync(join(out, "report.html"))).toBe(true);
  expect((await sluice("run", fixture("slow"), "--out", out, "--jobs", "2")).code).toBe(0);
});

test("a trial that takes longer than --limit is stopped, and counts as failed", async () => {
  const run = await sluice(
    "run",
    fixture("endless"),
    "--out",
    join(scratch, "endless"),
    "--jobs",
    "3",
    "--limit",
    "0.5",
    "--json",
  );
  expect(run.code).toBe(1);
  expect(
    JSON.parse(run.stdout).trials.map(
      (trial: { status: string; reason: string }) => `${trial.status}: ${trial.reason.slice(0, 38)}`,
    ),
  ).toEqual(Array(3).fill("failed: it took longer than its limit of 0.5 s"));
});

test("a trial that takes more than --memory is killed, and counts as failed", async () => {
  const out = join(scratch, "memory");
  // No Node runs in so little. Its heap may be at its own limit before the process is seen to be at this one.
  const run = await sluice("run", fixture("endless"), "--out", out, "--jobs", "3", "--memory", "20MB", "--json");
  expect(run.code).toBe(1);
  for (const { status, reason } of JSON.parse(run.stdout).trials) {
    expect(status).toBe("failed");
    expect(reason).toMatch(/^it took (\d+(\.\d+)? MB, more|more memory) than its limit of 20 MB$/);
  }
  const wrong = await sluice("run", fixture("endless"), "--memory", "20");
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("such as 500MB, 2GB or 1.5GiB")]);
});

test("settings, tasks, variants and seeds of one's own, and what they change", async () => {
  const out = join(scratch, "own");
  const asked = ["steps=30", "--task", "low noise", "--variant", "plain", "--seeds", "3,5", "--out", out];
  const { code, stdout } = await sluice("run", fixture("line"), ...asked, "--json");
  expect(code).toBe(0);
  const { trials, claims } = JSON.parse(stdout);
  const what = trials.map(({ task, variant, seed }: Record<string, unknown>) => [task, variant, seed]);
  expect(what).toEqual([
    ["low noise", "plain", 3],
    ["low noise", "plain", 5],
  ]);
  for (const folder of trialFolders(out))
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")).config.steps).toBe(30);
  expect(claims.map(({ verdict }: { verdict: string }) => verdict)).toEqual(["undecided", "undecided"]);
  const report = readFileSync(join(out, "report.html"), "utf8");
  expect(report).toContain(`steps=30 --task &#39;low noise&#39; --variant plain --seeds 3,5 --out ${out}`);
  expect(await sluice("report", out)).toMatchObject({ code: 0 });
  expect(readFileSync(join(out, "report.html"), "utf8")).toBe(report);
  const other = join(scratch, "other");
  const longer = await sluice("run", fixture("line"), "steps=40", ...asked.slice(1, -1), other);
  expect(longer.code).toBe(0);
  const [planned, diff, why, same, status, none] = await Promise.all([
    sluice("plan", fixture("line"), "steps=40", ...asked.slice(1), "--json"),
    sluice("diff", out, other),
    sluice("why", out, other),
    sluice("why", out, out, "--json"),
    sluice("status", out),
    sluice("diff", out, join(scratch, "nowhere")),
  ]);
  const compared = await sluice("compare", out, other);
  expect(compared.stdout).toMatch(/^low noise +plain +Slope error +\S+own +2 +[\d.]+ ± [\d.]+$/m);
  expect(compared.stdout).toMatch(/^ +\S+other +2 +[\d.]+ ± [\d.]+ +−?[\d.]+ ± [\d.]+ +2 +[\d.]+$/m);
  expect(JSON.parse(planned.stdout).trials.map(({ why: reason }: { why: string }) => reason)).toEqual([
    "run before, but: steps 30 → 40",
    "run before, but: steps 30 → 40",
  ]);
  // Two of its own seeds are too few for any test, and the claims are about what is not run here.
  expect([
    planned.code,
    JSON.parse(planned.stdout).claims.map(({ decidable }: { decidable: boolean }) => decidable),
  ]).toEqual([0, [false, false]]);
  expect(diff.stdout).toMatch(
    /^low noise +plain seed 3 +steps 30 → 40 +error [\d.]+ → [\d.]+ +step 31, loss: none and/m,
  );
  expect(why.stdout).toContain(
    "2 trials (low noise / plain seed 3; low noise / plain seed 5) differ in: steps 30 → 40\n  results: 0 the same to the bit, 2 others\n  curves part first in low noise / plain seed 3, step 31",
  );
  expect(JSON.parse(same.stdout)).toMatchObject([{ because: "nothing", same: 2, earliest: null }]);
  expect(status.stdout).toBe("line, full: 2 done\n");
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("nowhere: no such runs folder")]);
  const verified = await sluice("verify", out, "--trials", "1", "--threads", "2", "--node", process.execPath, "--json");
  expect(verified.code).toBe(0);
  expect(JSON.parse(verified.stdout)).toMatchObject([{ task: "low noise", agreement: "bitwise the same" }]);
  const wrong = await sluice("run", fixture("line"), "stps=30");
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringContaining('unknown setting "stps": did you mean "steps"?'),
  ]);
});

test("a plan measures the time where it is asked to, and keeps nothing of it", async () => {
  const out = join(scratch, "probed");
  const slow = ["plan", fixture("line"), "pauseMs=8", "steps=400", "--task", "low noise", "--seeds", "3", "--out", out];
  const [told, probed] = await Promise.all([sluice(...slow), sluice(...slow, "--probe", "0.2", "--json")]);
  expect(told.stdout).toMatch(/6 trials to run.*: about [\d.]+ s, from the study's own\s+estimate\./);
  const { time } = JSON.parse(probed.stdout);
  expect(time).toMatchObject({ from: ["probes"], failed: [], trials: [{ left: 3 }, { left: 3 }] });
  // A timer may be a millisecond early, and no pause is shorter than that.
  for (const { seconds } of time.trials) expect(seconds.mean).toBeGreaterThan(400 * 0.006);
  expect(time.seconds.high).toBeGreaterThanOrEqual(time.seconds.low);
  expect(existsSync(out)).toBe(false);
});

describe("what cannot be done is said", () => {
  test("an unknown option or command, with the nearest known one", async () => {
    const [option, command, seeds] = await Promise.all([
      sluice("run", fixture("line"), "--budgt", "quick"),
      sluice("rum"),
      sluice("run", fixture("line"), "--seeds", "0"),
    ]);
    expect(option.code).toBe(2);
    expect(option.stderr).toContain("--budget");
    expect(command.code).toBe(2);
    expect(command.stderr).toContain("run");
    expect(seeds.code).toBe(2);
    expect(seeds.stderr).toContain("at least 1");
  });

  test("a budget that the study does not have, with those that it has", async () => {
    const { code, stderr } = await sluice("run", fixture("line"), "--budget", "paper");
    expect(code).toBe(2);
    expect(stderr).toBe('the study "line" has no budget "paper"; it has quick, full\n');
  });

  test("data that is missing, before anything starts", async () => {
    const run = await sluice("run", fixture("without-data"), "--out", join(scratch, "none"));
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("points.csv: missing. Download it from the archive and give its folder with --data.");
    expect(existsSync(join(scratch, "none"))).toBe(false);
  });

  test("which Node it takes to run a study in TypeScript", async () => {
    // This Node without its own support: a hook strips the command's sources, as a build would have, and leaves the
    // study.
    const strip = `data:text/javascript,${encodeURIComponent(`
      import module from "node:module";
      import { readFileSync } from "node:fs";
      import { fileURLToPath } from "node:url";
      module.registerHooks({ load: (url, context, next) => /\\/(packages|apps)\\/[^/]+\\/src\\/.*\\.ts$/.test(url)
        ? { format: "module", shortCircuit: true, source: module.stripTypeScriptTypes(readFileSync(fileURLToPath(url), "utf8")) } : next(url, context) });`)}`;
    const child = spawn(
      process.execPath,
      [
        "--no-strip-types",
        "--no-warnings",
        "--import",
        strip,
        "--conditions=@sluice/source",
        main,
        "run",
        fixture("line"),
        "--out",
        join(scratch, "old"),
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let stderr = "";
    child.stderr.on("data", (part) => (stderr += part));
    const code = await new Promise((settle) => child.once("close", settle));
    expect(stderr).toBe(
      `${fixture("line")}: TypeScript needs Node 22.18 or newer (or 22.12 and newer with --experimental-strip-types), and this is ${process.version}. Use a newer Node, or compile the study to JavaScript\n`,
    );
    expect(code).toBe(2);
  });

  test("a runs folder that cannot be made, or is not one", async () => {
    writeFileSync(join(scratch, "file"), "");
    const run = await sluice("run", fixture("line"), "--out", join(scratch, "file/below"));
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("--out");
    const missing = await sluice("report", join(scratch, "nowhere"));
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain("no such runs folder");
  });
});
