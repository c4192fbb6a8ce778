// npm test: installs what is missing, runs every test, and closes with the line `N passed, N failed` (and `, N skipped`
// when some were).
// npm test -- packages/tensor   only the files whose path contains that
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { install } from "./install.js";
import { run } from "./process.js";
import { closingLine, countTests } from "./test-counts.js";

const scratch = mkdtempSync(join(tmpdir(), "sluice-test-"));
const resultFile = join(scratch, "result.json");
let result;
try {
  const node = await install();
  console.log("Running the tests of all packages from their sources.");
  const reporters = [
    "--reporter=default",
    "--reporter=./scripts/skipped-reporter.js",
    "--reporter=json",
    `--outputFile.json=${resultFile}`,
  ];
  process.exitCode = await run(node, ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...process.argv.slice(2)]);
  result = JSON.parse(readFileSync(resultFile, "utf8"));
} catch (error) {
  console.error(error.message);
  process.exitCode ||= 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(closingLine(countTests(result, process.exitCode)));
