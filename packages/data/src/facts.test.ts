// docs/data.md is written from the facts: npm test -- packages/data/src/facts -u
import { key } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import * as data from "./index.ts";
import { cited, type Facts } from "./facts.ts";
import * as facts from "./facts.ts";
import { folderWith } from "./testing/data-folder.ts";

const { cited: _, ...sets } = facts;
const entries: readonly (readonly [string, Facts])[] = Object.entries(sets);

/** A Markdown table with columns as wide as their longest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_head, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [head, widths.map((width) => "-".repeat(width)), ...body].map(line).join("\n");
}

function page(): string {
  const head = ["Data", "Examples", "Content", "Needs", "Bytes", "Licence"];
  const rows = entries.map(([name, { examples, content, needs = "", bytes, licence }]) => [
    `\`${name}\``,
    examples,
    content,
    needs,
    bytes?.toLocaleString("en-US") ?? "",
    licence,
  ]);
  const sources = entries.map(([name, { citation }]) => [`\`${name}\``, citation]);
  return `# Data sets

Every data set of [@sluice/data](../packages/data/README.md). Examples are those for training, validation and testing by
default. \`describe(set)\` says the same of a data set that was made, with its files, their SHA-256 and how it was split.
This page is written by \`npm test -- packages/data/src/facts -u\`.

${table([head, ...rows])}

## What to cite

${table([["Data", "Source"], ...sources])}
`;
}

test("docs/data.md has all sets as they are", async () => {
  await expect(page()).toMatchFileSnapshot("../../../docs/data.md");
  for (const [name, { content, licence, citation, bytes, needs }] of entries) {
    expect(data).toHaveProperty(name);
    expect([content, licence, citation].every((text) => text.length > 2)).toBe(true);
    // What is generated has no files.
    if (bytes !== undefined) expect(needs).toBeDefined();
  }
});

const generated: Readonly<Record<string, () => data.Dataset>> = {
  adding: () => data.adding({ time: 2 }),
  bitStreamXor: () => data.bitStreamXor(),
  copying: () => data.copying({ delay: 1, length: 1 }),
  dampedOscillators: () => data.dampedOscillators({ observations: 2 }),
  delayedCopy: () => data.delayedCopy({ delay: 1 }),
  duplicateString: () => data.duplicateString({ time: 2 }),
  dyck: () => data.dyck({ time: 2 }),
  echo: () => data.echo({ delays: 1 }),
  flipFlop: () => data.flipFlop({ time: 2 }),
  irregularSines: () => data.irregularSines({ observations: 2 }),
  lorenz: () => data.lorenz({ time: 1, washout: 0 }),
  mackeyGlass: () => data.mackeyGlass({ time: 1, washout: 0 }),
  modularArithmetic: () => data.modularArithmetic({ time: 2 }),
  parity: () => data.parity({ time: 2 }),
  reverseString: () => data.reverseString({ time: 2 }),
  spikeTrains: () => data.spikeTrains({ time: 2 }),
  twoModalities: () => data.twoModalities({ interaction: "xor", time: 2 }),
};

describe("what is generated has the splits and the citation of the page", () => {
  test("all of them are here", () => {
    const without = entries.filter(([, { needs }]) => needs === undefined).map(([name]) => name);
    expect(Object.keys(generated)).toEqual(without);
  });
  test.each(Object.entries(generated))("%s", (name, make) => {
    const { train, validation, test: testing, provenance } = make();
    const counts = [train, validation, testing].map((part) =>
      Object.values(part)[0]?.shape[0]?.toLocaleString("en-US"),
    );
    const own = entries.find(([other]) => other === name)?.[1];
    expect(counts.join(" / ")).toBe(own?.examples);
    expect(provenance).toMatchObject({ licence: own?.licence, citation: own?.citation });
    expect(provenance).not.toHaveProperty("bytes");
  });
});

test("a set is described in lines", () => {
  const lines = data.describe(data.spikeTrains({ train: 1200, validation: 0, test: 3, key: key(1) }));
  expect(lines).toEqual([
    "spike trains, 4 classes, 10 channels",
    "train: 1,200 examples, validation: 0 examples, test: 3 examples",
    "each example: x f32 [50,10], y i32 []",
    '4 classes: "rates 0", "rates 1", "rates 2", "rates 3"',
    "source: generated: Poisson spike trains of 10 channels, 50 bins of 0.01 s, rates by class",
    "licence: none needed",
    "cite: none: a task of this package",
    "splits: independent draws with a separate key for each split",
    expect.stringMatching(/^caution: There is no published version/),
  ]);
});

test("files, sizes and what has no splits are described", () => {
  const provenance = {
    source: "Somewhere",
    ...cited({ ...facts.mnist, bytes: 1234 }),
    files: { "a.csv": "0".repeat(64) },
    split: "none",
    caution: "None known",
  };
  const classes = Array.from({ length: 13 }, (_, n) => String.fromCharCode(97 + n));
  expect(data.describe({ name: "toy", provenance, classes })).toEqual([
    "toy",
    "13 classes: a, b, c, d, e, f, g, h, i, j, k, l, ...",
    "source: Somewhere",
    "licence: CC BY-SA 3.0",
    expect.stringMatching(/^cite: LeCun/),
    "size: 1,234 bytes",
    `file: a.csv, SHA-256 ${"0".repeat(64)}`,
    "splits: none",
    "caution: None known",
  ]);
});

const folder = folderWith("survival");
test.skipIf(folder === null)("tables are described, where there is a data folder", async () => {
  const lines = data.describe(await data.pbcseq({ folder }));
  expect(lines[0]).toBe("pbcseq");
  expect(lines).toContain("size: 155,789 bytes");
  expect(lines.filter((line) => line.startsWith("file: "))).toHaveLength(1);
});
