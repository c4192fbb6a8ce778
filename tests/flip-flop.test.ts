// What a GRU has learned of the flip-flop task, by its fixed points (Sussillo and Barak 2013).
import { key } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { expect, test } from "vitest";
import { answersOf, farthest, trainFlipFlop } from "./flip-flop.ts";

test("two bits: 4 stable points, one for each answer, and saddles between them, for every key", async () => {
  const backend = wasm();
  const trained = await trainFlipFlop({ bits: 2, hidden: 12, steps: 400, backend });
  expect(trained.loss).toBeLessThan(0.01);
  const options = { candidates: 192, noise: 0.2 };
  const first = await trained.search(options);
  const stable = first.fixed.filter(({ index }) => index === 0);
  expect(stable.map(trained.answer).toSorted()).toEqual(answersOf(2));
  const saddles = first.fixed.filter(({ stability }) => stability === "saddle");
  expect(saddles.length).toBeGreaterThanOrEqual(4);
  expect(saddles.filter(({ index }) => index === 1).length).toBeGreaterThanOrEqual(4);
  for (const point of first.fixed) expect(point.residual).toBeLessThan(1e-9);

  for (const seed of [1, 2, 3]) {
    const again = await trained.search({ ...options, key: key(seed) });
    expect(again.fixed.map(({ index }) => index)).toEqual(first.fixed.map(({ index }) => index));
    expect(farthest(again.fixed, first.fixed)).toBeLessThan(1e-9);
  }
  await backend.close();
});
