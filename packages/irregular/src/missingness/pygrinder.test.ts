import { readFileSync } from "node:fs";
import { key, tensor, type ArrayTensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  missingAtRandom,
  missingBlocks,
  missingCompletelyAtRandom,
  missingNotAtRandom,
  raggedBatch,
  type Hidden,
  type RaggedBatch,
} from "../index.ts";

interface Shares {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}
type Kind = "total" | "byChannel" | "byStep";
type Drawn = Readonly<Record<Kind, Shares>>;

const pygrinder: {
  readonly shape: readonly [number, number, number];
  readonly draws: number;
  readonly mcar: Drawn;
  readonly sequences: Drawn;
  readonly sequencesOfTwo: Drawn;
  readonly blocks: Drawn;
  readonly mar: Shares;
  readonly mnar: { readonly steps: number; readonly missing: readonly (readonly number[])[] };
} = JSON.parse(readFileSync(new URL("../../../../fixtures/irregular/pygrinder.json", import.meta.url), "utf8"));

const [samples, steps, channels] = pygrinder.shape;
const draws = 40;

/** The numbers of the generator. */
const data = Float64Array.from({ length: samples * steps * channels }, (_, i) => {
  return ((i * 7919 + (i % 89) * (i % 97) * 31) % 10_007) / 10_007;
});
const isGap = (at: number): boolean => at % 10 === 3;

/** The values of some channels, in sequences of this length. */
function batchOf(length: number, count: number, { width = channels, gaps = false } = {}): RaggedBatch {
  const places = Array.from({ length: length * count }, (_, step) =>
    Array.from({ length: width }, (_, channel) => step * channels + channel),
  ).flat();
  return raggedBatch({
    values: tensor(
      Float64Array.from(places, (at) => (gaps && isGap(at) ? Number.NaN : data[at]!)),
      [length * count, width],
    ),
    offsets: Array.from({ length: count + 1 }, (_, i) => i * length),
    mask: tensor(
      Int32Array.from(places, (at) => (gaps && isGap(at) ? 0 : 1)),
      [length * count, width],
      { dtype: "bool" },
    ),
  });
}

/** Of the values that were there, the shares that are hidden, by the part that a value belongs to. */
function sharesOf({ hidden }: Hidden, mask: ArrayTensor, parts: number, partOf: (at: number) => number): number[] {
  const [there, gone] = [new Float64Array(parts), new Float64Array(parts)];
  hidden.data.forEach((is, at) => {
    const part = partOf(at);
    if (part < 0) return;
    there[part]! += mask.data[at]!;
    gone[part]! += is;
  });
  return Array.from(gone, (count, part) => (there[part] === 0 ? 0 : count / there[part]!));
}

/** Means over draws agree to within five standard errors of their difference. */
function expectAgree(found: readonly (readonly number[])[], expected: Shares): void {
  expected.mean.forEach((mean, part) => {
    const own = found.map((shares) => shares[part]!);
    const average = own.reduce((sum, share) => sum + share, 0) / own.length;
    const variance = own.reduce((sum, share) => sum + (share - average) ** 2, 0) / (own.length - 1);
    const error = Math.sqrt(variance / own.length + expected.deviation[part]! ** 2 / pygrinder.draws);
    // Blocks are added until a rate is reached, so its mean is a little above it.
    expect(Math.abs(average - mean)).toBeLessThan(5 * error + 4e-4);
  });
}

function expectDrawn(batch: RaggedBatch, hide: (seed: number) => Hidden, expected: Drawn): void {
  const all = Array.from({ length: draws }, (_, seed) => hide(seed));
  const of = (parts: number, partOf: (at: number) => number): number[][] =>
    all.map((hidden) => sharesOf(hidden, batch.mask!, parts, partOf));
  expectAgree(
    of(1, () => 0),
    expected.total,
  );
  expectAgree(
    of(channels, (at) => at % channels),
    expected.byChannel,
  );
  expectAgree(
    of(steps, (at) => Math.floor(at / channels) % steps),
    expected.byStep,
  );
}

describe("the statistics of pygrinder", () => {
  test("MCAR, among values of which a tenth is missing in the data", () => {
    const batch = batchOf(steps, samples, { gaps: true });
    expectDrawn(batch, (seed) => missingCompletelyAtRandom(batch, { rate: 0.3, key: key(seed) }), pygrinder.mcar);
  });

  test.each([
    ["subsequences", "sequences", { steps: 5 }, channels],
    ["subsequences of two channels only", "sequencesOfTwo", { steps: 5, variables: [1, 3] }, 2],
    ["blocks", "blocks", { steps: 4, width: 2 }, channels],
  ] as const)("%s", (_, name, options, of) => {
    const batch = batchOf(steps, samples);
    const expected = pygrinder[name];
    // Our rate is that of the chosen channels.
    const rate = (expected.total.mean[0]! * channels) / of;
    expectDrawn(batch, (seed) => missingBlocks(batch, { ...options, rate, key: key(seed) }), expected);
  });

  test("MAR: by fifths of the channel that decides", () => {
    const batch = batchOf(samples * steps, 1, { width: 2 });
    const rank = new Map(
      [...data.keys()]
        .filter((at) => at % channels === 0)
        .sort((a, b) => data[a]! - data[b]!)
        .map((at, i) => [at / channels, i]),
    );
    const fifth = (at: number): number =>
      at % 2 === 0 ? -1 : Math.floor((rank.get((at - 1) / 2)! * 5) / (samples * steps));
    const found = Array.from({ length: draws }, (_, seed) =>
      sharesOf(missingAtRandom(batch, { rate: 0.4, given: [0], slope: 1, key: key(seed) }), batch.mask!, 5, fifth),
    );
    expectAgree(found, pygrinder.mar);
  });

  test("MNAR: a steep slope hides exactly the values above the threshold", () => {
    const length = pygrinder.mnar.steps;
    const batch = batchOf(length, 1);
    pygrinder.mnar.missing.forEach((missing, channel) => {
      const rate = missing.length / length;
      const { hidden } = missingNotAtRandom(batch, { rate, slope: 1e5, variables: [channel], key: key(1) });
      const found = [...hidden.data].flatMap((is, at) => (is === 1 ? [(at - channel) / channels] : []));
      expect(found).toEqual(missing);
    });
  });
});
