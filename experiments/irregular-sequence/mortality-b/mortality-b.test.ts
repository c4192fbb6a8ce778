import { dataFolder } from "@sluice/data";
import type { Results, TrialRecord } from "@sluice/study";
import { tensor } from "@sluice/tensor";
import { studySuite } from "@sluice/trials/testing";
import { describe, expect, inject, test } from "vitest";
import { blocksOf, byBlock, line, recordBlocks } from "./blocks.ts";
import { higherInBlocks } from "./claims.ts";
import study from "./study.ts";

const folder = dataFolder();

// Each trial reads 8,000 files, because the sums are those of the whole sets.
describe("the study", () => {
  const laws = studySuite(study, {
    size: { stays: 60, hidden: 4, batch: 10, epochs: 4, learningRate: 0.03, logEvery: 2, validateEvery: 3, blocks: 3 },
    dataFolder: folder ?? null,
    skip: !inject("long")
      ? "it is for npm run test:long"
      : folder === undefined
        ? "SLUICE_DATA names no data folder"
        : undefined,
    diverging: { learningRate: 1e38 },
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

const died = Array.from({ length: 60 }, (_, row) => (row % 6 === 0 ? 1 : 0));
const y = tensor(Int32Array.from(died));

test("every patient is in one block, and each block has its share of deaths", () => {
  const blocks = blocksOf(y, 5);
  expect(blocks.flatMap((rows) => [...rows]).sort((a, b) => a - b)).toEqual(died.map((_, row) => row));
  expect(blocks.map((rows) => rows.filter((row) => died[row] === 1).length)).toEqual([2, 2, 2, 2, 2]);
});

test("the AUROC of a block is the share of pairs in the right order", () => {
  const scores = died.map((label, row) => ((row * 37) % 60) + 20.5 * label);
  let areas: ArrayLike<number> = [];
  recordBlocks(
    { series: (name, { lines }) => void (areas = name === byBlock ? (lines[line] ?? []) : []) },
    {
      logits: tensor(
        scores.flatMap((score) => [0, score]),
        [60, 2],
      ),
      y,
      blocks: 4,
    },
  );
  const expected = blocksOf(y, 4).map((block) => {
    const rows = [...block];
    const pairs = rows.flatMap((a) => rows.flatMap((b) => (died[a] === 1 && died[b] === 0 ? [[a, b]] : [])));
    return pairs.filter(([a, b]) => scores[a!]! > scores[b!]!).length / pairs.length;
  });
  Array.from(areas, (area, block) => expect(area).toBeCloseTo(expected[block]!, 6));
  expect(areas).toHaveLength(4);
});

const record = (variant: string, seed: number, status: TrialRecord["status"]): TrialRecord =>
  ({ task: "set B", variant, seed, status, metrics: {}, folder: "", warnings: [] }) as never;

/** Two variants whose AUROC in each block are these in all seeds. */
function resultsOf(
  own: readonly number[],
  other: readonly number[],
  { seeds = 5, status = "done" as const } = {},
): Results {
  const lines = (variant: string) => ({ [line]: variant === "GRU-D" ? own : other });
  const of = ({ variant = "" }) => Array.from({ length: seeds }, (_, seed) => record(variant, seed, status));
  const series = ({ variant = "" }) =>
    Array.from({ length: seeds }, (_, seed) => ({
      seed,
      series: { name: byBlock, title: "", x: { label: "", values: [] }, y: { label: "" }, lines: lines(variant) },
    }));
  return { of, series } as never;
}

test("the claim is decided by the blocks, with the t of scipy.stats.ttest_rel", () => {
  const claim = higherInBlocks("GRU-D", "GRU-mean");
  const [own, other] = [
    [0.84, 0.81, 0.86, 0.79, 0.83],
    [0.8, 0.79, 0.83, 0.78, 0.8],
  ];
  // ttest_rel(own, other).pvalue
  const found = claim(resultsOf(own, other));
  expect(found.verdict).toBe("reproduced");
  expect(found.p).toBeCloseTo(0.006987374665319688, 9);
  expect(found.because).toContain("a difference of 0.026");
  expect(claim(resultsOf(other, own)).verdict).toBe("not reproduced");
  expect(claim(resultsOf(own, [0.9, 0.7, 0.9, 0.7, 0.9])).verdict).toBe("undecided");
  expect(claim(resultsOf(own, other, { seeds: 4 })).verdict).toBe("undecided");
  expect(claim({ ...resultsOf(own, other), of: () => [record("GRU-D", 0, "failed")] }).verdict).toBe("undecided");
});
