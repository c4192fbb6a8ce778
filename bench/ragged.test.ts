import { expect, test } from "vitest";
import { batchesDataOf, raggedSetLengths } from "./ragged-data.ts";
import { raggedCases, raggedTable, type RaggedRow } from "./ragged.ts";

const cases = raggedCases().flat();

test("every set of a model has the same real steps, and the longest sequence that its ratio says", () => {
  for (const of of cases) {
    const lengths = raggedSetLengths(of);
    expect(lengths).toHaveLength(of.sequences);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(of.sequences * of.mean);
    expect(lengths.at(-1)).toBe(of.mean * of.ratio);
    expect(Math.max(...lengths)).toBe(of.mean * of.ratio);
    expect(lengths[0]).toBeGreaterThan(0.4 * of.mean);
  }
});

test("the target of a step is the step that follows in its sequence", () => {
  const of = { ...cases.find(({ ratio }) => ratio === 7)!, mean: 10, input: 5, outputs: 5 };
  const { x, y, offsets } = batchesDataOf(of);
  const ends = new Set(offsets!.data);
  expect(x!.shape).toEqual([of.sequences * of.mean, 5]);
  for (let step = 0; step + 1 < x!.shape[0]!; step++)
    if (!ends.has(step + 1))
      expect(y!.data.subarray(5 * step, 5 * step + 5)).toEqual(x!.data.subarray(5 * step + 5, 5 * step + 10));
});

test("the table relates a row to the first of its model, and peers to Sluice", () => {
  const [first, second] = cases;
  const rows: RaggedRow[] = [
    { case: first!, steps: 4000, ratio: 1, ms: { sluice: 8, "torch padded": 9 }, errors: {}, bytes: 2e6 },
    { case: second!, steps: 4000, ratio: 2, ms: { sluice: 10 }, errors: { "torch padded": "no" }, bytes: 3e6 },
  ];
  expect(raggedTable(rows).split("\n").slice(2)).toEqual([
    "| lstm 1 x 128 | 1.0 | 8.00 | 1.00 | 2.00 | 9.00 | 1.13 |",
    "| lstm 1 x 128 | 2.0 | 10.0 | 1.25 | 3.00 | error |  |",
  ]);
});
