import { readFileSync } from "node:fs";
import { expectOnBackend } from "@sluice/compiler/testing";
import {
  assertGradient,
  grad,
  item,
  key,
  mul,
  normal,
  sum,
  tensor,
  valueAndGrad,
  valuesOf,
  type DType,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { ctc } from "../index.ts";

interface Golden {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly name: string;
  readonly options: {
    readonly blank: number;
    readonly reduction?: "mean" | "sum" | "none";
    readonly zero_infinity?: boolean;
  };
  readonly logits: Golden;
  readonly labels: Golden;
  readonly lengths: number[];
  readonly labelLengths: number[];
  readonly upstream?: Golden;
  readonly value: Golden;
  readonly gradient: Golden;
}

const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(new URL("../../../../fixtures/train/ctc.json", import.meta.url), "utf8"),
);

const i32 = (values: readonly number[], shape?: readonly number[]): Tensor => tensor(values, shape, { dtype: "i32" });

function error(actual: Tensor, expected: Golden): number {
  expect(actual.shape).toEqual(expected.shape);
  const values = valuesOf(actual);
  const largest = Math.max(...expected.data.map(Math.abs));
  return Math.max(...expected.data.map((x, i) => Math.abs(values[i]! - x))) / (largest === 0 ? 1 : largest);
}

describe.each<[DType, number]>([
  ["f64", 1e-12],
  ["f32", 2e-6],
])("against PyTorch, %s", (dtype, tolerance) => {
  test.each(cases)("$name", ({ options, logits, labels, lengths, labelLengths, upstream, value, gradient }) => {
    const float = ({ data, shape }: Golden): Tensor => tensor(data, shape, { dtype });
    const lossOf = (x: Tensor): Tensor =>
      ctc(x, i32(labels.data, labels.shape), {
        lengths: i32(lengths),
        labelLengths: i32(labelLengths),
        blank: options.blank,
        ...(options.reduction && { reduction: options.reduction }),
        ...(options.zero_infinity && { zeroInfinity: true }),
      });
    const x = float(logits);
    expect(error(lossOf(x), value)).toBeLessThanOrEqual(tolerance);
    const total = (p: Tensor): Tensor => (upstream ? sum(mul(lossOf(p), float(upstream))) : lossOf(p));
    expect(error(valueAndGrad(total)(x).gradient, gradient)).toBeLessThanOrEqual(tolerance);
  });
});

const logits = normal(key(1), [3, 6, 4], { dtype: "f64" });
const labels = i32([1, 2, 2, 3, 1, 9, 2, -5, 7], [3, 3]);
const options = { lengths: i32([6, 4, 2]), labelLengths: i32([3, 2, 1]) };

test("gradients, once and twice", () => {
  assertGradient(({ x }: { x: Tensor }) => ctc(x, labels, options), { x: logits });
  assertGradient(
    ({ x }: { x: Tensor }) =>
      sum(mul(grad((p: Tensor) => ctc(p, labels, options))(x), normal(key(2), [3, 6, 4], { dtype: "f64" }))),
    { x: logits },
  );
});

test("it is the sum over all paths", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4 }),
      fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 3 }),
      fc.nat(1000),
      (time, own, seed) => {
        const x = normal(key(seed), [1, 4, 3], { dtype: "f64" });
        const p = softmaxRows([...valuesOf(x)], 3);
        let total = 0;
        for (let path = 0; path < 3 ** time; path++) {
          const classes = Array.from({ length: time }, (_, t) => Math.floor(path / 3 ** t) % 3);
          const collapsed = classes.filter((c, t) => c !== classes[t - 1]).filter((c) => c !== 0);
          if (collapsed.join() === own.join()) total += classes.reduce((product, c, t) => product * p[3 * t + c]!, 1);
        }
        const loss = item(ctc(x, i32(own, [1, own.length]), { lengths: i32([time]), reduction: "sum" }));
        if (total === 0) expect(loss).toBe(Infinity);
        else expect(loss).toBeCloseTo(-Math.log(total), 10);
      },
    ),
  );
});

function softmaxRows(x: readonly number[], width: number): number[] {
  return x.map((value, i) => {
    const from = i - (i % width);
    const row = x.slice(from, from + width).map(Math.exp);
    return Math.exp(value) / row.reduce((a, b) => a + b, 0);
  });
}

