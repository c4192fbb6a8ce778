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

describe.each(functions)("$name", ({ f32, f64, truth, ulps }) => {
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

  test("its inverse leads back, but for what the approximation leaves", () => {
    for (let i = -4095; i < 4096; i++) {
      const x = (i + 0.5) / 4096;
      expect(Math.abs(scalar.errorFunctionF64(scalar.inverseErrorF64(x)) - x)).toBeLessThan(4e-7);
    }
    expect(scalar.errorFunctionF64(NaN)).toBeNaN();
  });
});
