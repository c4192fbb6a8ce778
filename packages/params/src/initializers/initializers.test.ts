import { createHash } from "node:crypto";
import * as random from "@sluice/tensor";
import { key, randomBits, valuesOf, type Shape } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  identity,
  initialize,
  kernel,
  lecunNormal,
  lecunUniform,
  randomNormal,
  ones,
  orthogonal,
  parameter,
  planeRotations,
  pytorchUniform,
  recurrentKernel,
  scaledIdentity,
  scaledOrthogonal,
  truncatedNormal,
  randomUniform,
  zeros,
  type Initializer,
  type TruncatedNormalOptions,
} from "../index.ts";

const draw = (initializer: Initializer, shape: Shape, sizes = {}): number[] => [
  ...valuesOf(initializer(key(5), shape, sizes)),
];
const shape = [40, 120];
const range = (values: readonly number[]): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const deviation = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

describe("uniform on the published range", () => {
  test.each([
    ["glorotUniform", glorotUniform, Math.sqrt(6 / 160)],
    ["lecunUniform", lecunUniform, Math.sqrt(3 / 40)],
    ["heUniform", heUniform, Math.sqrt(6 / 40)],
    ["pytorchUniform", pytorchUniform, 1 / Math.sqrt(30)],
    ["uniform", randomUniform({ low: -0.3, high: 0.3 }), 0.3],
  ])("%s", (_, initializer, limit) => {
    const values = draw(initializer, shape, { hidden: 30 });
    expect(range(values)).toBeLessThanOrEqual(limit);
    expect(range(values)).toBeGreaterThan(0.99 * limit);
    expect(deviation(values) / (limit / Math.sqrt(3))).toBeCloseTo(1, 1);
  });
});

describe("normal of the published deviation", () => {
  test.each([
    ["glorotNormal", glorotNormal, Math.sqrt(2 / 160), true],
    ["lecunNormal", lecunNormal, Math.sqrt(1 / 40), true],
    ["heNormal", heNormal, Math.sqrt(2 / 40), true],
    ["truncatedNormal", truncatedNormal({ deviation: 2 }), 2 * 0.87962566103423978, true],
    ["normal", randomNormal({ deviation: 2 }), 2, false],
  ])("%s", (_, initializer, expected, cut) => {
    const values = draw(initializer, shape);
    // Five standard errors of a deviation over 4800 draws.
    expect(Math.abs(deviation(values) / expected - 1)).toBeLessThan(5 / Math.sqrt(2 * values.length));
    if (cut) expect(range(values)).toBeLessThanOrEqual((2 / 0.87962566103423978) * expected);
    else expect(range(values)).toBeGreaterThan(2.5 * expected);
  });
});

test("uniform and normal have the bits of the tensor functions of that name", () => {
  for (const odd of [[7], [3, 5], [2, 4]]) {
    expect(draw(randomUniform({ low: -1, high: 2 }), odd)).toEqual([
      ...valuesOf(random.uniform(key(5), odd, { low: -1, high: 2, dtype: "f64" })),
    ]);
    expect(draw(randomNormal({ mean: 3, deviation: 2 }), odd)).toEqual([
      ...valuesOf(random.normal(key(5), odd, { mean: 3, deviation: 2, dtype: "f64" })),
    ]);
  }
});

