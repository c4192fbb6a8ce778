// No wait is endless: if a worker is lost, at whatever moment, whatever waits for it rejects, and so do later calls.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";

const outcomes = new Map<string, readonly string[]>();

beforeAll(async () => {
  const child = spawn(
    process.execPath,
    ["--conditions=@sluice/source", fileURLToPath(new URL("../testing/losses.ts", import.meta.url))],
    { timeout: 280_000, stdio: ["ignore", "pipe", "inherit"] },
  );
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  await new Promise((resolve) => child.on("close", resolve));
  for (const line of printed.trim().split("\n")) {
    const { name, outcomes: found } = JSON.parse(line) as { name: string; outcomes: readonly string[] };
    outcomes.set(name, found);
  }
}, 600_000);

const lost = (worker: number, workers: number, what = "ended with code [01]"): unknown =>
  expect.stringMatching(
    new RegExp(`^wasm: worker ${worker} of ${workers} ${what}.*\\. Close the backend and make another\\.$`),
  );

test.each([
  ["blocking", 2],
  ["workers alone", 3],
] as const)("%s", (where, workers) => {
  const is = (moment: string): readonly string[] | undefined => outcomes.get(`${where}: ${moment}`);
  const [second, last] = [lost(2, workers), lost(workers, workers)];
  expect.soft(is("while starting")).toEqual([lost(1, workers), lost(1, workers), "resolved"]);
  expect.soft(is("between runs")).toEqual([second, second, "resolved", "resolved"]);
  expect
    .soft(is("by an error of its own"))
    .toEqual([lost(1, workers, "failed: Cannot use 'in' operator to search for 'kind' in null"), "resolved"]);
  for (const entry of ["meet", "pass"])
    expect.soft(is(`as a run of ${entry} starts`)).toEqual([second, second, second, "resolved"]);
  expect.soft(is("within a run, the one waited for")).toEqual([last, last, "resolved"]);
  expect
    .soft(is("within a run, one that waits"))
    .toEqual([lost(workers - 1, workers), lost(workers - 1, workers), "resolved"]);
  expect.soft(is("at the end of a run")).toEqual([last, "resolved"]);
  expect.soft(is("closed within a run")).toEqual(["resolved", "wasm: the backend was closed"]);
});

test("a backend with a team: neither its programs nor their state can be used, and others cannot be compiled", () => {
  const gone = lost(1, 1);
  expect(outcomes.get("team")).toEqual([gone, gone, gone, gone, "resolved", "resolved"]);
});

test("a program in a worker of its own is lost, and the backend stays usable", () => {
  const gone = expect.stringMatching(
    /^wasm: the worker of a program ended with code 1\. Its state is lost; compile the program again\.$/,
  );
  expect(outcomes.get("away")).toEqual([gone, gone, gone, "resolved", "resolved", "resolved"]);
});
