import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { archiveRun, folderStore } from "@sluice/runner";
import { inProcess, planRun, runStudy } from "@sluice/study";
import { afterAll, beforeAll, expect, test } from "vitest";
import { draw } from "./draw.ts";
import toy from "./fixtures/toy.ts";
import { keptHistories, type Histories } from "./history.ts";
import { resultsPage } from "./page.ts";
import { archivedRuns, readResults, type StudyResults } from "./read-results.ts";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "sluice-results-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

beforeAll(async () => {
  for (const budget of ["quick", "paper"]) {
    const store = folderStore(join(scratch, "runs", budget));
    const module = path("fixtures/toy.ts");
    await runStudy(await planRun(toy, { store, executor: inProcess(), budget, module }));
    await archiveRun(store, join(scratch, "results/toys/toy", budget));
  }
});

async function readAll(results: string): Promise<readonly StudyResults[]> {
  const all: StudyResults[] = [];
  for (const name of archivedRuns(results)) all.push(await readResults(results, name));
  return all;
}

const first = { commit: "abc1234def", date: "2026-12-01" };
const history = { ran: [first], claims: { "long has 90 %.": first, "long beats short.": null }, changed: ["a.ts"] };
const histories: Histories = { "toys/toy/paper": history };

test("the page has every study's table and claims, and counts undecided ones apart", async () => {
  const page = resultsPage(await readAll(join(scratch, "results")), histories);
  expect(page).toContain("2 runs with 16 trials. 6 claims, 1 of them decided:\n\n- Reproduced: 1\n\nUndecided: 5.");
  expect(page).toContain(
    "| [toy](#toystoypaper) 1 | long has 90 %. | reproduced | Nobody 1900, table 1 | committed before the run: abc1234, 2026-12-01 |\n" +
      "| [toy](#toystoypaper) 2 | long beats short. | undecided | Nobody 1900, table 1 | written after the run |\n" +
      "| [toy](#toystoypaper) 3 | short beats long. | undecided | – | not known when it was written |\n",
  );
  // Student's t of 0, 0.05, ... 0.25: 2.571 × 0.0935 / √6 = 0.098.
  expect(page).toMatch(/\| sum \| long \| 90\.1 ± 0\.1 \| 6 \| 0 \| 20 \| [\d.]+ s \|/);
  expect(page).toMatch(/\| sum \| short \| 85\.1 ± 0\.1 \| 5 of 6 \| 1 \| 10 \| [\d.]+ s \|/);
  expect(page).toContain("| sum | *chance* | 50.0 |  |  |  |  |");
  expect(page).toContain("| sum | *long: Nobody 1900, table 1* | *90.0* |  |  |  |  |");
  expect(page).toContain("| sum | *long: Nobody 1900, table 1, another setting* | *90.0* |");
  expect(page).toContain("**Setting:** budget `paper`: that of the published numbers.");
  expect(page).toContain("**Setting:** budget `quick`: another one than that of the published numbers");
  expect(page).toContain("1. **Reproduced.** long has 90 %.\n   The mean of long on sum is 90.1");
  expect(page).toContain("   Committed before the run: abc1234, 2026-12-01.\n2. **Undecided.** long beats short.");
  expect(page).toContain("   Written after the run.");
  expect(page).toContain("**Failed:** sum / short seed 5: failed, too short | too simple.");
  expect(page).toContain("Changed since the run: `a.ts`.");
});

test("a draw depends on the results and its seed alone, and has no failed trial", async () => {
  const names = async (seed: number, count: number) =>
    (await draw(join(scratch, "results"), { count, seed })).map(({ name, trial }) => `${name} ${trial.folder}`);
  expect(await names(1, 3)).toEqual(await names(1, 3));
  expect(await names(1, 15)).not.toEqual(await names(2, 15));
  expect(new Set(await names(1, 99)).size).toBe(15);
});

test("RESULTS.md is up to date (npm run results)", async () => {
  const results = path("../results");
  const page = resultsPage(await readAll(results), keptHistories(results));
  expect(existsSync(path("../RESULTS.md")) ? readFileSync(path("../RESULTS.md"), "utf8") : "").toBe(page);
  const files = readdirSync(results, { recursive: true, encoding: "utf8" }).map((file) => join(results, file));
  expect(files.reduce((bytes, file) => bytes + statSync(file).size, 0)).toBeLessThan(20e6);
});
