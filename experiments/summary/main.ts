// npm run results                             writes experiments/RESULTS.md from experiments/results/
// npm run results -- --check                  says whether it is up to date
// npm run results -- --draw 10 [--seed 1]     runs ten trials again, drawn at random, and compares hashes
// npm run results -- --go-on <family>/<study>/<budget> [--sweep] [-- options of sluice run]
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { messageOf } from "@sluice/study";
import { runDrawn } from "./draw.ts";
import { goOn } from "./go-on.ts";
import { historyOf, keepHistories, keptHistories, type Histories, type StudyHistory } from "./history.ts";
import { resultsPage } from "./page.ts";
import { archivedRuns, readResults, type StudyResults } from "./read-results.ts";

const experiments = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(experiments);
const results = join(experiments, "results");
const page = join(experiments, "RESULTS.md");

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      check: { type: "boolean" },
      draw: { type: "string" },
      seed: { type: "string", default: "1" },
      "go-on": { type: "string" },
      sweep: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  if (values["go-on"] !== undefined)
    return await goOn(values["go-on"], { results, root, sweep: values.sweep, options: positionals });
  if (values.draw !== undefined) {
    const same = await runDrawn(
      { results, root },
      { count: wholeNumber("--draw", values.draw), seed: wholeNumber("--seed", values.seed), options: positionals },
    );
    return same ? 0 : 1;
  }
  const all: StudyResults[] = [];
  for (const name of archivedRuns(results)) all.push(await readResults(results, name));
  return values.check === true ? check(all) : write(all);
}

function check(all: readonly StudyResults[]): number {
  const now = existsSync(page) ? readFileSync(page, "utf8") : "";
  const isSame = now === resultsPage(all, keptHistories(results));
  console.log(isSame ? `${page} is up to date` : `${page} is not up to date: npm run results`);
  return isSame ? 0 : 1;
}

function write(all: readonly StudyResults[]): number {
  const kept = keptHistories(results);
  const histories: { [name: string]: StudyHistory } = {};
  for (const one of all) {
    const history = historyFrom(one, kept);
    if (history !== undefined) histories[one.name] = history;
  }
  if (all.length > 0) keepHistories(results, histories);
  writeFileSync(page, resultsPage(all, histories));
  console.log(page);
  return 0;
}

/** Without git, or in a clone without the commit, what was known before is kept. */
function historyFrom(one: StudyResults, kept: Histories): StudyHistory | undefined {
  try {
    return historyOf(one, root);
  } catch (error) {
    console.error(`${one.name}: the history is not read again: ${messageOf(error)}`);
    return kept[one.name];
  }
}

function wholeNumber(option: string, given: string): number {
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option} ${given}: expected an integer of at least 1`);
  return number;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
