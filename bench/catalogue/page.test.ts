// docs/catalogue.md says what the cells say of themselves today, and every cell has been measured.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { entries } from "./entries.ts";
import { writtenOf } from "./equations.ts";
import { formattedPage, readRun } from "./run.ts";

const docs = new URL("../../docs/", import.meta.url).pathname;
const run = readRun(join(docs, "catalogue.json"));

test("every cell of the catalogue has equations, and a time", () => {
  expect(entries.filter((entry) => writtenOf(entry).equations === "").map(({ name }) => name)).toEqual([]);
  expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
  expect(Object.keys(run?.cells ?? {})).toEqual(entries.map(({ name }) => name));
});

test("the page is what `pnpm bench --cells --from docs/catalogue.json --markdown docs/catalogue.md` writes", async () => {
  expect(run).toBeDefined();
  if (run !== undefined) expect(readFileSync(join(docs, "catalogue.md"), "utf8")).toBe(await formattedPage(run));
});
