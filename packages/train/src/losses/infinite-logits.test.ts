// Losses where logits are infinite or their differences overflow: values by Math in f64, gradients by their formulas.
import {
  compile,
  key,
  normal,
  reference,
  tensor,
  valueAndGrad,
  valuesOf,
  type DType,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { expect, test, describe } from "vitest";
import { binaryCrossEntropy, crossEntropy } from "../index.ts";

const I = Infinity;
const huge = 3e38;
const smooth = (q: number[], s: number): number[] => q.map((x) => (1 - s) * x + s / q.length);

function softmaxOf(x: number[]): number[] {
  const m = Math.max(...x);
  const e = x.map((v) => Math.exp(v - m));
  const total = e.reduce((a, b) => a + b);
  return e.map((v) => v / total);
}

/** -sum q log p over the classes with q > 0. */
function entropy(x: number[], q: number[]): number {
  const m = Math.max(...x);
  const logTotal = Math.log(x.reduce((total, v) => total + Math.exp(v - m), 0));
  return q.reduce((total, share, k) => (share === 0 ? total : total - share * (x[k]! - m - logTotal)), 0);
}

interface Row {
  readonly logits: number[];
  readonly q: number[];
  readonly smoothing?: number;
}

const rows: [string, Row][] = [
  ["another class at -Infinity", { logits: [-I, 1, 2], q: [0, 1, 0] }],
  ["two classes at -Infinity", { logits: [-I, 1, -I], q: [0, 1, 0] }],
  ["probabilities, 0 at -Infinity", { logits: [-I, 1, 2], q: [0, 0.25, 0.75] }],
  ["another class at -3e38", { logits: [-huge, 1, 2], q: [0, 1, 0] }],
  ["a difference that overflows f32", { logits: [-huge, huge, 2], q: [0, 1, 0] }],
  ["the target at -Infinity", { logits: [-I, 1, 2], q: [1, 0, 0] }],
  ["smoothed, a class at -Infinity", { logits: [-I, 1, 2], q: [0, 1, 0], smoothing: 0.1 }],
];

const backends = { eager: undefined, reference, wasm } as const;

async function evaluate(
  loss: (x: Tensor) => Tensor,
  x: Tensor,
  name: keyof typeof backends,
): Promise<{ value: number; gradient: number[] }> {
  const f = valueAndGrad(loss);
  const make = backends[name];
  if (make === undefined) {
    const { value, gradient } = f(x);
    return { value: valuesOf(value)[0]!, gradient: [...valuesOf(gradient)] };
  }
  const backend = make();
  const { value, gradient } = await (await compile(f, [x], { backend }))(x);
  const found = { value: valuesOf(value)[0]!, gradient: [...valuesOf(gradient)] };
  await backend.close();
  return found;
}

describe.each<[keyof typeof backends, DType, number]>([
  ["eager", "f64", 1e-14],
  ["eager", "f32", 3e-7],
  ["reference", "f32", 3e-7],
  ["wasm", "f32", 3e-7],
])("%s in %s", (name, dtype, tolerance) => {
  const near = (actual: number, expected: number): void => {
    if (!Number.isFinite(expected)) return void expect(actual).toBe(expected);
    expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected)));
  };

  test.each(rows)("crossEntropy: %s", async (_, { logits, q, smoothing = 0 }) => {
    const x = tensor(logits, [1, 3], { dtype });
    const hot = q.indexOf(1);
    const targets =
      hot < 0 ? [tensor(q, [1, 3], { dtype })] : [tensor(q, [1, 3], { dtype }), tensor(Int32Array.of(hot), [1])];
    const share = smooth(q, smoothing);
    for (const target of targets) {
      const { value, gradient } = await evaluate(
        (y) => crossEntropy(y, target, { labelSmoothing: smoothing }),
        x,
        name,
      );
      near(value, entropy(logits, share));
      softmaxOf(logits).forEach((p, k) => near(gradient[k]!, p - share[k]!));
    }
  });

  test("crossEntropy of [-Infinity, 1, 2] and 1 is 1.3132616", async () => {
    const { value } = await evaluate(
      (y) => crossEntropy(y, tensor(Int32Array.of(1), [1])),
      tensor([-I, 1, 2], [1, 3], { dtype }),
      name,
    );
    expect(value).toBeCloseTo(1.3132616, 6);
  });

  test.each([
    [I, 1, 0, 0],
    [-I, 0, 0, 0],
    [I, 0, I, 1],
    [-I, 1, I, -1],
    [huge, 1, 0, 0],
    [-huge, 0, 0, 0],
    [huge, 0, huge, 1],
    [-huge, 1, huge, -1],
    [0, 1, Math.LN2, -0.5],
    [200, 1, 0, 0],
    [-50, 1, 50, -1],
  ])("binaryCrossEntropy of the logit %d and target %d", async (logit, y, expected, slope) => {
    const { value, gradient } = await evaluate(
      (x) => binaryCrossEntropy(x, tensor([y], [1], { dtype })),
      tensor([logit], [1], { dtype }),
      name,
    );
    near(value, expected);
    near(gradient[0]!, slope);
  });
});

test("probabilities of 0 keep their own gradient, -log p", () => {
  const logits = normal(key(1), [1, 3], { dtype: "f64" });
  const { gradient } = valueAndGrad((q: Tensor) => crossEntropy(logits, q))(
    tensor([0, 1, 0], [1, 3], { dtype: "f64" }),
  );
  const p = softmaxOf([...valuesOf(logits)]);
  valuesOf(gradient).forEach((g, k) => expect(g).toBeCloseTo(-Math.log(p[k]!), 12));
});
