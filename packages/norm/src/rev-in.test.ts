// revIn against its equations (Kim et al. 2022, section 3.2) in plain loops.
import { key, mapTree, normal, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { expect, test } from "vitest";
import { revIn } from "./index.ts";

const [batch, time, features] = [2, 5, 3];
const x = tensor(
  [...valuesOf(normal(key(1), [batch, time, features]))].map((v) => 3 * v + 7),
  [batch, time, features],
  {
    dtype: "f64",
  },
);
const params = {
  gain: tensor([0.5, -2, 1.5], [3], { dtype: "f64" }),
  bias: tensor([0.1, 0, -1], [3], { dtype: "f64" }),
};
const epsilon = 1e-3;

/** Mean and deviation of a series' feature over these steps. */
function moments(row: number, feature: number, steps: readonly number[]): readonly [number, number] {
  const values = steps.map((t) => valuesOf(x)[(row * time + t) * features + feature]!);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length + epsilon)];
}

test.each([
  [
    "all steps",
    undefined,
    [
      [0, 1, 2, 3, 4],
      [0, 1, 2, 3, 4],
    ],
  ],
  [
    "the steps that are taken",
    [
      [1, 1, 1, 0, 0],
      [0, 1, 0, 1, 1],
    ],
    [
      [0, 1, 2],
      [1, 3, 4],
    ],
  ],
] as const)("normalizes by the statistics of %s, and back", (_, flags, steps) => {
  const taken = flags && tensor(flags.flat(), [batch, time], { dtype: "bool" });
  const { normalize, denormalize } = revIn({ epsilon });
  const { output, statistics } = normalize(params, x, taken);
  const y = normal(key(2), [batch, time, 2 * features], { dtype: "f64" });
  const back = denormalize(params, y, statistics);
  for (let row = 0; row < batch; row++)
    for (let f = 0; f < features; f++) {
      const [mean, deviation] = moments(row, f, steps[row]!);
      const [gain, bias] = [valuesOf(params.gain)[f]!, valuesOf(params.bias)[f]!];
      for (const t of steps[row]!) {
        const i = (row * time + t) * features + f;
        expect(valuesOf(output)[i]).toBeCloseTo((gain * (valuesOf(x)[i]! - mean)) / deviation + bias, 12);
        for (const ahead of [0, 1]) {
          const j = (row * time + t) * 2 * features + ahead * features + f;
          expect(valuesOf(back)[j]).toBeCloseTo((deviation * (valuesOf(y)[j]! - bias)) / gain + mean, 12);
        }
      }
    }
  const same = [...valuesOf(denormalize(params, output, statistics))];
  [...valuesOf(x)].forEach((value, i) => {
    if (steps[Math.floor(i / (time * features))]!.includes((Math.floor(i / features) % time) as never))
      expect(same[i]).toBeCloseTo(value, 12);
  });
});

test("goes back to the scale of the features that a model forecasts", () => {
  const { normalize, denormalize } = revIn({ epsilon });
  const { statistics } = normalize(params, x);
  const y = normal(key(2), [batch, 1, 2], { dtype: "f64" });
  const whole = tensor(
    [...valuesOf(y)].flatMap((_, i, all) => (i % 2 === 0 ? [all[i + 1]!, 0, all[i]!] : [])),
    [batch, 1, 3],
    {
      dtype: "f64",
    },
  );
  const all = [...valuesOf(denormalize(params, whole, statistics))];
  expect([...valuesOf(denormalize(params, y, statistics, [2, 0]))]).toEqual([all[2], all[0], all[5], all[3]]);
});

test("NaN at steps that are not taken reaches nothing, and a series without steps is finite", () => {
  const taken = tensor([1, 1, 0, 0, 0, 0, 0, 0, 0, 0], [batch, time], { dtype: "bool" });
  const at = (fill: number): Tensor =>
    tensor(
      valuesOf(x).map((v, i) => (i < 2 * features ? v : fill)),
      x.shape,
    );
  const run = (given: Tensor) => mapTree(revIn().normalize(params, given, taken), (y) => [...valuesOf(y)] as never);
  expect(run(at(NaN))).toEqual(run(at(5)));
});

test("without affine it has no parameters; what does not fit is named", () => {
  expect(revIn({ affine: false }).params(3)).toEqual({});
  expect(() => revIn({ epsilon: 0 })).toThrow("revIn: expected epsilon > 0, got 0");
  expect(() => revIn({ affine: 1 } as never)).toThrow("revIn: affine must be true or false, got 1");
  expect(() => revIn({ eps: 1 } as never)).toThrow("did you mean epsilon?");
  const { normalize, denormalize } = revIn({ affine: false });
  expect(() => normalize({}, normal(key(1), [2, 3]))).toThrow("revIn: expected series [batch, time, features]");
  expect(() => normalize({}, x, normal(key(1), [2, 5]))).toThrow("revIn: taken must be bool [2, 5]");
  const { statistics } = normalize({}, x);
  expect(() => denormalize({}, normal(key(1), [2, 1, 4], { dtype: "f64" }), statistics)).toThrow(
    "revIn: expected outputs [batch, time, k * 3] for 3 features",
  );
});