describe("what does not count reaches nothing", () => {
  const mask = tensor([1, 0, 1], undefined, { dtype: "bool" });
  const kept = (i: number): boolean => {
    const [row, step] = [Math.floor(i / 24), Math.floor(i / 4) % 6];
    return row !== 1 && step < [6, 4, 2][row]!;
  };
  const lossOf = (x: Tensor): Tensor => ctc(x, i32([1, 2, 2, 8, 8, 8, 2, -5, 7], [3, 3]), { ...options, mask });

  test.each([NaN, Infinity])("steps beyond the lengths and masked rows: %d", (junk) => {
    const spoiled = tensor(
      Float64Array.from(valuesOf(logits), (x, i) => (kept(i) ? x : junk)),
      [3, 6, 4],
    );
    const [expected, found] = [logits, spoiled].map((x) => valueAndGrad(lossOf)(x));
    expect(item(found!.value)).toBe(item(expected!.value));
    expect(valuesOf(found!.gradient)).toEqual(valuesOf(expected!.gradient));
    expect(valuesOf(found!.gradient).every((g, i) => kept(i) || g === 0)).toBe(true);
  });

  test("the mean is over the rows that the mask keeps", () => {
    const each = valuesOf(ctc(logits, labels, { ...options, reduction: "none" }));
    expect(item(ctc(logits, labels, { ...options, mask }))).toBeCloseTo((each[0]! / 3 + each[2]! / 1) / 2, 12);
  });
});

test("a label that is blank or not a class gives NaN, and too few steps infinity", () => {
  const each = (own: readonly number[]): number[] => [
    ...valuesOf(ctc(normal(key(1), [2, 3, 4]), i32(own, [2, 2]), { reduction: "none" })),
  ];
  expect(each([1, 0, 1, 2])[0]).toBeNaN();
  expect(each([1, 2, 1, 4])[1]).toBeNaN();
  expect(each([-1, 2, 1, 2])[0]).toBeNaN();
  expect(each([1, 2, 1, 2])).toEqual([expect.any(Number), expect.any(Number)]);
  const short = { lengths: i32([1, 3]), reduction: "none" } as const;
  const x = normal(key(1), [2, 3, 4]);
  expect([...valuesOf(ctc(x, i32([1, 2, 1, 2], [2, 2]), short))]).toEqual([Infinity, expect.any(Number)]);
  expect(valuesOf(ctc(x, i32([1, 2, 1, 2], [2, 2]), { ...short, zeroInfinity: true }))[0]).toBe(0);
  // No labels at all: the path of blanks.
  expect(item(ctc(x, tensor(new Int32Array(0), [2, 0]), { reduction: "sum" }))).toBeGreaterThan(0);
});

test("a class with the logit -Infinity has probability 0, and gradients stay finite", () => {
  const x = tensor(
    Float64Array.from(valuesOf(normal(key(1), [1, 4, 4])), (value, i) => (i % 4 === 3 ? -Infinity : value)),
    [1, 4, 4],
  );
  const without = tensor(
    valuesOf(x).filter((_, i) => i % 4 !== 3),
    [1, 4, 3],
  );
  const own = i32([1, 2], [1, 2]);
  const { value, gradient } = valueAndGrad((p: Tensor) => ctc(p, own))(x);
  expect(item(value)).toBeCloseTo(item(ctc(without, own)), 12);
  expect(valuesOf(gradient).every(Number.isFinite)).toBe(true);
  expect(item(ctc(x, i32([1, 3], [1, 2])))).toBe(Infinity);
});

const backend = wasm();
afterAll(() => backend.close());

test("a compiled program has the bits of the optimized one on the reference backend", async () => {
  const given = {
    x: normal(key(5), [3, 6, 4]),
    labels: i32([1, 2, 2, 3, 1, 0, 2, 0, 0], [3, 3]),
    ...options,
  };
  type Given = typeof given;
  await expectOnBackend(
    ({ x, labels: own, lengths, labelLengths }: Given) =>
      valueAndGrad((p: Tensor) => ctc(p, own, { lengths, labelLengths }))(x),
    [given],
    { backend, tolerance: 0 },
  );
});

describe("what is wrong is an error", () => {
  const x = normal(key(1), [2, 3, 4]);
  const y = i32([1, 2, 1, 2], [2, 2]);
  test.each<[string, () => unknown, string]>([
    ["logits", () => ctc(normal(key(1), [3, 4]), y), "ctc: expected logits [batch, time, classes], got [3,4]"],
    ["labels", () => ctc(x, i32([1, 2])), "ctc: logits [2,3,4] need labels i32 [2, labels], got i32 [2]"],
    [
      "float labels",
      () => ctc(x, tensor([1, 2, 1, 2], [2, 2])),
      'make class indices with tensor(values, shape, { dtype: "i32" })',
    ],
    ["blank", () => ctc(x, y, { blank: 4 }), "ctc: expected blank as one of the classes 0 to 3, got 4"],
    ["lengths", () => ctc(x, y, { lengths: i32([3]) }), "ctc: expected lengths i32 [2], got i32 [1]"],
    [
      "labelLengths",
      () => ctc(x, y, { labelLengths: tensor([1, 2]) }),
      "ctc: expected labelLengths i32 [2], got f32 [2]",
    ],
    [
      "a mask of steps",
      () => ctc(x, y, { mask: tensor([1, 1, 1, 1, 1, 1], [2, 3]) }),
      "ctc: the mask [2,3] must be over rows, [2]",
    ],
    ["another library's names", () => ctc(x, y, { zero_infinity: true } as never), "did you mean zeroInfinity?"],
    ["a reduction", () => ctc(x, y, { reduction: "total" as never }), "expected the reduction mean, sum or none"],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
