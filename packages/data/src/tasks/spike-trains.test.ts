import { key, valuesOf, type Tensor } from "@sluice/tensor";
import { expect, test } from "vitest";
import { spikeTrains } from "../index.ts";

const sizes = { train: 2000, validation: 0, test: 10 };

/** The spikes of each example and channel. */
function countsOf(x: Tensor): number[][] {
  const [n = 0, time = 0, channels = 0] = x.shape;
  const values = valuesOf(x);
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: channels }, (_, j) => {
      let count = 0;
      for (let t = 0; t < time; t++) count += values[(i * time + t) * channels + j] ?? NaN;
      return count;
    }),
  );
}

/** exp(-m) m^k / k! for k = 0, 1, ... */
function poissonPmf(mean: number, most: number): number[] {
  const pmf = [Math.exp(-mean)];
  for (let k = 1; k <= most; k++) pmf.push(((pmf[k - 1] ?? NaN) * mean) / k);
  return pmf;
}

test("counts of a bin have Poisson's probabilities", () => {
  const rates = [
    [5, 0],
    [80, 150],
  ];
  const { x, y } = spikeTrains({ rates, time: 20, bin: 0.02, ...sizes }).train;
  expect([x.shape, y.dtype]).toEqual([[2000, 20, 2], "i32"]);
  rates.forEach((own, c) =>
    own.forEach((rate, j) => {
      const bins = [...valuesOf(x)].filter((_, i) => i % 2 === j && valuesOf(y)[Math.floor(i / 40)] === c);
      expect(bins.length).toBeGreaterThan(15_000);
      poissonPmf(rate * 0.02, 12).forEach((p, k) => {
        const share = bins.filter((count) => count === k).length / bins.length;
        // Five standard deviations, and one count.
        expect(Math.abs(share - p)).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / bins.length) + 1 / bins.length);
      });
    }),
  );
});

test("the rule that knows the rates is right as often as the probabilities say", () => {
  const rates = [[10], [20]];
  const { x, y } = spikeTrains({ rates, time: 100, bin: 0.01, ...sizes, train: 4000 }).train;
  const [slow, fast] = [poissonPmf(10, 200), poissonPmf(20, 200)];
  const best = slow.reduce((sum, p, k) => sum + Math.max(p, fast[k] ?? 0), 0) / 2;
  const score = (count: number, rate: number): number => count * Math.log(rate) - rate;
  const right = countsOf(x).filter(([count = NaN], i) => {
    const found = score(count, 20) > score(count, 10) ? 1 : 0;
    return found === valuesOf(y)[i];
  }).length;
  expect(Math.abs(right / 4000 - best)).toBeLessThan(5 * Math.sqrt((best * (1 - best)) / 4000));
});

test("drawn rates are in their interval and are those of the key", () => {
  const rates = { classes: 3, channels: 5, interval: [20, 30] } as const;
  const first = spikeTrains({ rates, ...sizes, key: key(4) });
  expect([first.rates.length, first.rates[0]?.length, first.classes?.length]).toEqual([3, 5, 3]);
  expect(first.rates.flat().every((rate) => rate >= 20 && rate < 30)).toBe(true);
  expect(spikeTrains({ rates, ...sizes, train: 3, key: key(4) }).rates).toEqual(first.rates);
  expect(spikeTrains({ rates, ...sizes, key: key(5) }).rates).not.toEqual(first.rates);
  // All splits have the rates that are named: 0.5 s of each class and channel.
  const counts = countsOf(first.train.x);
  first.rates.forEach((own, c) => {
    const mine = counts.filter((_, i) => valuesOf(first.train.y)[i] === c);
    own.forEach((rate, j) => {
      const mean = mine.reduce((sum, row) => sum + (row[j] ?? NaN), 0) / mine.length;
      expect(Math.abs(mean - rate / 2)).toBeLessThan(5 * Math.sqrt(rate / 2 / mine.length));
    });
  });
});

test.each<[object, string]>([
  [{ rates: [[1, 2]] }, "spikeTrains: rates must be two lists or more of as many numbers from 0, in Hz"],
  [{ rates: [[1], [1, 2]] }, "spikeTrains: rates must be two lists or more"],
  [{ rates: [[1], [-1]] }, "spikeTrains: rates must be two lists or more"],
  [{ rates: { classes: 1, channels: 2, interval: [1, 2] } }, "rates.classes must be an integer >= 2, got 1"],
  [{ rates: { classes: 2, channels: 2, interval: [2, 1] } }, "rates.interval must be an interval"],
  [{ bin: 2 }, "spikes in a bin of 2 s, at most 50 are possible; choose a smaller bin"],
  [{ bin: 0 }, "spikeTrains: bin must be a time above 0, in seconds, got 0"],
  [{ key: 3 }, "spikeTrains: the key is 3, expected a key"],
])("refuses %j", (options, message) => {
  expect(() => spikeTrains(options)).toThrow(message);
});
