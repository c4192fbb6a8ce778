import { createHash } from "node:crypto";
import { key, valuesOf, type Shape } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  constant, glorotNormal, glorotUniform, heNormal, heUniform, identity, initialise, kernel, lecunNormal, lecunUniform, normal, ones, orthogonal,
  parameter, pytorchUniform, recurrentKernel, scaledIdentity, scaledOrthogonal, truncatedNormal, uniform, zeros, type Initialiser,
} from "../index.ts";

const draw = (initialiser: Initialiser, shape: Shape, sizes = {}): number[] => [...valuesOf(initialiser(key(5), shape, sizes))];
const shape = [40, 120];
const range = (values: readonly number[]): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const deviation = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

describe("uniform on the published range", () => {
  test.each([
    ["glorotUniform", glorotUniform, Math.sqrt(6 / 160)],
    ["lecunUniform", lecunUniform, Math.sqrt(3 / 40)],
    ["heUniform", heUniform, Math.sqrt(6 / 40)],
    ["pytorchUniform", pytorchUniform, 1 / Math.sqrt(30)],
    ["uniform", uniform({ low: -0.3, high: 0.3 }), 0.3],
  ])("%s", (_, initialiser, limit) => {
    const values = draw(initialiser, shape, { hidden: 30 });
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
    ["truncatedNormal", truncatedNormal({ deviation: 2 }), 2, true],
    ["normal", normal({ deviation: 2 }), 2, false],
  ])("%s", (_, initialiser, expected, cut) => {
    const values = draw(initialiser, shape);
    // Five standard errors of a deviation over 4800 draws.
    expect(Math.abs(deviation(values) / expected - 1)).toBeLessThan(5 / Math.sqrt(2 * values.length));
    if (cut) expect(range(values)).toBeLessThanOrEqual((2 / 0.87962566103423978) * expected);
    else expect(range(values)).toBeGreaterThan(2.5 * expected);
  });
});

describe("orthogonal", () => {
  test.each([[8, 24], [24, 8], [16, 16], [1, 5]])("%i x %i: the fewer of rows and columns are orthonormal", (rows, columns) => {
    const values = draw(orthogonal, [rows, columns]);
    const short = Math.min(rows, columns);
    const at = (i: number, j: number): number => (rows <= columns ? values[i * columns + j]! : values[j * columns + i]!);
    for (let a = 0; a < short; a++) {
      for (let b = 0; b <= a; b++) {
        let product = 0;
        for (let j = 0; j < Math.max(rows, columns); j++) product += at(a, j) * at(b, j);
        expect(Math.abs(product - (a === b ? 1 : 0))).toBeLessThan(1e-14);
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
  const hash = (initialiser: Initialiser): string => createHash("sha256").update(Float64Array.from(draw(initialiser, [7, 21]))).digest("hex").slice(0, 16);
  expect({ glorotUniform: hash(glorotUniform), orthogonal: hash(orthogonal), heNormal: hash(heNormal) }).toMatchInlineSnapshot(`
    {
      "glorotUniform": "efaa111517f628ec",
      "heNormal": "d18eb86af4e996f3",
      "orthogonal": "6e705cf07050e537",
    }
  `);
});

test("f32 weights are the f64 ones rounded once, and names have keys of their own", () => {
  const specs = { W: kernel([3, 4]), V: kernel([3, 4]), U: recurrentKernel([4, 4]) };
  const [f32, f64] = [initialise(specs, key(1)), initialise(specs, key(1), { dtype: "f64" })];
  expect([...valuesOf(f32.U)]).toEqual([...valuesOf(f64.U)].map(Math.fround));
  expect([...valuesOf(f32.W)]).not.toEqual([...valuesOf(f32.V)]);
  expect([...valuesOf(initialise({ W: kernel([3, 4]) }, key(1)).W)]).toEqual([...valuesOf(f32.W)]);
});

test("an initialiser of the wrong shape, or without the sizes it needs, is named", () => {
  expect(() => initialise({ a: { b: parameter([2], { initialiser: (k) => zeros(k, [3], {}) }) } }, key(1))).toThrow("init: the initialiser of a.b must give an array [2], got [3]");
  expect(() => initialise({ W: kernel([2, 2], { initialiser: pytorchUniform }) }, key(1))).toThrow("pytorchUniform: it needs sizes { hidden }");
});
