// npm run test:long                 what takes too long for `npm test`: each part below
// npm run test:long -- scale        only the parts that are named
// npm run test:long -- --seeds 50   with so many seeds (20 unless told)
// npm run test:long -- --part 10    with one case in ten for each seed
//
// scale      the large instances of tests that `npm test` holds with smaller ones (`inject("long")`), more rounds of
//            damage and locks, and *.long.test.ts
// kills      runs and queues whose processes are killed at random moments: does every trial end with its bits?
// seeds      every property test with seeds that were not drawn before
// runtimes   Bun, Deno, and Node on ARM64 in qemu: the same bits?
//
// What a part found stands in docs/test-long.json, with the commit that it ran on.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { install } from "./install.js";
import { root, run } from "./process.js";
import { closingLine } from "./test-counts.js";
import { testFilesWith } from "./test-files.js";
import { firstSeed, numberFrom, runSeeds } from "./test-seeds.js";
import { runVitest } from "./vitest.js";

const record = join(root, "docs", "test-long.json");

/** These take most of an hour, and nearly all of it is waiting. */
const killing = ["packages/runner/src/kills.test.ts", "packages/queue/src/chaos.long.test.ts"];

/** Runs the large instances of test files. */
async function runLong(node, files) {
  const { counts } = await runVitest(node, ["--typecheck.enabled=false", ...files], { SLUICE_LONG: "1" });
  return { ...counts, seed: Number(process.env.SLUICE_SEED ?? 1) };
}

const parts = {
  async scale(node) {
    const onlyLong = testFilesWith("").filter((file) => file.endsWith(".long.test.ts"));
    const files = new Set([...testFilesWith('inject("long")'), ...onlyLong]);
    return runLong(
      node,
      [...files].filter((file) => !killing.includes(file)),
    );
  },
  kills: (node) => runLong(node, killing),
  async seeds(node, { seeds, part }) {
    const first = firstSeed();
    const { counts, properties } = await runSeeds(node, { first, count: seeds, part });
    return { ...counts, seed: first, seeds, part, ...properties };
  },
  async runtimes(node) {
    const outcome = { passed: 0, failed: 0, skipped: 0, runtimes: {} };
    for (const name of ["bun", "deno", "arm64"]) {
      const reason = whyNot(name);
      const code =
        reason === undefined
          ? await run(node, ["--conditions=@sluice/source", "tests/try-runtime.ts", name])
          : undefined;
      outcome[code === undefined ? "skipped" : code === 0 ? "passed" : "failed"] += 1;
      outcome.runtimes[name] = reason ?? (code === 0 ? "the same bits" : "other bits, or it failed");
    }
    return outcome;
  },
};

function whyNot(name) {
  if (process.platform !== "linux" || process.arch !== "x64") return "skipped: it is fetched for Linux on x64 only";
  if (name === "arm64" && !existsSync("/usr/aarch64-linux-gnu"))
    return "skipped: there is no qemu with the libraries of ARM64 (docs/runtimes.md)";
  return undefined;
}

const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();

try {
  const { values, positionals } = parseArgs({
    options: { seeds: { type: "string", default: "20" }, part: { type: "string", default: "1" } },
    allowPositionals: true,
  });
  const options = { seeds: numberFrom("--seeds", values.seeds), part: numberFrom("--part", values.part) };
  const unknown = positionals.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined)
    throw new Error(`There is no part ${unknown}; there are ${Object.keys(parts).join(", ")}.`);
  const node = await install();
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
    console.log(`\n${name}`);
    const commit = git("rev-parse", "HEAD");
    const changed = git("status", "--porcelain", "--", ".", ":!docs/test-long.json") !== "";
    const began = Date.now();
    const found = await parts[name](node, options);
    for (const count of Object.keys(total)) total[count] += found[count];
    const written = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : {};
    written[name] = {
      commit,
      ...(changed ? { note: "with changes that were not committed" } : {}),
      date: new Date(began).toISOString(),
      minutes: Math.round((Date.now() - began) / 6000) / 10,
      ...found,
    };
    writeFileSync(record, `${JSON.stringify(written, null, 2)}\n`);
  }
  console.log(closingLine(total));
  process.exitCode = total.failed > 0 ? 1 : 0;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
