import { add, grad, item, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  accuracy,
  binaryCrossEntropy,
  crossEntropy,
  focal,
  gaussianNll,
  huber,
  mae,
  mse,
  pinball,
  poissonNll,
  type LossOptions,
} from "../index.ts";

const f64 = (values: number[], shape?: number[]): Tensor => tensor(values, shape, { dtype: "f64" });
const i32 = (values: number[], shape?: number[]): Tensor => tensor(values, shape, { dtype: "i32" });

describe("masks", () => {
  const mask = tensor([1, 0], undefined, { dtype: "bool" });
  const losses: [string, (p: Tensor) => Tensor, number][] = [
    ["mse", (p) => mse(p, f64([1, 1, NaN, 1], [2, 2]), { mask }), 0.5],
    ["mae", (p) => mae(p, f64([1, 1.5, NaN, 1], [2, 2]), { mask }), 0.75],
    ["huber", (p) => huber(p, f64([1, 5, NaN, 1], [2, 2]), { mask }), (0.5 + 3.5) / 2],
    [
      "gaussianNll",
      (p) => gaussianNll({ mean: p, variance: f64([2, 4, NaN, 0], [2, 2]) }, f64([1, 3, NaN, 1], [2, 2]), { mask }),
      (Math.log(2) + 1 / 2 + Math.log(4) + 4 / 4) / 4,
    ],
    [
      "gaussianNll, by the variance",
      (p) =>
        gaussianNll({ mean: f64([0, 1, NaN, 1], [2, 2]), variance: add(p, 1) }, f64([1, 3, NaN, 1], [2, 2]), { mask }),
      (1 + Math.log(2) + 4 / 2) / 4,
    ],
    ["poissonNll", (p) => poissonNll(p, f64([2, 3, NaN, -1], [2, 2]), { mask }), (1 + Math.E - 3) / 2],
    [
      "poissonNll of rates, full",
      (p) => poissonNll(add(p, 1), f64([1, 3, NaN, -1], [2, 2]), { mask, logInput: false, epsilon: 0, full: true }),
      (1 + 2 - 3 * Math.log(2) + 3 * Math.log(3) - 3 + Math.log(6 * Math.PI) / 2) / 2,
    ],
    ["pinball", (p) => pinball(p, f64([1, NaN]), { quantiles: [0.1, 0.9], mask }), 0.1 / 2],
    [
      "focal",
      (p) => focal(p, f64([0, 1, NaN, 1], [2, 2]), { mask }),
      (0.75 * 0.25 * Math.log(2) + (0.25 * Math.log1p(Math.exp(-1))) / (1 + Math.E) ** 2) / 2,
    ],
    ["crossEntropy", (p) => crossEntropy(p, i32([1, 9]), { mask }), Math.log(1 + Math.E) - 1],
    [
      "binaryCrossEntropy",
      (p) => binaryCrossEntropy(p, f64([0, 1, NaN, 1], [2, 2]), { mask }),
      (Math.log(2) + Math.log1p(Math.exp(-1))) / 2,
    ],
  ];

  test.each(losses)(
    "%s: what is masked out gives no value and no gradient, even where it is NaN",
    (_, loss, expected) => {
      const p = f64([0, 1, NaN, Infinity], [2, 2]);
      expect(item(loss(p))).toBeCloseTo(expected, 14);
      const gradient = [...valuesOf(grad(loss)(p))];
      expect(gradient.slice(2)).toEqual([0, 0]);
      expect(gradient.every(Number.isFinite)).toBe(true);
    },
  );

  test("over [batch, time] of [batch, time, features] the mean counts every kept element once", () => {
    const p = f64([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]);
    expect(item(mse(p, f64(new Array<number>(8).fill(0), [2, 2, 2]), { mask: f64([1, 0, 1, 1], [2, 2]) }))).toBeCloseTo(
      (1 + 4 + 25 + 36 + 49 + 64) / 6,
      12,
    );
    expect(item(mse(p, f64(new Array<number>(8).fill(0), [2, 2, 2]), { mask: f64([0, 1]) }))).toBeCloseTo(
      (25 + 36 + 49 + 64) / 4,
      12,
    );
  });

  test("weights in a mask make the mean a weighted one", () => {
    expect(item(mse(f64([1, 2]), f64([0, 0]), { mask: f64([0.25, 0.5]) }))).toBeCloseTo((0.25 + 2) / 0.75, 14);
  });

  test("keeping nothing gives 0, not NaN", () => {
    const none = tensor([0, 0], undefined, { dtype: "bool" });
    expect(item(mse(f64([1, 2]), f64([0, 0]), { mask: none }))).toBe(0);
    expect(item(crossEntropy(f64([1, 2, 3, 4], [2, 2]), i32([0, 1]), { mask: none }))).toBe(0);
    expect(item(accuracy(f64([1, 2, 3, 4], [2, 2]), i32([0, 1]), { mask: none }))).toBe(0);
  });

  test("an unfitting one is an error with both shapes", () => {
    expect(() => mse(f64([1, 2]), f64([0, 0]), { mask: f64([1, 1, 1]) })).toThrow(
      /mse: the mask \[3\] must have the leading axes of the losses \[2\]/,
    );
  });
});

