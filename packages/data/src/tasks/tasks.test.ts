import { valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { adding, bitStreamXor, copying, delayedCopy, flipFlop, parity, type BitStreams } from "../index.ts";

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

test("flip-flop: each bit is the sign of its latest pulse", () => {
  const [time, bits] = [20, 3];
  const { x, y } = flipFlop({ bits, time, pulses: 0.25, ...sizes }).train;
  expect([x.shape, y.shape]).toEqual([
    [2000, time, bits],
    [2000, time, bits],
  ]);
  const [pulses, targets] = [valuesOf(x), valuesOf(y)];
  const counts = { [-1]: 0, 0: 0, 1: 0 };
  for (let row = 0; row < 2000; row++) {
    for (let bit = 0; bit < bits; bit++) {
      let latest = 0;
      for (let t = 0; t < time; t++) {
        const pulse = pulses[(row * time + t) * bits + bit]!;
        if (t === 0) expect(Math.abs(pulse)).toBe(1);
        else counts[pulse as -1 | 0 | 1]++;
        if (pulse !== 0) latest = pulse;
        expect(targets[(row * time + t) * bits + bit]).toBe(latest);
      }
    }
  }
  const drawn = 2000 * (time - 1) * bits;
  expect(counts[-1] + counts[0] + counts[1]).toBe(drawn);
  // Five standard deviations.
  for (const [count, p] of [
    [counts[0], 0.75],
    [counts[1], 0.125],
    [counts[-1], 0.125],
  ] as const)
    expect(Math.abs(count / drawn - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / drawn));
});

test("flip-flop: bits are independent, and pulses may be never or always", () => {
  const { x } = flipFlop({ bits: 2, time: 2, pulses: 0, train: 2000, validation: 0, test: 0 }).train;
  const starts = new Set<string>();
  for (let row = 0; row < 2000; row++) {
    const [a, b, ...rest] = valuesOf(x).subarray(4 * row, 4 * row + 4);
    starts.add(`${a} ${b}`);
    expect(rest).toEqual([0, 0]);
  }
  expect(starts.size).toBe(4);
  const always = flipFlop({ bits: 1, time: 5, pulses: 1, train: 10, validation: 0, test: 0 }).train;
  expect([...valuesOf(always.x)].every((pulse) => Math.abs(pulse) === 1)).toBe(true);
  expect([...valuesOf(always.y)]).toEqual([...valuesOf(always.x)]);
});

test("parity: of the bits up to each step", () => {
  const time = 40;
  const { x, y, lengths } = parity({ time, shortest: 30, ...sizes }).train;
  expect([x.shape, y.shape, y.dtype]).toEqual([[2000, time, 1], [2000, time], "i32"]);
  const seen = new Set<number>();
  let ones = 0;
  valuesOf(lengths).forEach((length, row) => {
    seen.add(length);
    const bits = [...valuesOf(x).subarray(row * time, (row + 1) * time)];
    const wanted = bits.map((_, t) => (t < length ? bits.slice(0, t + 1).filter((bit) => bit === 1).length % 2 : 0));
    expect([...valuesOf(y).subarray(row * time, (row + 1) * time)]).toEqual(wanted);
    expect(bits.slice(length).every((bit) => bit === 0)).toBe(true);
    expect(bits.every((bit) => bit === 0 || bit === 1)).toBe(true);
    ones += wanted[length - 1]!;
  });
  expect([...seen].toSorted((a, b) => a - b)).toEqual([30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40]);
  // Five standard deviations of a fair coin.
  expect(Math.abs(ones / 2000 - 0.5)).toBeLessThan(2.5 / Math.sqrt(2000));
  expect(new Set(valuesOf(parity({ time: 7, ...sizes }).train.lengths))).toEqual(new Set([7]));
});

test("delayed copy: the symbol of so many steps before", () => {
  for (const [delay, time] of [
    [3, 10],
    [0, 2],
    [4, 5],
  ] as const) {
    const { x, y } = delayedCopy({ delay, time, symbols: 5, ...sizes }).train;
    expect([x.shape, y.shape, x.dtype, y.dtype]).toEqual([[2000, time], [2000, time], "i32", "i32"]);
    for (let row = 0; row < 2000; row++) {
      const shown = [...valuesOf(x).subarray(row * time, (row + 1) * time)];
      const wanted = [...new Array<number>(delay).fill(0), ...shown.slice(0, time - delay)];
      expect([...valuesOf(y).subarray(row * time, (row + 1) * time)]).toEqual(wanted);
    }
    expect([...new Set(valuesOf(x))].toSorted()).toEqual([1, 2, 3, 4, 5]);
  }
  expect(delayedCopy({ delay: 5, ...sizes }).test.x.shape).toEqual([500, 24]);
});

test("every task says what it is, and may have empty splits", () => {
  for (const set of [
    bitStreamXor({ train: 0, validation: 0, test: 3 }),
    adding({ time: 3, train: 0, validation: 0, test: 3 }),
    copying({ delay: 3, train: 0, validation: 0, test: 3 }),
    delayedCopy({ delay: 3, train: 0, validation: 0, test: 3 }),
    flipFlop({ train: 0, validation: 0, test: 3 }),
    parity({ time: 3, train: 0, validation: 0, test: 3 }),
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
  ["pulses", () => flipFlop({ pulses: 1.5 }), "flipFlop: pulses must be a number from 0 to 1, got 1.5"],
  ["bits", () => flipFlop({ bits: 0 }), "flipFlop: bits must be an integer >= 1, got 0"],
  ["shortest", () => parity({ time: 3, shortest: 4 }), "parity: shortest must be at most the time of 3 steps, got 4"],
  [
    "bits of parity",
    () => parity(given<{ time: number }>({ time: 2.5 })),
    "parity: time must be an integer >= 1, got 2.5",
  ],
  [
    "time within the delay",
    () => delayedCopy({ delay: 4, time: 4 }),
    "delayedCopy: time must be more than the delay of 4 steps, got 4",
  ],
  ["lag", () => delayedCopy(given({ delay: 1, lag: 2 })), "delayedCopy: unknown option lag; did you mean delay?"],
])("bad input: %s", (_, run, message) => {
  expect(run).toThrow(message);
});
