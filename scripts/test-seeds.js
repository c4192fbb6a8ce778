// npm run test:seeds -- 200                    runs every property test with 200 seeds that were not drawn before
// npm run test:seeds -- 50 packages/tensor only those in files whose path contains that; SLUICE_SEED=n begins with a
// seed that is known
import { fileURLToPath } from "node:url";
import { install } from "./install.js";
import { closingLine } from "./test-counts.js";
import { testFilesWith } from "./test-files.js";
import { runVitest } from "./vitest.js";

/** A seed that was not drawn before, or that of SLUICE_SEED. */
export const firstSeed = () => Number(process.env.SLUICE_SEED ?? Date.now() % 2 ** 31);

/** Runs every property test in files whose path contains one of `paths` (all, if there are none) with `count` seeds. */
export async function runSeeds(node, { first, count, paths = [] }) {
  const files = testFilesWith("fast-check").filter(
    (file) => paths.length === 0 || paths.some((path) => file.includes(path)),
  );
  if (files.length === 0) throw new Error(`No file with property tests has ${paths.join(" or ")} in its path.`);
  return runVitest(node, ["--typecheck.enabled=false", ...files], {
    SLUICE_SEED: String(first),
    SLUICE_SEEDS: String(count),
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [count, ...paths] = process.argv.slice(2);
  try {
    if (!/^[1-9]\d*$/.test(count ?? "")) throw new Error("How many seeds? npm run test:seeds -- 200");
    const { code, counts } = await runSeeds(await install(), { first: firstSeed(), count: Number(count), paths });
    console.log(closingLine(counts));
    process.exitCode = code;
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