describe("lengths", () => {
  const [batch, time] = [3, 4];
  const counts = [4, 1, 0];
  const lengths = tensor(Int32Array.from(counts));
  const numbers = (n: number, f: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => f(i));
  const step = (i: number): { row: number; t: number } => ({ row: Math.floor(i / time), t: i % time });
  const mask = f64(
    numbers(batch * time, (i) => (step(i).t < counts[step(i).row]! ? 1 : 0)),
    [batch, time],
  );
  const weights = f64(
    numbers(batch * time, (i) => 1 + (i % 3)),
    [batch, time],
  );
  const both = f64(
    numbers(batch * time, (i) => valuesOf(mask)[i]! * (1 + (i % 3))),
    [batch, time],
  );
  const logits = f64(
    numbers(batch * time * 3, (i) => Math.sin(7 * i)),
    [batch, time, 3],
  );
  const target = f64(
    numbers(batch * time * 3, (i) => i % 2),
    [batch, time, 3],
  );
  const classes = i32(
    numbers(batch * time, (i) => i % 3),
    [batch, time],
  );
  const losses: [string, (p: Tensor, options: LossOptions) => Tensor][] = [
    ["mse", (p, options) => mse(p, target, options)],
    ["binaryCrossEntropy", (p, options) => binaryCrossEntropy(p, target, options)],
    ["crossEntropy", (p, options) => crossEntropy(p, classes, options)],
  ];

  test.each(losses)("%s: steps beyond them are masked out, along with what the mask leaves out", (_, loss) => {
    for (const reduction of ["mean", "sum", "none"] as const) {
      for (const [given, expected] of [
        [{ lengths }, { mask }],
        [{ lengths, mask: weights }, { mask: both }],
      ]) {
        const total =
          (options: LossOptions) =>
          (p: Tensor): Tensor =>
            sum(loss(p, { ...options, reduction }));
        expect(valuesOf(loss(logits, { ...given, reduction }))).toEqual(
          valuesOf(loss(logits, { ...expected, reduction })),
        );
        expect(valuesOf(grad(total(given!))(logits))).toEqual(valuesOf(grad(total(expected!))(logits)));
      }
    }
  });

  test("of another number of rows, or of losses without steps, are an error", () => {
    expect(() => mse(logits, target, { lengths: i32([1, 2]) })).toThrow(
      "mse: lengths must be i32 [batch] of losses [batch, time, ...], got i32 [2] for losses [3,4,3]",
    );
    expect(() => accuracy(f64([1, 2], [1, 2]), i32([0]), { lengths: i32([1]) })).toThrow(
      "accuracy: lengths must be i32 [batch] of losses [batch, time, ...], got i32 [1] for losses [1]",
    );
  });
});

test("pinball and its gradient, to a loop over the formula", () => {
  const quantiles = [0.1, 0.5, 0.9];
  const [q, y] = [
    [0.3, -0.2, 1.5, 2, 0.1, -1],
    [0.25, 0.75],
  ];
  const loss = (p: Tensor): Tensor => pinball(p, f64(y), { quantiles, reduction: "sum" });
  let expected = 0;
  const slopes = q.map((estimate, i) => {
    const [tau, target] = [quantiles[i % 3]!, y[Math.floor(i / 3)]!];
    expected += target > estimate ? tau * (target - estimate) : (1 - tau) * (estimate - target);
    return target > estimate ? -tau : 1 - tau;
  });
  expect(item(loss(f64(q, [2, 3])))).toBeCloseTo(expected, 14);
  valuesOf(grad(loss)(f64(q, [2, 3]))).forEach((slope, i) => expect(slope).toBeCloseTo(slopes[i]!, 14));
});

test("focal with soft targets is the mean of both classes' losses", () => {
  const x = f64([0.5, -2]);
  const of = (y: number): readonly number[] => [...valuesOf(focal(x, f64([y, y]), { reduction: "none" }))];
  const [zero, one] = [of(0), of(1)];
  of(0.25).forEach((loss, i) => expect(loss).toBeCloseTo(0.75 * zero[i]! + 0.25 * one[i]!, 14));
});

