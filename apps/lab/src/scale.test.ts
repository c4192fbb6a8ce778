import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "@sluice/formats";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { makeLarge } from "../../../packages/runner/fixtures/make-large.ts";
import { main, trialFolders } from "../fixtures/command.ts";

// What a command reads of a run, and how much memory it takes. Times are measured by `pnpm bench --runs`.

const scratch = mkdtempSync(join(tmpdir(), "sluice-scale-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const [run, shorter] = [join(scratch, "run"), join(scratch, "shorter")];
const long = inject("long");
const { seeds, rows } = long ? { seeds: 100, rows: 10_000 } : { seeds: 1, rows: 3000 };
const trials = 10 * seeds;

beforeAll(async () => {
  await makeLarge(run, { seeds, rows });
  // The same trials with another setting: the curves differ from the first step on.
  if (long) await makeLarge(shorter, { seeds, rows: rows / 2 });
}, 3_600_000);

interface Counted {
  readonly stdout: string;
  /** Files that were opened below the scratch folder. */
  readonly opened: number;
  readonly bytes: number;
  /** The most bytes that the process had. */
  readonly memory: number;
}

const counter = fileURLToPath(new URL("../fixtures/count-reads.mjs", import.meta.url));

/** A command in a process of its own. */
function counted(...args: string[]): Counted {
  const counts = join(tmpdir(), `${Math.trunc(performance.now())}-counts.json`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=@sluice/source", "--import", counter, main, ...args],
    { env: { ...process.env, COUNTED_FOLDER: scratch, COUNTS: counts }, encoding: "utf8", maxBuffer: 2 ** 30 },
  );
  expect([status, stderr.replaceAll(/^.*curves\.json: .*\n/gm, "")]).toEqual([0, ""]);
  const read = JSON.parse(readFileSync(counts, "utf8"));
  rmSync(counts);
  return { stdout, ...read };
}

const sizeOf = (name: string): number =>
  trialFolders(run).reduce(
    (sum, folder) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );

describe(`a run of ${trials} trials with ${rows} rows each`, { timeout: 3_600_000 }, () => {
  test("status opens one file per trial, and reads no rows", () => {
    const { stdout, opened, bytes } = counted("status", run);
    expect(stdout).toContain(" done");
    expect(opened).toBeLessThanOrEqual(trials + 3);
    expect(bytes).toBeLessThan(2000 * trials + 2000);
  });

  test("report opens a few files per trial, reads rows once, and stays small", () => {
    const { memory, opened, bytes } = counted("report", run);
    expect(opened).toBeLessThanOrEqual(5 * trials + 20);
    expect(bytes).toBeLessThan(sizeOf("metrics.jsonl") + sizeOf("curves.json") + 5000 * trials);
    // Of few rows most is the page's own.
    expect(statSync(join(run, "report.html")).size).toBeLessThan(5e6);
    expect(memory).toBeLessThan(500e6);
  });

  test("report finds damaged rows, and damaged curves, which it then makes from the rows", () => {
    const page = (): string => readFileSync(join(run, "report.html"), "utf8");
    const whole = page();
    const [first = "", second = "", third = ""] = trialFolders(run);
    for (const path of [join(first, "metrics.jsonl"), join(second, "curves.json")])
      writeFileSync(path, flipped(readFileSync(path)));
    rmSync(join(third, "curves.json"));
    counted("report", run);
    const damaged = page();
    expect(damaged).toContain(`${join(first, "metrics.jsonl")}: damaged`);
    expect(damaged).toContain(`${join(second, "curves.json")}: damaged`);
    expect(damaged).toContain(`${join(third, "curves.json")}: the file is missing`);
    const curves = (text: string): string =>
      sha256(text.slice(text.indexOf('id="curves"'), text.indexOf('id="seeds"')));
    expect(whole.indexOf('id="curves"')).toBeGreaterThan(0);
    expect(curves(damaged)).toBe(curves(whole));
    const path = join(first, "metrics.jsonl");
    writeFileSync(path, flipped(readFileSync(path)));
  });

  // Each is a process of its own, so they are tried in `npm run test:long` only.
  test.runIf(long)("the other commands stay within their memory too", () => {
    const memory = Object.fromEntries(
      [
        ["compare", run, shorter],
        ["diff", run, shorter],
        ["why", run, run],
        ["logs", run],
        ["export", run, "--out", join(scratch, "trials.csv")],
        ["export", run, "--rows", "--out", join(scratch, "rows.csv")],
        ["export", run, "--rows", "--out", join(scratch, "rows.parquet")],
      ].map((args) => [args.filter((arg) => !arg.startsWith(scratch)).join(" "), counted(...args).memory]),
    );
    for (const [command, bytes] of Object.entries(memory)) expect(bytes, command).toBeLessThan(500e6);
  });
});

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[copy.length >> 1]! ^= 1;
  return copy;
}