describe("truncated normal", () => {
  /** Mean and deviation of a normal between two limits, by the midpoint rule. */
  const cut = (mean: number, deviation: number, low: number, high: number): { mean: number; deviation: number } => {
    const points = Array.from({ length: 20_000 }, (_, i) => low + ((i + 0.5) / 20_000) * (high - low));
    const weights = points.map((x) => Math.exp(-(((x - mean) / deviation) ** 2) / 2));
    const total = weights.reduce((a, b) => a + b);
    const average = (f: (x: number) => number): number =>
      points.reduce((sum, x, i) => sum + weights[i]! * f(x), 0) / total;
    const centre = average((x) => x);
    return { mean: centre, deviation: Math.sqrt(average((x) => (x - centre) ** 2)) };
  };

  test.each<[string, TruncatedNormalOptions, [number, number, number, number]]>([
    ["Keras's TruncatedNormal(stddev=0.3)", { deviation: 0.3 }, [0, 0.3, -0.6, 0.6]],
    ["Keras's TruncatedNormal(mean=1, stddev=0.3)", { mean: 1, deviation: 0.3 }, [1, 0.3, 0.4, 1.6]],
    ["PyTorch's trunc_normal_(std=1)", { deviation: 1, low: -2, high: 2 }, [0, 1, -2, 2]],
    [
      "PyTorch's trunc_normal_(std=0.02), whose limits are then 100 deviations away",
      { deviation: 0.02, low: -2, high: 2 },
      [0, 0.02, -0.2, 0.2],
    ],
    ["PyTorch's trunc_normal_(mean=1, std=2, a=0, b=2)", { mean: 1, deviation: 2, low: 0, high: 2 }, [1, 2, 0, 2]],
    ["one tail alone", { low: 0.15, high: 10 }, [0, 0.05, 0.15, 0.4]],
  ])("%s", (_, options, [mean, deviation, low, high]) => {
    const values = draw(truncatedNormal(options), shape);
    const expected = cut(mean, deviation, low, high);
    const centre = values.reduce((a, b) => a + b) / values.length;
    const found = Math.sqrt(values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / values.length);
    expect(values.every((x) => x >= low && x <= high)).toBe(true);
    // Five standard errors.
    expect(Math.abs(centre - expected.mean)).toBeLessThan((5 * expected.deviation) / Math.sqrt(values.length));
    expect(Math.abs(found / expected.deviation - 1)).toBeLessThan(5 / Math.sqrt(values.length));
  });

  test("what heNormal and its kin draw deviates by what they promise", () => {
    expect(cut(0, 1, -2, 2).deviation).toBeCloseTo(0.87962566103423978, 8);
  });

  test("each value takes one draw: the quantile that its random word names", () => {
    const values = draw(truncatedNormal({ deviation: 1 }), [9]);
    const words = [...valuesOf(randomBits(key(5), [9]))].map((word) => word >>> 8);
    /** The share of a standard normal below x, between -2 and 2, by the midpoint rule. */
    const share = (x: number): number => {
      const area = (to: number): number =>
        Array.from({ length: 20_000 }, (_, i) => Math.exp(-((-2 + ((i + 0.5) / 20_000) * (to + 2)) ** 2) / 2)).reduce(
          (a, b) => a + b,
        ) *
        (to + 2);
      return area(x) / area(2);
    };
    values.forEach((x, i) => expect(share(x)).toBeCloseTo((words[i]! + 0.5) / 2 ** 24, 6));
  });
});

