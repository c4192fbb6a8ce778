// Exponents that are known: of linear maps exactly, and of maps whose exponents are published.
import { defineCell, rnn, sequence } from "@sluice/cells";
import { recurrentKernel } from "@sluice/params";
import {
  add,
  concat,
  key,
  matmul,
  mul,
  normal,
  sliceAxis,
  square,
  sub,
  tensor,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, expect, test } from "vitest";
import { lyapunovSpectrum } from "../index.ts";

const backend = wasm();
afterAll(() => backend.close());
const zeros = (time: number, rows = 1): Tensor => tensor(new Float64Array(rows * time), [rows, time, 1]);
const close = (found: Tensor, expected: readonly number[], digits: number): void =>
  expected.forEach((value, i) => expect(valuesOf(found)[i]).toBeCloseTo(value, digits));

const linear = defineCell({
  name: "linear",
  params: ({ hidden }) => ({ U: recurrentKernel([hidden, hidden]) }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step: ({ U }, { h }) => ({ state: { h: matmul(h, U) }, output: "h" }),
});

test("a linear map: the logarithms of the moduli of its eigenvalues", async () => {
  // Triangular, so that the eigenvalues are on the diagonal but the directions are not those of the units.
  const U = tensor([0.9, 0, 0, 0.4, -0.5, 0, -0.7, 0.3, 0.125], [3, 3], { dtype: "f64" });
  const { exponents, running } = await lyapunovSpectrum(linear({ input: 1, hidden: 3 }), { U }, zeros(100), {
    warmUp: 80,
  });
  close(exponents, [Math.log(0.9), Math.log(0.5), Math.log(0.125)], 12);
  expect(valuesOf(running).slice(0, 240).every(Number.isNaN)).toBe(true);
  close(sliceAxis(running, 1, 90, 91), [Math.log(0.9), Math.log(0.5), Math.log(0.125)], 12);
});

test("a rotation with shrinking: a pair of equal exponents", async () => {
  const [c, s] = [0.8 * Math.cos(0.7), 0.8 * Math.sin(0.7)];
  const U = tensor([c, s, -s, c], [2, 2], { dtype: "f64" });
  const { exponents } = await lyapunovSpectrum(linear({ input: 1, hidden: 2 }), { U }, zeros(50));
  close(exponents, [Math.log(0.8), Math.log(0.8)], 13);
});

test("a map onto a line: what it maps to zero has -Infinity", async () => {
  const U = tensor([0.5, 0.5, 0.5, 0.5], [2, 2], { dtype: "f64" });
  const { exponents } = await lyapunovSpectrum(linear({ input: 1, hidden: 2 }), { U }, zeros(5));
  close(exponents, [0], 1);
  expect(valuesOf(exponents)[1]).toBe(-Infinity);
});

/** The Henon map: x' = 1 - a x^2 + y, y' = b x. */
const henon = defineCell({
  name: "henon",
  options: { a: 1.4, b: 0.3 },
  params: () => ({}),
  state: () => ({ s: { shape: [2], initial: 0.1 } }),
  step(_, { s }, _x, { a, b }) {
    const [x, y] = [sliceAxis(s, 1, 0, 1), sliceAxis(s, 1, 1, 2)];
    return { state: { s: concat([add(sub(1, mul(a, square(x))), y), mul(b, x)]) }, output: "s" };
  },
});

test("the Henon map: 0.4192 and -1.6232 (Sprott 2003), which add up to ln 0.3", async () => {
  const cell = henon({ input: 1, hidden: 2 });
  const x = tensor(new Float32Array(8 * 4000), [8, 4000, 1]);
  const { exponents } = await lyapunovSpectrum(cell, sequence(cell).init(key(0)), x, {
    warmUp: 100,
    backend,
    // Rows of their own, on the attractor.
    state: { s: normal(key(1), [8, 2], { deviation: 0.1 }) },
  });
  const values = valuesOf(exponents);
  const mean = (i: number): number => [...Array(8).keys()].reduce((sum, row) => sum + values[2 * row + i]!, 0) / 8;
  // The standard error of a mean over 8 x 3900 steps is near 0.002.
  expect(Math.abs(mean(0) - 0.4192)).toBeLessThan(0.01);
  expect(Math.abs(mean(1) + 1.6232)).toBeLessThan(0.01);
  for (let row = 0; row < 8; row++) expect(values[2 * row]! + values[2 * row + 1]!).toBeCloseTo(Math.log(0.3), 6);
});

test("f32 on wasm gives the exponents of f64", async () => {
  const cell = rnn({ input: 1, hidden: 6 });
  const params = sequence(cell).init(key(2));
  const x = normal(key(3), [2, 150, 1]);
  const exact = Object.fromEntries(
    Object.entries(params).map(([name, w]) => [name, tensor(Float64Array.from(valuesOf(w)), w.shape)]),
  ) as typeof params;
  const wide = tensor(Float64Array.from(valuesOf(x)), x.shape);
  const [here, there] = await Promise.all([
    lyapunovSpectrum(cell, params, x, { backend }),
    lyapunovSpectrum(cell, exact, wide),
  ]);
  close(here.exponents, [...valuesOf(there.exponents)], 5);
});

test("in one part or in many, the exponents are the same", async () => {
  // 24 units and 3 rows: more elements than one part has room for.
  const cell = rnn({ input: 1, hidden: 24 });
  const params = sequence(cell).init(key(2));
  const x = normal(key(3), [3, 170, 1]);
  const mask = tensor(
    Int32Array.from({ length: 3 * 170 }, (_, i) => (i % 7 === 3 ? 0 : 1)),
    [3, 170],
    { dtype: "bool" },
  );
  const whole = await lyapunovSpectrum(cell, params, x, { mask, backend, exponents: 3 });
  const row = (y: Tensor, i: number): Tensor => sliceAxis(y, 0, i, i + 1);
  for (let i = 0; i < 3; i++) {
    const alone = await lyapunovSpectrum(cell, params, row(x, i), { mask: row(mask, i), backend, exponents: 3 });
    expect(valuesOf(alone.exponents)).toEqual(valuesOf(row(whole.exponents, i)));
    expect(valuesOf(alone.steps)).toEqual(valuesOf(row(whole.steps, i)));
  }
  const rows = [...Array(3).keys()];
  expect([...valuesOf(whole.steps)]).toEqual(
    rows.map((i) => [...valuesOf(row(mask, i))].reduce((sum, on) => sum + on, 0)),
  );
});

test("a row without steps has no exponents, and NaN beyond the lengths reaches nothing", async () => {
  const cell = rnn({ input: 1, hidden: 2 });
  const params = sequence(cell).init(key(2));
  const x = tensor([0.1, 0.2, NaN, NaN, NaN, NaN], [2, 3, 1]);
  const { exponents, running, steps } = await lyapunovSpectrum(cell, params, x, { lengths: [2, 0] });
  expect([...valuesOf(exponents)].map(Number.isFinite)).toEqual([true, true, false, false]);
  expect([...valuesOf(running)].map(Number.isNaN)).toEqual([
    ...[false, false, false, false, true, true],
    ...[true, true, true, true, true, true],
  ]);
  expect([...valuesOf(steps)]).toEqual([2, 0]);
});

test.each<[string, object, string]>([
  [
    "too many exponents",
    { exponents: 3 },
    "lyapunovSpectrum: exponents must be at most 2, the length of the state, got 3",
  ],
  ["no exponents", { exponents: 0 }, "lyapunovSpectrum: exponents must be an integer >= 1, got 0"],
  ["every", { every: 1.5 }, "lyapunovSpectrum: every must be an integer >= 1, got 1.5"],
  ["warm-up", { warmUp: -1 }, "lyapunovSpectrum: warmUp must be an integer >= 0, got -1"],
  ["unknown option", { warmup: 1 }, "lyapunovSpectrum: unknown option warmup; did you mean warmUp?"],
  ["lengths", { lengths: [1, 2] }, "lengths must be i32 [1], one for each row, got i32 [2]"],
])("a clear error: %s", async (_, options, message) => {
  const cell = rnn({ input: 1, hidden: 2 });
  await expect(lyapunovSpectrum(cell, sequence(cell).init(key(2)), tensor([1, 2], [1, 2, 1]), options)).rejects.toThrow(
    message,
  );
});
