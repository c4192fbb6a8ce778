// pnpm check               every gate before the tests, each to its end; closes with the line `N gates passed, M failed`
// pnpm check lint types    only those that are named
// .ci/run runs them all, and then the tests.
import { install } from "./install.js";
import { pnpm } from "./pnpm.js";
import { run } from "./process.js";

/** The gates by name: each is a function of the repository's Node that resolves to an exit code. */
const gates = {
  format: (node) => run(node, ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."]),
  lint: (node) => run(node, ["node_modules/eslint/bin/eslint.js", "."]),
  types: (node) => tsc(node, "-b"),
  "types of tests": (node) => tsc(node, "-p", "tsconfig.test.json"),
  // publint and attw check the packed files.
  packages: () => pnpm(["run", "check:packages"]),
  manifests: (node) => run(node, ["scripts/manifests.js", "--check"]),
  sizes: (node) => run(node, ["--conditions=@sluice/source", "tests/sizes.ts", "--check"]),
  docstrings: (node) => run(node, ["scripts/reference.js", "--check"]),
  "unused code": (node) => run(node, ["node_modules/knip/bin/knip.js"]),
};

const tsc = (node, ...args) => run(node, ["node_modules/typescript/bin/tsc", ...args]);

const asked = process.argv.slice(2);
try {
  const unknown = asked.find((name) => !Object.hasOwn(gates, name));
  if (unknown !== undefined)
    throw new Error(`There is no gate ${unknown}; there are ${Object.keys(gates).join(", ")}.`);
  const node = await install();
  const names = asked.length > 0 ? asked : Object.keys(gates);
  const failed = [];
  for (const name of names) {
    const began = Date.now();
    const code = await gates[name](node);
    if (code !== 0) failed.push(name);
    console.log(`gate ${name}: ${code === 0 ? "passed" : "FAILED"} (${Math.round((Date.now() - began) / 1000)} s)`);
  }
  console.log(
    `${names.length - failed.length} gates passed, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(", ")}` : ""}`,
  );
  process.exitCode = failed.length > 0 ? 1 : 0;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
