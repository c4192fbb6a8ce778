import { describe, expect, test, vi } from "vitest";
import * as t from "../index.ts";
import * as internal from "../internal.ts";
import type { Tensor } from "../index.ts";

vi.setConfig({ testTimeout: 60_000 });

const params = { layers: [{ U: t.normal(t.key(1), [2, 3]), b: t.normal(t.key(2), [3]) }] };
type Params = typeof params;
const right = ({ layers: [layer] }: Params): Tensor => t.tanh(t.add(t.matmul(t.full([4, 2], 0.5), layer!.U), layer!.b));
/** Its gradient with respect to b misses a factor: half of b's way is stopped. */
const wrong = ({ layers: [layer] }: Params): Tensor =>
  right({ layers: [{ U: layer!.U, b: t.mul(t.add(layer!.b, t.stopGradient(layer!.b)), 0.5) }] });

test("a right gradient passes, and differences tell it finely, in f64 though parameters and constants are f32", () => {
  const report = t.checkGradient(right, params);
  expect(report.passed).toBe(true);
  expect(report.parameters["layers.0.U"]!.uncertainty).toBeLessThan(1e-10);
  expect(Object.keys(report.parameters)).toEqual(["layers.0.U", "layers.0.b"]);
  expect(report.parameters["layers.0.U"]!.checked).toBe(6);
});

test("a wrong gradient fails for its parameter alone, with the place and both values", () => {
  const report = t.checkGradient(wrong, params);
  const { "layers.0.U": U, "layers.0.b": b } = report.parameters;
  expect(report.passed).toBe(false);
  expect(U!.error).toBeLessThanOrEqual(1);
  expect(b!.error).toBeGreaterThan(1e9);
  expect(b!.derivative / b!.difference).toBeCloseTo(0.5, 8);
  expect(report.error).toBe(b!.error);
  expect(() => t.assertGradient(wrong, params)).toThrow(
    /^the gradient differs from central differences\n {2}layers\.0\.b at \[\d\]: gradient [-\d.]+, central difference [-\d.]+ ± [\d.e-]+$/,
  );
});

test("an error of one element among many is found, though it is small beside the gradient", () => {
  const bump = t.tensor([0, 0, 0, 1e-4, 0]);
  const f = (x: Tensor): Tensor => t.add(t.sum(x), t.sum(t.mul(t.stopGradient(x), bump)));
  const { parameters } = t.checkGradient(f, t.tensor([1, 2, 3, 4, 5]) as Tensor);
  expect(parameters[""]).toMatchObject({ index: [3], derivative: 1 });
  expect(parameters[""]!.difference).toBeCloseTo(1.0001, 10);
  expect(parameters[""]!.error).toBeGreaterThan(1e5);
});

describe("one entry that is wrong", () => {
  const x = t.tensor([0.3, -0.7, 1.1, 0.2]);
  /** The last entry's derivative is `scale`; its gradient is off by a factor. */
  const check = (scale: number, factor: number): t.GradientReport =>
    t.checkGradient((y: Tensor) => {
      const last = t.mul(t.tanh(t.sliceAxis(y, 0, 3, 4)), t.tensor([scale]));
      return t.concat([
        t.exp(t.sliceAxis(y, 0, 0, 3)),
        t.add(t.mul(last, factor), t.mul(t.stopGradient(last), 1 - factor)),
      ]);
    }, x as Tensor);

  test.each([
    ["by one per cent", 1, 1.01],
    ["in its sign", 1, -1],
    ["by one per cent, of a derivative of 1e-6 among others of 1", 1e-6, 1.01],
    ["in its sign, of a derivative of 1e-9", 1e-9, -1],
    ["that is missing, of 1e-9", 1e-9, 0],
  ])("%s is refused", (_, scale, factor) => {
    const { passed, parameters } = check(scale, factor);
    expect(passed).toBe(false);
    expect(parameters[""]!.index).toEqual([3]);
    expect(check(scale, 1).passed).toBe(true);
  });
});

test("large terms that cancel inside of the function are rounding, which is measured", () => {
  const f = (x: Tensor): Tensor => t.sub(t.add(t.tanh(x), 1e6), 1e6);
  expect(t.checkGradient(f, t.tensor([0.3, 0.4]) as Tensor).passed).toBe(true);
});

