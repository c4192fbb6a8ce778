import { valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { adding, bitStreamXor, copying, type BitStreams } from "../index.ts";

const sizes = { train: 2000, validation: 10, test: 500 };
const given = <T>(options: T): T => options;

interface Row {
  readonly bits: readonly number[];
  readonly elapsed: readonly number[];
  readonly label: number;
  readonly rest: readonly number[];
}

function rowsOf({ x, elapsed, lengths, y }: BitStreams): Row[] {
  const steps = x.shape[1]!;
  return Array.from(valuesOf(lengths), (length, i) => ({
    bits: [...valuesOf(x).subarray(i * steps, i * steps + length)],
    elapsed: Array.from(valuesOf(elapsed).subarray(i * steps, i * steps + length), (t) => t * steps),
    label: valuesOf(y)[i]!,
    rest: [
      ...valuesOf(x).subarray(i * steps + length, (i + 1) * steps),
      ...valuesOf(elapsed).subarray(i * steps + length, (i + 1) * steps),
    ],
  }));
}

describe("bit-stream XOR", () => {
  test("dense: a step a bit, and the label is their parity", () => {
    const set = bitStreamXor({ ...sizes, form: "dense" });
    expect(set.train.x.shape).toEqual([2000, 32, 1]);
    const rows = rowsOf(set.train);
    for (const { bits, elapsed, label, rest } of rows) {
      expect(bits.length).toBeGreaterThanOrEqual(2);
      expect(bits.length).toBeLessThanOrEqual(31);
      expect(elapsed.every((t) => t === 1)).toBe(true);
      expect(label).toBe(bits.reduce((parity, bit) => parity ^ bit, 0));
      expect(rest.every((v) => v === 0)).toBe(true);
    }
    const lengths = new Set(rows.map(({ bits }) => bits.length));
    expect(lengths.size).toBe(30);
    const ones = rows.flatMap(({ bits }) => bits);
    // Five standard deviations of a fair coin.
    expect(Math.abs(ones.reduce((a, b) => a + b, 0) / ones.length - 0.5)).toBeLessThan(2.5 / Math.sqrt(ones.length));
    expect(Math.abs(rows.filter(({ label }) => label === 1).length / 2000 - 0.5)).toBeLessThan(2.5 / Math.sqrt(2000));
  });

  test("events: the dense streams of the same key, told by changes and times alone", () => {
    const dense = rowsOf(bitStreamXor({ ...sizes, form: "dense" }).train);
    const events = rowsOf(bitStreamXor(sizes).train);
    events.forEach(({ bits, elapsed, label, rest }, i) => {
      // A bit lasts until the step after it; the last step is the end of the stream where it repeats the bit.
      const stream: number[] = [];
      bits.forEach((bit, k) => {
        for (let t = 1; t < elapsed[k]!; t++) stream.push(bits[k - 1]!);
        stream.push(bit);
        if (k > 0 && k < bits.length - 1) expect(bit).not.toBe(bits[k - 1]);
      });
      expect(stream).toEqual(dense[i]!.bits);
      expect(label).toBe(dense[i]!.label);
      expect(elapsed.every((t) => t >= 1)).toBe(true);
      expect(rest.every((v) => v === 0)).toBe(true);
    });
    expect(new Set(events.map(({ bits }) => bits.length)).size).toBeGreaterThan(10);
  });

  test("streams of one length, and longer than a word", () => {
    const rows = rowsOf(
      bitStreamXor({ train: 50, validation: 0, test: 0, form: "dense", shortest: 40, longest: 40, steps: 40 }).train,
    );
    expect(rows.every(({ bits }) => bits.length === 40)).toBe(true);
    expect(rows.some(({ bits }) => bits[35] !== bits[3])).toBe(true);
  });

  test("splits are independent, and another size of one begins as before", () => {
    const set = bitStreamXor(sizes);
    expect([...valuesOf(set.test.y).subarray(0, 500)]).not.toEqual([...valuesOf(set.train.y).subarray(0, 500)]);
    expect([...valuesOf(bitStreamXor({ ...sizes, train: 100 }).train.x)]).toEqual([
      ...valuesOf(set.train.x).subarray(0, 3200),
    ]);
  });
});

test("adding: two marks, one in each half, and the sum of their values", () => {
  for (const [time, marks] of [
    [11, "halves"],
    [4, "anywhere"],
    [2, "halves"],
    [2, "anywhere"],
  ] as const) {
    const { x, y } = adding({ time, marks, ...sizes }).train;
    const values = valuesOf(x);
    const places = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      const marked = Array.from({ length: time }, (_, t) => t).filter((t) => values[2 * (i * time + t) + 1] === 1);
      expect(marked).toHaveLength(2);
      places.add(marked.join());
      if (marks === "halves")
        expect([marked[0]! < Math.floor(time / 2), marked[1]! >= Math.floor(time / 2)]).toEqual([true, true]);
      expect(valuesOf(y)[i]).toBe(Math.fround(marked.reduce((sum, t) => sum + values[2 * (i * time + t)]!, 0)));
    }
    expect(places.size).toBe(marks === "halves" ? Math.floor(time / 2) * Math.ceil(time / 2) : (time * (time - 1)) / 2);
  }
  const targets = [...valuesOf(adding({ time: 20, ...sizes }).train.y)];
  // The published chance level, 1/6; the sampling error of the mean of 2,000 squares is 0.0044.
  expect(Math.abs(targets.reduce((sum, y) => sum + (y - 1) * (y - 1), 0) / 2000 - 1 / 6)).toBeLessThan(5 * 0.0044);
});

