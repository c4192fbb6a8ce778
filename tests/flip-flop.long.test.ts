// The flip-flop of three bits, as Sussillo and Barak have it: 8 stable points, and saddles of index 1 on the edges of
// their cube.
import { key } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { expect, test } from "vitest";
import { answersOf, farthest, trainFlipFlop } from "./flip-flop.ts";

test(
  "three bits: 8 stable points, one for each answer, and the same ones and saddles of index 1 for every key",
  { timeout: 1_800_000 },
  async () => {
    const backend = wasm();
    const trained = await trainFlipFlop({ bits: 3, hidden: 24, steps: 1500, backend });
    expect(trained.loss).toBeLessThan(0.01);
    const options = { candidates: 512, noise: 0.3, iterations: 2000 };
    const first = await trained.search(options);
    const stable = first.fixed.filter(({ index }) => index === 0);
    expect(stable.map(trained.answer).toSorted()).toEqual(answersOf(3));
    expect(first.fixed.filter(({ index }) => index === 1).length).toBeGreaterThanOrEqual(12);
    for (const point of first.fixed) expect(point.residual).toBeLessThan(1e-9);
    for (const seed of [1, 2]) {
      const again = await trained.search({ ...options, key: key(seed) });
      // Saddles of index 2 and 3 attract few candidates: 512 do not reach all of them with every key.
      const [found, expected] = [again, first].map(({ fixed }) => fixed.filter(({ index }) => index <= 1));
      expect(found).toHaveLength(expected!.length);
      expect(farthest(found!, expected!)).toBeLessThan(1e-9);
    }
    await backend.close();
  },
);