test("every output counts, each element with a weight of its own", () => {
  // The wrong parts cancel in a plain sum.
  const f = (x: Tensor): Tensor[] => [t.add(x, t.stopGradient(x)), t.sub(x, t.stopGradient(x))];
  expect(t.checkGradient(f, t.tensor([1, 2]) as Tensor).passed).toBe(false);
  expect(
    t.checkGradient((x: Tensor) => ({ count: t.scalar(1, "i32"), deep: [t.exp(x)] }), t.tensor([1, 2]) as Tensor)
      .passed,
  ).toBe(true);
});

test("second order: the gradient of the gradient", () => {
  expect(
    t.checkGradient(
      t.grad((p: Params) => t.sum(t.square(right(p)))),
      params,
    ).passed,
  ).toBe(true);
});

test("near a kink smaller steps are tried; at it, the difference is what it is", () => {
  expect(t.checkGradient((x: Tensor) => t.abs(x), t.tensor([5e-4, -5e-5, 1]) as Tensor).passed).toBe(true);
  expect(t.checkGradient((x: Tensor) => t.max(x, 0), t.tensor([0]) as Tensor).passed).toBe(false);
});

test("of a large parameter a sample is checked, another for another seed", () => {
  const x = t.normal(t.key(3), [50, 50]);
  const f = (y: Tensor): Tensor => t.mul(t.tanh(y), 2);
  const report = t.checkGradient(f, x, { samples: 20 });
  expect(report.passed).toBe(true);
  expect(report.parameters[""]!.checked).toBeGreaterThan(15);
  expect(report.parameters[""]!.checked).toBeLessThanOrEqual(20);
  expect(t.checkGradient(f, x, { samples: 20 })).toEqual(report);
});

test("integers are held fixed; no gradient at all is no error", () => {
  const report = t.checkGradient((p: { x: Tensor; rows: Tensor; unused: Tensor }) => t.gather(t.exp(p.x), p.rows), {
    x: t.tensor([1, 2, 3]),
    rows: t.tensor(Int32Array.of(0, 2)),
    unused: t.tensor([1]),
  });
  expect(Object.keys(report.parameters)).toEqual(["x", "unused"]);
  expect(report.parameters["unused"]!.error).toBe(0);
  expect(report.passed).toBe(true);
});

test("what is not finite does not pass", () => {
  const report = t.checkGradient((x: Tensor) => t.sqrt(x), t.tensor([0, 1]) as Tensor);
  expect(report.passed).toBe(false);
  expect(report.parameters[""]).toMatchObject({ error: Infinity, index: [0], derivative: Infinity });
  expect(t.checkGradient((x: Tensor) => t.log(x), t.tensor([-1]) as Tensor).passed).toBe(false);
});

describe("in loops and with random numbers", () => {
  test("the program is widened throughout", () => {
    const f = (p: { x: Tensor; w: Tensor }): t.ScanResult<Tensor, Tensor> =>
      t.scan(
        (h: Tensor, x: Tensor) => {
          const kept = t.mul(h, t.convert(t.bernoulli(t.key(4), [3], 0.5), "f32"));
          return {
            state: t.checkpoint((s: Tensor) => t.tanh(t.add(t.mul(s, p.w), x)))(kept),
            output: t.add(kept, t.iota([3], { dtype: "f32" })),
          };
        },
        internal.zerosArray([3]) as Tensor,
        p.x,
      );
    expect(t.checkGradient(f, { x: t.normal(t.key(1), [4, 3]), w: t.normal(t.key(2), [3]) }).passed).toBe(true);
  });
});

test.each<[string, () => unknown, string]>([
  [
    "nothing to check",
    () => t.checkGradient(() => t.scalar(1), { n: t.scalar(1, "i32") }),
    "checkGradient: there is no f32 or f64 tensor among the parameters",
  ],
  [
    "nothing returned",
    () => t.checkGradient(() => [], params),
    "checkGradient: the function returns no f32 or f64 tensor",
  ],
  [
    "a symbol",
    () => t.checkGradient((x: Tensor) => x, internal.placeholder({ shape: [2], dtype: "f32" }, "x")),
    "checkGradient: the parameter x [2] is a symbol without values",
  ],
  [
    "an unknown option",
    () => t.checkGradient(right, params, { seed: 0, ...{ tolerence: 1 } }),
    "checkGradient: unknown option tolerence; did you mean tolerance?",
  ],
])("an error for %s", (_, f, message) => {
  expect(f).toThrow(new t.TensorError(message));
});
