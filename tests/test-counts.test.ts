import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { longest } from "../scripts/longest-first.js";
import SkippedReporter from "../scripts/skipped-reporter.js";
import { closingLine, countTests } from "../scripts/test-counts.js";
import { root } from "./workspace.ts";

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((status) => ({ status })),
});

test("tests are counted by how they ended", () => {
  const result = { testResults: [file("failed", "passed", "failed"), file("passed", "passed", "pending", "todo")] };
  expect(countTests(result, 1)).toEqual({ passed: 2, failed: 1, skipped: 2 });
});

test("a file that broke counts as a failed test", () => {
  expect(countTests({ testResults: [file("failed"), file("passed", "passed")] }, 1)).toEqual({
    passed: 1,
    failed: 1,
    skipped: 0,
  });
});

test("a run that went wrong never counts as clean", () => {
  expect(countTests({ testResults: [file("passed", "passed")] }, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(countTests(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("the closing line names skipped tests only when there are some", () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
  expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
});

test("the reasons of skipped tests are told once each, with their number", () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const module = (...notes: (string | undefined)[]) => ({
    children: {
      allTests: (state: string) => (state === "skipped" ? notes.map((note) => ({ result: () => ({ note }) })) : []),
    },
  });
  new SkippedReporter().onTestRunEnd([module("no Chromium", undefined), module("no Chromium")]);
  expect(log.mock.calls.flat()).toEqual(["2 skipped: no Chromium", "1 skipped: no reason given"]);
  log.mockRestore();
});

test("the files that run first are there", () => {
  expect(longest.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