test("copying: the symbols come back at the end, in their order", () => {
  const { x, y } = copying({ delay: 7, length: 3, symbols: 4, ...sizes }).train;
  expect([x.shape, y.shape, x.dtype]).toEqual([[2000, 13], [2000, 13], "i32"]);
  const seen = new Set<number>();
  for (let i = 0; i < 2000; i++) {
    const [shown, wanted] = [
      [...valuesOf(x).subarray(i * 13, i * 13 + 13)],
      [...valuesOf(y).subarray(i * 13, i * 13 + 13)],
    ];
    shown.slice(0, 3).forEach((symbol) => seen.add(symbol));
    expect(shown.slice(3)).toEqual([0, 0, 0, 0, 0, 0, 5, 0, 0, 0]);
    expect(wanted).toEqual([...new Array(10).fill(0), ...shown.slice(0, 3)]);
  }
  expect([...seen].toSorted()).toEqual([1, 2, 3, 4]);
});

test("every task says what it is, and may have empty splits", () => {
  for (const set of [
    bitStreamXor({ train: 0, validation: 0, test: 3 }),
    adding({ time: 3, train: 0, validation: 0, test: 3 }),
    copying({ delay: 3, train: 0, validation: 0, test: 3 }),
  ]) {
    expect(set.train.x.shape[0]).toBe(0);
    expect(set.test.y.shape[0]).toBe(3);
    expect(set.provenance.source).toMatch(/^generated: /);
    expect(set.provenance.caution).not.toBe("");
  }
});

test.each<[string, () => unknown, string]>([
  [
    "form",
    () => bitStreamXor(given<object>({ form: "event" })),
    "bitStreamXor: unknown form event; did you mean events?",
  ],
  [
    "steps",
    () => bitStreamXor({ longest: 40, shortest: 40 }),
    "bitStreamXor: 32 steps are too few for the longest stream of 40 bits; raise steps or lower longest",
  ],
  ["longest", () => bitStreamXor({ shortest: 5, longest: 4 }), "bitStreamXor: longest must be an integer >= 5, got 4"],
  ["option", () => bitStreamXor(given<object>({ seed: 1 })), "bitStreamXor: unknown option seed; did you mean key?"],
  ["time", () => adding({ time: 1 }), "adding: time must be an integer >= 2, got 1"],
  ["symbols", () => copying({ delay: 1, symbols: 1 }), "copying: symbols must be an integer >= 2, got 1"],
  ["delay", () => copying({ delay: 0 }), "copying: delay must be an integer >= 1, got 0"],
])("bad input: %s", (_, run, message) => {
  expect(run).toThrow(message);
});