describe("options", () => {
  const given = (options: object): object => options;
  test.each<[string, () => unknown, string]>([
    [
      "normal's stddev",
      () => randomNormal(given({ stddev: 3 })),
      "randomNormal: unknown option stddev; did you mean deviation?",
    ],
    [
      "uniform's minval",
      () => randomUniform(given({ minval: -1 })),
      "randomUniform: unknown option minval; did you mean low?",
    ],
    [
      "truncatedNormal's std",
      () => truncatedNormal(given({ std: 3 })),
      "truncatedNormal: unknown option std; did you mean deviation?",
    ],
    [
      "a number",
      () => randomNormal(JSON.parse("0.1")),
      "randomNormal: expected an object of options, such as { mean }, got 0.1; known: mean, deviation",
    ],
    [
      "null",
      () => randomUniform(JSON.parse("null")),
      "randomUniform: expected an object of options, such as { low }, got null",
    ],
    [
      "limits the wrong way round",
      () => randomUniform({ low: 1, high: 0 }),
      "randomUniform: expected numbers low < high, got 1 and 0",
    ],
    [
      "one limit beyond the other's default",
      () => randomUniform({ low: 1 }),
      "randomUniform: expected numbers low < high, got 1 and 0.05",
    ],
    [
      "a deviation below 0",
      () => randomNormal({ deviation: -1 }),
      "randomNormal: expected a finite mean and a deviation above 0, got 0 and -1",
    ],
    [
      "a tail too far",
      () => truncatedNormal({ deviation: 1, low: 6, high: 7 }),
      "truncatedNormal: [6, 7] lies more than 5 deviations from the mean 0",
    ],
    ["a scale", () => scaledOrthogonal(JSON.parse("{}")), "scaledOrthogonal: expected a finite scale"],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});

/**
 * Rows of `count` reflections of normal vectors, as they are defined: each applied alone, to one unit vector after the
 * other.
 */
function reflected(normals: ArrayLike<number>, count: number, length: number): number[][] {
  const reflections = Array.from({ length: count }, (_, i) => {
    const x = Array.from({ length: length - i }, (_unused, j) => normals[i * length + i + j]!);
    const norm = Math.hypot(...x);
    const v = x.map((value, j) => (j === 0 ? value + (x[0]! < 0 ? -norm : norm) : value));
    const square = v.reduce((sum, value) => sum + value * value, 0);
    return { v, square, sign: x[0]! < 0 ? 1 : -1 };
  });
  return reflections.map(({ sign }, row) => {
    let unit: number[] = Array.from({ length }, (_, j) => (j === row ? 1 : 0));
    for (let i = row; i >= 0; i--) {
      const { v, square } = reflections[i]!;
      const product = v.reduce((sum, value, j) => sum + value * unit[i + j]!, 0);
      unit = unit.map((value, j) => (j < i ? value : value - ((2 * product) / square) * v[j - i]!));
    }
    return unit.map((value) => sign * value);
  });
}

/** Orthogonal matrices are made in f32: each of so many reflections rounds some four times, without a common sign. */
const roundingOf = (reflections: number): number => Math.sqrt(reflections) * 4 * 2 ** -24;

describe("orthogonal", () => {
  test.each([
    [1, 1],
    [1, 5],
    [2, 3],
    [5, 5],
    [16, 20],
    [17, 17],
    [33, 40],
    [64, 70],
  ])("%i x %i: reflections in panels give what they give one by one", (count, length) => {
    const values = draw(orthogonal, [count, length]);
    const expected = reflected([...valuesOf(random.normal(key(5), [count, length], { dtype: "f64" }))], count, length);
    // A square matrix is taken by columns.
    const at = (i: number, j: number): number => (count < length ? values[i * length + j]! : values[j * length + i]!);
    const worst = expected
      .flatMap((row, i) => row.map((x, j) => Math.abs(x - at(i, j))))
      .reduce((a, b) => Math.max(a, b));
    expect(worst).toBeLessThan(roundingOf(count));
  });

  test("is uniform: the entries of many small ones have the moments of the Haar measure", () => {
    const draws = Array.from({ length: 4000 }, (_, seed) => [...valuesOf(orthogonal(key(seed), [3, 3], {}))]);
    const average = (f: (q: number[]) => number): number => draws.reduce((sum, q) => sum + f(q), 0) / draws.length;
    const trace = (q: number[]): number => q[0]! + q[4]! + q[8]!;
    // E q = 0, E q^2 = 1/3, E q^4 = 3 / (3 * 5), E trace = 0, E trace^2 = 1; within five standard errors, which are
    // below 1 / sqrt(4000) each but for the trace's.
    const error = 5 / Math.sqrt(draws.length);
    for (let i = 0; i < 9; i++) {
      expect(Math.abs(average((q) => q[i]!))).toBeLessThan(error * Math.sqrt(1 / 3));
      expect(Math.abs(average((q) => q[i]! ** 2) - 1 / 3)).toBeLessThan(error * Math.sqrt(1 / 5 - 1 / 9));
      expect(Math.abs(average((q) => q[i]! ** 4) - 1 / 5)).toBeLessThan(error * Math.sqrt(1 / 9 - 1 / 25));
    }
    expect(Math.abs(average(trace))).toBeLessThan(error);
    expect(Math.abs(average((q) => trace(q) ** 2) - 1)).toBeLessThan(error * Math.sqrt(2));
  });

  test.each([
    [8, 24],
    [24, 8],
    [16, 16],
    [1, 5],
  ])("%i x %i: the fewer of rows and columns are orthonormal", (rows, columns) => {
    const values = draw(orthogonal, [rows, columns]);
    const short = Math.min(rows, columns);
    const at = (i: number, j: number): number =>
      rows <= columns ? values[i * columns + j]! : values[j * columns + i]!;
    for (let a = 0; a < short; a++) {
      for (let b = 0; b <= a; b++) {
        let product = 0;
        for (let j = 0; j < Math.max(rows, columns); j++) product += at(a, j) * at(b, j);
        expect(Math.abs(product - (a === b ? 1 : 0))).toBeLessThan(roundingOf(short));
      }
    }
  });

  test("scaled", () => {
    expect(draw(scaledOrthogonal(3), [4, 4])).toEqual(draw(orthogonal, [4, 4]).map((x) => 3 * x));
  });
});

test("constants and identities", () => {
  expect(draw(zeros, [2])).toEqual([0, 0]);
  expect(draw(ones, [2])).toEqual([1, 1]);
  expect(draw(constant(0.5), [2])).toEqual([0.5, 0.5]);
  expect(draw(identity, [2, 4])).toEqual([1, 0, 1, 0, 0, 1, 0, 1]);
  expect(draw(scaledIdentity(0.5), [2, 3])).toEqual([0.5, 0, 0.5, 0, 0.5, 0]);
  expect(draw(identity, [3, 2])).toEqual([1, 0, 0, 1, 0, 0]);
});

test("the same bits everywhere: these hashes are part of the definition", () => {
  const hash = (initializer: Initializer): string =>
    createHash("sha256")
      .update(Float64Array.from(draw(initializer, [7, 21])))
      .digest("hex")
      .slice(0, 16);
  expect({ glorotUniform: hash(glorotUniform), orthogonal: hash(orthogonal), heNormal: hash(heNormal) })
    .toMatchInlineSnapshot(`
      {
        "glorotUniform": "efaa111517f628ec",
        "heNormal": "edfd29c97eea8ba4",
        "orthogonal": "b2f67a1f29682bfe",
      }
    `);
});

test("f32 weights are the f64 ones rounded once, and names have keys of their own", () => {
  const specs = { W: kernel([3, 4]), V: kernel([3, 4]), U: recurrentKernel([4, 4]) };
  const [f32, f64] = [initialize(specs, key(1)), initialize(specs, key(1), { dtype: "f64" })];
  expect([...valuesOf(f32.U)]).toEqual([...valuesOf(f64.U)].map(Math.fround));
  expect([...valuesOf(f32.W)]).not.toEqual([...valuesOf(f32.V)]);
  expect([...valuesOf(initialize({ W: kernel([3, 4]) }, key(1)).W)]).toEqual([...valuesOf(f32.W)]);
});

test("an initializer of the wrong shape, or without the sizes it needs, is named", () => {
  expect(() => initialize({ a: { b: parameter([2], { initializer: (k) => zeros(k, [3], {}) }) } }, key(1))).toThrow(
    "init: the initializer of a.b must give an array [2], got [3]",
  );
  expect(() => initialize({ W: kernel([2, 2], { initializer: pytorchUniform }) }, key(1))).toThrow(
    "pytorchUniform needs sizes { hidden }",
  );
});

describe("planeRotations", () => {
  test("turns each plane of two axes by an angle of the range, and leaves an odd axis", () => {
    const W = draw(planeRotations({ low: 0.25, high: 0.5 }), [5, 5]);
    const turns = [0, 2].map((i) => Math.atan2(W[i * 5 + i + 1]!, W[i * 5 + i]!));
    const expected = new Array<number>(25).fill(0);
    turns.forEach((t, plane) => {
      expect(t).toBeGreaterThanOrEqual(0.25);
      expect(t).toBeLessThan(0.5);
      const at = 2 * plane * 6;
      [expected[at], expected[at + 1]] = [Math.cos(t), Math.sin(t)];
      [expected[at + 5], expected[at + 6]] = [-Math.sin(t), Math.cos(t)];
    });
    expected[24] = 1;
    expected.forEach((v, k) => expect(W[k]).toBeCloseTo(v, 14));
    expect(turns[0]).not.toBe(turns[1]);
  });

  test("is for square matrices", () => {
    expect(() => draw(planeRotations(), [4, 8])).toThrow("planeRotations: expected a square matrix, got [4,8]");
  });
});
