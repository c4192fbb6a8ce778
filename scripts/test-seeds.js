// npm run test:seeds -- 200                    runs every property test with 200 seeds that were not drawn before
// npm run test:seeds -- 50 packages/tensor only those in files whose path contains that; SLUICE_SEED=n begins with a
// seed that is known
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { install } from "./install.js";
import { root, run } from "./process.js";

const [count, ...paths] = process.argv.slice(2);

function filesWithProperties() {
  const tests = ["packages", "apps", "examples", "experiments", "bench", "tests"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter(({ name, parentPath }) => name.endsWith(".test.ts") && !parentPath.includes("node_modules"))
      .map(({ name, parentPath }) => relative(root, join(parentPath, name))),
  );
  return tests.filter(
    (file) =>
      readFileSync(join(root, file), "utf8").includes("fast-check") &&
      (paths.length === 0 || paths.some((path) => file.includes(path))),
  );
}

try {
  if (!/^[1-9]\d*$/.test(count ?? "")) throw new Error("How many seeds? npm run test:seeds -- 200");
  const node = await install();
  const files = filesWithProperties();
  if (files.length === 0) throw new Error(`No file with property tests has ${paths.join(" or ")} in its path.`);
  const first = process.env.SLUICE_SEED ?? String(Date.now() % 2 ** 31);
  process.exitCode = await run(node, ["node_modules/vitest/vitest.mjs", "run", "--typecheck.enabled=false", ...files], {
    env: { ...process.env, SLUICE_SEED: first, SLUICE_SEEDS: count },
  });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
