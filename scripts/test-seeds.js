// npm run test:seeds -- 200                    runs every property test with 200 seeds that were not drawn before
// npm run test:seeds -- 200 --part 10          runs one case in ten with each seed: twenty times the cases of `npm test`
// npm run test:seeds -- 50 packages/tensor only those in files whose path contains that; SLUICE_SEED=n begins with a
// seed that is known
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { install } from "./install.js";
import { closingLine } from "./test-counts.js";
import { testFilesWith } from "./test-files.js";
import { runVitest } from "./vitest.js";

/** A seed that was not drawn before, or that of SLUICE_SEED. */
export const firstSeed = () => Number(process.env.SLUICE_SEED ?? Date.now() % 2 ** 31);

/**
 * Runs every property test in files whose path contains one of `paths` (all, if there are none) with `count` seeds, and
 * one case in `part` with each. Every file has one process, which runs all seeds one after the other.
 */
export async function runSeeds(node, { first, count, part = 1, paths = [] }) {
  const files = testFilesWith("fast-check").filter(
    (file) => paths.length === 0 || paths.some((path) => file.includes(path)),
  );
  if (files.length === 0) throw new Error(`No file with property tests has ${paths.join(" or ")} in its path.`);
  return runVitest(node, ["--typecheck.enabled=false", ...files], {
    SLUICE_SEED: String(first),
    SLUICE_SEEDS: String(count),
    SLUICE_PART: String(part),
  });
}

/** A number of seeds or a part of the cases, from the command line. */
export function numberFrom(name, text) {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${name}: expected a whole number from 1, got ${text}`);
  return Number(text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { values, positionals } = parseArgs({
      options: { part: { type: "string", default: "1" } },
      allowPositionals: true,
    });
    const [seeds, ...paths] = positionals;
    if (seeds === undefined) throw new Error("How many seeds? npm run test:seeds -- 200");
    const [count, part] = [numberFrom("seeds", seeds), numberFrom("--part", values.part)];
    const { code, counts, properties } = await runSeeds(await install(), { first: firstSeed(), count, part, paths });
    console.log(`${properties.cases} cases of properties in ${properties.files} files`);
    console.log(closingLine(counts));
    process.exitCode = code;
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
