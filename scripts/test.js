// npm test: installs what is missing, runs every test, and closes with the line `N passed, N failed` (and `, N skipped`
// when some were).
// npm test -- packages/tensor   only the files whose path contains that
import { install } from "./install.js";
import { closingLine } from "./test-counts.js";
import { runVitest } from "./vitest.js";

let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  const node = await install();
  console.log("Running the tests of all packages from their sources.");
  const ran = await runVitest(node, process.argv.slice(2));
  process.exitCode = ran.code;
  counts = ran.counts;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
console.log(closingLine(counts));
