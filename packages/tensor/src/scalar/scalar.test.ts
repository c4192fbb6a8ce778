import { describe, expect, test } from "vitest";
import * as scalar from "./index.ts";

const float32 = new Float32Array(1);
const bits = new Uint32Array(float32.buffer);

/** The distance from one float to the next at `y`. */
function ulpAt(y: number): number {
  float32[0] = Math.abs(y);
  return 2 ** (Math.max((bits[0]! >>> 23) - 127, -126) - 23);
}

const functions = [
  { name: "exp", f32: scalar.expF32, f64: scalar.expF64, truth: Math.exp, ulps: 1 },
  { name: "expm1", f32: scalar.expm1F32, f64: scalar.expm1F64, truth: Math.expm1, ulps: 2 },
  { name: "log", f32: scalar.logF32, f64: scalar.logF64, truth: Math.log, ulps: 1 },
  { name: "log1p", f32: scalar.log1pF32, f64: scalar.log1pF64, truth: Math.log1p, ulps: 1 },
  { name: "tanh", f32: scalar.tanhF32, f64: scalar.tanhF64, truth: Math.tanh, ulps: 2.5 },
  {
    name: "sigmoid",
    f32: scalar.sigmoidF32,
    f64: scalar.sigmoidF64,
    ulps: 2.5,
    truth: (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  },
];

/** An angle of 2^31 or more is taken to be 0. */
const angle = (x: number): number => (Math.abs(x) < 2 ** 31 ? x : x * 0);
const others = [
  { name: "sin", f32: scalar.sinF32, f64: scalar.sinF64, truth: (x: number) => Math.sin(angle(x)), ulps: 0.501 },
  { name: "cos", f32: scalar.cosF32, f64: scalar.cosF64, truth: (x: number) => Math.cos(angle(x)), ulps: 0.501 },
];

describe.each([...functions, ...others])("$name", ({ f32, f64, truth, ulps }) => {
  test(`f32 is within ${ulps} ulp over all exponents, denormals and infinities, and NaN where the truth is`, () => {
    let worst = 0;
    for (let pattern = 0; pattern < 2 ** 32; pattern += 4093) {
      bits[0] = pattern;
      const x = float32[0]!;
      const expected = truth(x);
      const given = f32(x);
      if (Number.isFinite(Math.fround(expected))) worst = Math.max(worst, Math.abs(given - expected) / ulpAt(expected));
      else if (!Object.is(given, Math.fround(expected))) expect(given, `at ${x}`).toBe(Math.fround(expected));
    }
    expect(worst).toBeLessThan(ulps);
  });

  test("f32 gives f32 values", () => {
    for (let x = -120; x < 120; x += 0.37) {
      const y = f32(Math.fround(x));
      expect(y).toBe(Math.fround(y));
    }
  });

  test("f64 is within 1e-15, relative", () => {
    let worst = 0;
    for (let exponent = -60; exponent < 10; exponent += 0.011) {
      for (const x of [2 ** exponent, -(2 ** exponent)]) {
        const expected = truth(x);
        if (Number.isNaN(expected)) expect(f64(x)).toBeNaN();
        else if (expected !== 0 && Number.isFinite(expected)) worst = Math.max(worst, Math.abs(f64(x) / expected - 1));
        else expect(f64(x)).toBe(expected);
      }
    }
    expect(worst).toBeLessThan(1e-15);
  });

  test("zeros and infinities are exact", () => {
    for (const x of [0, -0, Infinity, -Infinity]) {
      expect(f32(x), `f32 at ${x}`).toBe(Math.fround(truth(x)));
      expect(f64(x), `f64 at ${x}`).toBe(truth(x));
    }
    expect(f32(NaN)).toBeNaN();
    expect(f64(NaN)).toBeNaN();
  });
});

test("named special values", () => {
  expect(scalar.tanhF32(-0)).toBe(-0);
  expect(scalar.tanhF64(-0)).toBe(-0);
  expect(scalar.log1pF32(-0)).toBe(-0);
  expect(scalar.expF32(-Infinity)).toBe(0);
  expect(scalar.expF32(NaN)).toBeNaN();
  expect(scalar.logF32(0)).toBe(-Infinity);
  expect(scalar.logF32(-0)).toBe(-Infinity);
  expect(scalar.logF32(-1)).toBeNaN();
  expect(scalar.log1pF32(-1)).toBe(-Infinity);
  expect(scalar.log1pF32(-2)).toBeNaN();
  expect(scalar.sigmoidF32(-Infinity)).toBe(0);
  expect(scalar.sigmoidF32(-100)).toBe(Math.fround(Math.exp(-100)));
  expect(scalar.tanhF32(Math.fround(1e-45))).toBe(Math.fround(1e-45));
});

describe("threefry2x32", () => {
  // Random123-1.14, tests/kat_vectors.
  test.each([
    [
      [0, 0, 0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)("key and counter %j", ([k0, k1, c0, c1], expected) => {
    expect(scalar.threefry2x32(k0, k1, c0, c1)).toEqual(expected);
  });
});

describe("powers", () => {
  const specials = [0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, Infinity, -Infinity, NaN, 2 ** 24, 1 - 2 ** 24, 1.5, -1.5];
  /** IEEE 754's `pow`, which ECMAScript leaves in two cases. */
  const truth = (x: number, y: number): number =>
    x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y);

  test("are IEEE 754's at zeros, infinities, NaN, negative bases with whole and other exponents", () => {
    for (const x of specials) {
      for (const y of specials) {
        expect(scalar.powF32(x, y), `f32 ${x}^${y}`).toBe(Math.fround(truth(x, y)));
        const [given, expected] = [scalar.powF64(x, y), truth(x, y)];
        if (!(Math.abs(given / expected - 1) < 1e-9)) expect(given, `f64 ${x}^${y}`).toBe(expected);
      }
    }
  });

  test("are within 0.51 ulp in f32 over all exponents of both operands, and within |y log x| 2^-52 in f64", () => {
    let worst = 0;
    for (let i = 1; i < 1_000_000; i++) {
      bits[0] = Math.imul(i, 0x9e3779b9) >>> 1;
      const x = float32[0]!;
      // An exponent for which the result is a float, more or less.
      const y = Math.fround((((i * 7919) % 2000003) / 1000001 - 1) * (110 / Math.max(0.01, Math.abs(Math.log(x)))));
      const expected = truth(x, y);
      if (Number.isFinite(Math.fround(expected)))
        worst = Math.max(worst, Math.abs(scalar.powF32(x, y) - expected) / ulpAt(expected));
      else expect(scalar.powF32(x, y), `${x}^${y}`).toBe(Math.fround(expected));
      if (Number.isFinite(expected) && i % 16 === 0)
        expect(Math.abs(scalar.powF64(x, y) / expected - 1)).toBeLessThan(2 ** -52 * (4 + Math.abs(y * Math.log(x))));
    }
    expect(worst).toBeLessThan(0.51);
  });

  test("of negative bases have the sign of a whole exponent", () => {
    for (let y = -9; y < 10; y++)
      for (const x of [-1.7, -0.3, -12])
        expect(scalar.powF32(Math.fround(x), y)).toBe(Math.fround(Math.pow(Math.fround(x), y)));
  });
});

test("sines keep their digits close to multiples of pi", () => {
  // Rounded multiples of pi / 2, up to the last in range.
  for (let k = 1; k < 1367130551; k = Math.ceil(k * 1.01)) {
    const x = Math.fround((k * Math.PI) / 2);
    const [f, truth] = k % 2 === 0 ? [scalar.sinF32, Math.sin] : [scalar.cosF32, Math.cos];
    expect(Math.abs(f(x) - truth(x)) / ulpAt(truth(x)), `${k} pi/2`).toBeLessThan(0.501);
  }
  for (const x of [Math.PI, 2 * Math.PI, 355]) expect(scalar.sinF64(x)).toBeCloseTo(Math.sin(x), 25);
});

describe("the error function", () => {
  test.each([
    [0, 0],
    [1e-10, 1.1283791670955126e-10],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [5, 0.9999999999984626],
    [7, 1],
  ])("erf(%d)", (x, expected) => {
    expect(Math.abs(scalar.errorFunctionF64(x) - expected)).toBeLessThanOrEqual(4 * 2 ** -52 * expected);
    expect(scalar.errorFunctionF64(-x)).toBe(-scalar.errorFunctionF64(x));
  });

  test("in f32 is within 2 ulp of the alternating series and, from 3 on, of the continued fraction", () => {
    const truth = (x: number): number => {
      if (x >= 3) {
        let fraction = 0;
        for (let k = 60; k > 0; k--) fraction = k / 2 / (x + fraction);
        return 1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
      }
      let [power, total] = [x, x];
      for (let n = 1; n < 60; n++) {
        power *= (-x * x) / n;
        total += power / (2 * n + 1);
      }
      return (2 / Math.sqrt(Math.PI)) * total;
    };
    let worst = 0;
    for (let pattern = 0; pattern < 0x41000000; pattern += 4093) {
      bits[0] = pattern;
      const x = float32[0]!;
      worst = Math.max(worst, Math.abs(scalar.errorFunctionF32(x) - truth(x)) / ulpAt(truth(x)));
    }
    expect(worst).toBeLessThan(2);
    expect([8, 3e38, Infinity, -Infinity, -0, NaN].map(scalar.errorFunctionF32)).toEqual([1, 1, 1, -1, -0, NaN]);
    expect(scalar.errorFunctionF32(-1.5)).toBe(-scalar.errorFunctionF32(1.5));
  });

  test("its inverse leads back, but for what the approximation leaves", () => {
    for (let i = -4095; i < 4096; i++) {
      const x = (i + 0.5) / 4096;
      expect(Math.abs(scalar.errorFunctionF64(scalar.inverseErrorF64(x)) - x)).toBeLessThan(4e-7);
    }
    expect(scalar.errorFunctionF64(NaN)).toBeNaN();
  });
});