test("gaussianNll takes one variance for all, and none below epsilon", () => {
  const [mean, y] = [f64([1, 2]), f64([0, 4])];
  expect(item(gaussianNll({ mean, variance: f64([2], [1]) }, y))).toBeCloseTo((Math.log(2) + 1.25) / 2, 14);
  expect(item(gaussianNll({ mean, variance: f64([0, -1]) }, y, { epsilon: 0.5 }))).toBeCloseTo(
    (Math.log(0.5) + 5) / 2,
    14,
  );
});

test("options and shapes that do not fit are named", () => {
  const x = f64([1, 2]);
  expect(() => huber(x, x, { delta: 0 })).toThrow("huber: expected delta above 0, got 0");
  expect(() => mae(x, f64([1]))).toThrow("mae: prediction [2] and target [1] must have the same shape");
  expect(() => gaussianNll({ mean: x, variance: f64([1, 2, 3]) }, x)).toThrow(
    "gaussianNll: the variance [3] does not stretch to [2]",
  );
  expect(() => poissonNll(x, x, { log_input: true } as never)).toThrow(/did you mean logInput/);
  expect(() => pinball(x, x, { quantiles: [0.5] })).toThrow(
    "pinball: the target [2] and 1 quantiles need the prediction [2,1], got [2]",
  );
  expect(() => pinball(x, x, { quantiles: [1] })).toThrow("pinball: expected quantiles in (0, 1)");
  expect(() => focal(x, x, { alpha: 2 })).toThrow("focal: expected alpha in [0, 1], got 2");
});

describe("crossEntropy", () => {
  const logits = f64([0.5, -1, 2, 0.1, 0.2, 0.3], [2, 3]);

  test("with probabilities is the one with indices where they are one-hot, smoothing and weights included", () => {
    const hot = f64([0, 0, 1, 1, 0, 0], [2, 3]);
    const options = { labelSmoothing: 0.2, classWeights: f64([1, 2, 3]), reduction: "none" } as const;
    const [a, b] = [crossEntropy(logits, i32([2, 0]), options), crossEntropy(logits, hot, options)];
    valuesOf(a).forEach((x, i) => expect(valuesOf(b)[i]).toBeCloseTo(x, 14));
  });

  test("gives NaN for an index that names no class, unless it is ignored", () => {
    expect(item(crossEntropy(logits, i32([2, 3])))).toBeNaN();
    expect(item(crossEntropy(logits, i32([2, -1])))).toBeNaN();
    expect(item(crossEntropy(logits, i32([2, -1]), { ignoreIndex: -1 }))).toBeCloseTo(
      item(crossEntropy(f64([0.5, -1, 2], [1, 3]), i32([2]))),
      14,
    );
  });

  test("says which target fits", () => {
    expect(() => crossEntropy(logits, i32([1, 2, 0]))).toThrow(
      "crossEntropy: logits [2,3] need class indices i32 [2] or probabilities [2,3], got i32 [3]",
    );
    expect(() => crossEntropy(logits, i32([1, 2]), { label_smoothing: 0.1 } as never)).toThrow(
      /did you mean labelSmoothing/,
    );
  });
});

test("accuracy counts the first largest logit, over what the mask keeps", () => {
  const logits = f64([1, 2, 3, 3, 0, 1], [3, 2]);
  expect(item(accuracy(logits, i32([1, 0, 0])))).toBeCloseTo(2 / 3, 14);
  expect(item(accuracy(logits, i32([1, 0, 0]), { mask: f64([1, 1, 0]) }))).toBe(1);
  expect(item(accuracy(logits, i32([1, 1, 0]), { mask: f64([1, 1, 1]), reduction: "sum" }))).toBe(1);
});

test("an empty batch has the loss 0 and no gradient", () => {
  const none = f64([], [0, 3]);
  const losses = [
    (p: Tensor) => mse(p, none),
    (p: Tensor) => crossEntropy(p, i32([])),
    (p: Tensor) => binaryCrossEntropy(p, none),
    (p: Tensor) => mae(p, none),
    (p: Tensor) => huber(p, none),
    (p: Tensor) => gaussianNll({ mean: p, variance: f64([1], [1, 1]) }, none),
    (p: Tensor) => poissonNll(p, none),
    (p: Tensor) => pinball(p, f64([]), { quantiles: [0.1, 0.5, 0.9] }),
    (p: Tensor) => focal(p, none),
  ];
  for (const loss of losses) {
    expect(item(loss(none))).toBe(0);
    expect(grad(loss)(none).shape).toEqual([0, 3]);
  }
  expect(item(accuracy(none, i32([])))).toBe(0);
});
