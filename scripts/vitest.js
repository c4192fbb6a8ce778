import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, run } from "./process.js";
import { countCases, countTests } from "./test-counts.js";

/**
 * Node's compile cache. It halves the time of processes that tests start from the sources, because types are stripped
 * only once.
 */
const compiled = join(root, "node_modules", ".cache", "compiled");

/** Runs vitest once, in the foreground; how many tests passed, failed and were skipped, how many cases of properties were counted, and its exit code. */
export async function runVitest(node, args, env = {}) {
  const scratch = mkdtempSync(join(tmpdir(), "sluice-test-"));
  const resultFile = join(scratch, "result.json");
  const reporters = [
    "--reporter=default",
    "--reporter=./scripts/skipped-reporter.js",
    "--reporter=json",
    `--outputFile.json=${resultFile}`,
  ];
  let code = 1;
  let result;
  try {
    code = await run(node, ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...args], {
      env: { NODE_COMPILE_CACHE: compiled, ...process.env, ...env },
    });
    result = JSON.parse(readFileSync(resultFile, "utf8"));
  } catch (error) {
    console.error(error.message);
    code ||= 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return { code, counts: countTests(result, code), properties: countCases(result) };
}
