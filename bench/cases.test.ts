import { expect, test } from "vitest";
import { allCases, flopsOf, idOf, makeCase, quickCases, raggedLengths, stepsOf } from "./cases.ts";

test("cases have ids of their own, and the quick ones are among them", () => {
  const ids = allCases.map(idOf);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toContain("train gru/32x100x128x128 1 thread");
  for (const of of quickCases) expect(ids).toContain(idOf(of));
});

test("ragged lengths are geometric: mean 20 but for the cut at 100, longest first", () => {
  const lengths = raggedLengths({ batch: 1000, time: 100 });
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  expect(mean).toBeGreaterThan(19.5); // uncut 20; the cut at 100 takes sum_{n > 100} 0.95^(n - 1) = 20 * 0.95^100 = 0.12
  expect(mean).toBeLessThan(20.5);
  expect(lengths[0]).toBe(100);
  expect(lengths.at(-1)).toBe(1);
  expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
});

test("operations are those of the products alone", () => {
  // 32 * 100 steps, 3 gates of 64, from 64 + 64 inputs, 2 operations each, forward and twice backward.
  expect(flopsOf(makeCase("train", "gru", [32, 100, 64, 64], 1))).toBe(3 * 2 * 3200 * 3 * 64 * 128);
  expect(flopsOf(makeCase("inference", "gru", [32, 100, 64, 64], 1))).toBe(2 * 100 * 3 * 64 * 128);
  const ragged = makeCase("ragged", "gru", [32, 100, 64, 64], 1);
  expect(flopsOf(ragged)).toBe(3 * 2 * stepsOf(ragged) * 3 * 64 * 128);
  expect(stepsOf(ragged)).toBe(raggedLengths(ragged).reduce((sum, length) => sum + length, 0));
});
