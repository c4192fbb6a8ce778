// What metrics say of values that are not defined, of options and of data that are wrong, and what does not count.
import { key, keyFor, normal, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  accuracyScore,
  auprc,
  auroc,
  brierScore,
  calibrationError,
  confusionMatrix,
  ensembleCrps,
  evaluateMetric,
  f1,
  gaussianCrps,
  meanAbsoluteError,
  meanRelativeError,
  perplexity,
  precision,
  quantileCrps,
  r2Score,
  recall,
  reliability,
  rootMeanSquaredError,
  topKAccuracy,
} from "../index.ts";

const f32 = (values: readonly number[], shape?: readonly number[]): Tensor => tensor(values, shape);
const i32 = (values: readonly number[], shape?: readonly number[]): Tensor => tensor(values, shape, { dtype: "i32" });

describe("a value that is not defined says why", () => {
  test("one class only", () => {
    const scores = f32([0.5, -1, 2]);
    expect(evaluateMetric(auroc(), scores, i32([1, 1, 1]))).toEqual({
      notDefined: "auroc: there are no negative targets",
    });
    expect(evaluateMetric(auroc(), scores, i32([0, 0, 0]))).toEqual({
      notDefined: "auroc: there are no positive targets",
    });
    expect(evaluateMetric(auprc(), scores, i32([0, 0, 0]))).toEqual({
      notDefined: "auprc: there are no positive targets",
    });
  });

  test("an absent class of several", () => {
    const logits = f32([3, 0, 0, 0, 3, 0, 1, 2, 0], [3, 3]);
    const target = i32([0, 1, 1]);
    expect(evaluateMetric(auroc(), logits, target)).toEqual({
      notDefined:
        'auroc: there are no positive targets for class 2 against the rest; absentClasses: "skip" leaves it out',
    });
    expect(evaluateMetric(auroc({ absentClasses: "skip" }), logits, target)).toBe(1);
  });

  test("0 / 0", () => {
    const never = f32([-1, -2, -3]);
    const target = i32([1, 0, 1]);
    expect(evaluateMetric(precision(), never, target)).toEqual({
      notDefined: "precision: 0 / 0 for class 1; zeroDivision says what it counts as",
    });
    expect(evaluateMetric(precision({ zeroDivision: 1 }), never, target)).toBe(1);
    expect(evaluateMetric(recall(), never, target)).toBe(0);
    expect(evaluateMetric(f1(), never, target)).toBe(0);
    expect(evaluateMetric(f1(), never, i32([0, 0, 0]))).toEqual({
      notDefined: "f1: 0 / 0 for class 1; zeroDivision says what it counts as",
    });
  });

  test("targets without spread", () => {
    expect(evaluateMetric(r2Score(), f32([1, 2]), f32([0.1, 0.1]))).toEqual({
      notDefined: "r2Score: all targets that count are equal",
    });
    expect(evaluateMetric(meanRelativeError(), f32([1, 2]), f32([0, 0]))).toEqual({
      notDefined: "meanRelativeError: all targets that count are 0",
    });
  });

  test("nothing that counts, and NaN that counts", () => {
    const mask = tensor([0, 0], undefined, { dtype: "bool" });
    expect(evaluateMetric(meanAbsoluteError(), f32([1, 2]), f32([1, 2]), { mask })).toEqual({
      notDefined: "meanAbsoluteError: nothing counts",
    });
    expect(evaluateMetric(meanAbsoluteError(), f32([NaN, 2]), f32([1, NaN]))).toEqual({
      notDefined: "meanAbsoluteError: NaN in 2 predictions or targets that count",
    });
    expect(evaluateMetric(auroc(), f32([]), i32([]))).toEqual({ notDefined: "auroc: nothing counts" });
  });

  test("an infinite error is a value", () => {
    expect(evaluateMetric(meanAbsoluteError(), f32([Infinity, 2]), f32([1, 2]))).toBe(Infinity);
    expect(evaluateMetric(perplexity(), f32([-Infinity, 0], [1, 2]), i32([0]))).toBe(Infinity);
    expect(evaluateMetric(r2Score(), f32([0, 0]), f32([Infinity, 1]))).toEqual({
      notDefined: "r2Score: predictions or targets are infinite",
    });
  });
});

describe("what does not count", () => {
  const lengths = i32([2, 0, 3]);
  const logits = normal(key(1), [3, 3, 4]);
  const target = i32([0, 1, 99, 7, -1, 8, 2, 3, 0], [3, 3]);
  const beyond = [2, 3, 4, 5];
  const spoiled = tensor(
    Float32Array.from(valuesOf(logits), (x, i) => (beyond.includes(Math.floor(i / 4)) ? NaN : x)),
    [3, 3, 4],
  );

  test.each([accuracyScore(), auroc({ absentClasses: "skip" }), brierScore(), perplexity()])(
    "steps beyond the lengths, whatever is there: $name",
    (metric) => {
      const mask = tensor(
        Array.from({ length: 9 }, (_, i) => Number(!beyond.includes(i))),
        [3, 3],
        { dtype: "bool" },
      );
      const value = evaluateMetric(metric, spoiled, target, { lengths });
      expect(value).toBe(evaluateMetric(metric, spoiled, target, { mask }));
      expect(value).toEqual(expect.any(Number));
    },
  );

  test("ignored classes", () => {
    const ignored = i32([0, -1, 1]);
    const x = f32([1, 0, NaN, 0, 1, 2], [3, 2]);
    expect(evaluateMetric(accuracyScore({ ignoreIndex: -1 }), x, ignored)).toBe(1);
    expect(() => evaluateMetric(accuracyScore(), f32([1, 0, 2, 0, 1, 2], [3, 2]), ignored)).toThrow(
      "accuracyScore: the target is -1 at [1], expected a class from 0 to 1",
    );
  });
});

test("for two classes and one score, auroc is the share of pairs in order, and no batches change a bit", () => {
  const examples = fc.array(fc.tuple(fc.integer({ min: -4, max: 4 }), fc.boolean(), fc.constantFrom(0, 0.25, 1, 1.7)), {
    minLength: 2,
    maxLength: 30,
  });
  fc.assert(
    fc.property(examples, fc.nat(), (given, cut) => {
      const [x, y, w] = [given.map(([s]) => s), given.map(([, own]) => Number(own)), given.map(([, , own]) => own)];
      let [right, all] = [0, 0];
      for (const [i, s] of x.entries())
        for (const [j, other] of x.entries())
          if (y[i] === 1 && y[j] === 0) {
            const weight = Math.fround(w[i]!) * Math.fround(w[j]!);
            all += weight;
            right += weight * (s > other ? 1 : s === other ? 0.5 : 0);
          }
      const whole = evaluateMetric(auroc(), f32(x), i32(y), { mask: f32(w) });
      if (all === 0) expect(whole).toHaveProperty("notDefined");
      else expect(whole).toBeCloseTo(right / all, 12);
      const at = cut % given.length;
      const metric = auroc();
      const state = [given.slice(at), given.slice(0, at)].reduce(
        (before, part) =>
          metric.update(before, f32(part.map(([s]) => s)), i32(part.map(([, own]) => Number(own))), {
            mask: f32(part.map(([, , own]) => own)),
          }),
        metric.init(),
      );
      expect(metric.value(state)).toEqual(whole);
    }),
  );
});

test("any division of any data gives the same bits", () => {
  const number = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 });
  const metrics = [meanAbsoluteError(), rootMeanSquaredError(), meanRelativeError(), r2Score()];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(number, number, fc.float({ min: 0, max: 4, noNaN: true })), { minLength: 1, maxLength: 40 }),
      fc.array(fc.nat(40), { maxLength: 6 }),
      (given, cuts) => {
        const bounds = [0, ...cuts.map((cut) => Math.min(cut, given.length)), given.length].toSorted((a, b) => a - b);
        const parts = bounds.slice(1).map((end, i) => given.slice(bounds[i], end));
        for (const metric of metrics) {
          const stateOf = (batches: (typeof given)[]) =>
            batches.reduce(
              (state, batch) =>
                metric.update(state, f32(batch.map(([p]) => p)), f32(batch.map(([, y]) => y)), {
                  mask: f32(batch.map(([, , w]) => w)),
                }),
              metric.init(),
            );
          expect(metric.value(stateOf(parts))).toEqual(metric.value(stateOf([given])));
        }
      },
    ),
  );
});

test("ties of the largest score go to the first class, as in argmax", () => {
  const logits = f32([1, 1, 0, 0, 2, 2], [2, 3]);
  expect(valuesOf(evaluateMetric(confusionMatrix(), logits, i32([1, 2])) as Tensor)).toEqual(
    Float64Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0),
  );
  expect(evaluateMetric(topKAccuracy({ k: 1 }), logits, i32([0, 1]))).toBe(1);
  expect(evaluateMetric(topKAccuracy({ k: 1 }), logits, i32([1, 2]))).toBe(0);
  expect(evaluateMetric(topKAccuracy({ k: 2 }), logits, i32([1, 2]))).toBe(1);
});

test("a confidence at the edge of a bin belongs to the bin below, and 0 to the first", () => {
  const bins = evaluateMetric(
    reliability({ bins: 10, from: "probabilities" }),
    f32([0, 0.5, 1, 0.5]),
    i32([0, 1, 1, 0]),
  );
  expect(bins).toEqual([
    { from: 0, to: 0.1, weight: 1, confidence: 0, accuracy: 0 },
    { from: 0.4, to: 0.5, weight: 2, confidence: 0.5, accuracy: 0.5 },
    { from: 0.9, to: 1, weight: 1, confidence: 1, accuracy: 1 },
  ]);
});

test("the score of samples approaches that of their distribution, and of quantiles too", () => {
  const samples = normal(keyFor(key(4), "samples"), [1, 4000]);
  const exact = evaluateMetric(gaussianCrps(), { mean: f32([0]), variance: f32([1]) }, f32([0.7])) as number;
  expect(evaluateMetric(ensembleCrps({ fair: true }), samples, f32([0.7]))).toBeCloseTo(exact, 1);
  expect(evaluateMetric(gaussianCrps(), { mean: f32([2]), variance: f32([0]) }, f32([0.5]))).toBe(1.5);
  expect(evaluateMetric(ensembleCrps(), f32([2], [1, 1]), f32([0.5]))).toBe(1.5);
});

describe("what is wrong is an error", () => {
  const logits = f32([1, 0, 0, 1], [2, 2]);
  test.each<[string, () => unknown, string]>([
    ["k of 0", () => topKAccuracy({ k: 0 }), "topKAccuracy: expected an integer k >= 1, got 0"],
    [
      "k of another library",
      () => topKAccuracy({ top_k: 2 } as never),
      "topKAccuracy: unknown option top_k; did you mean k?",
    ],
    [
      "k of all classes",
      () => evaluateMetric(topKAccuracy({ k: 2 }), logits, i32([0, 1])),
      "topKAccuracy: k is 2, but there are only 2 classes; expected a k below their number",
    ],
    [
      "average",
      () => f1({ average: "samples" as never }),
      'f1: expected average as "binary", "macro", "weighted" or "micro", got "samples"',
    ],
    [
      "average of classes",
      () => evaluateMetric(f1(), f32([1, 0, 0], [1, 3]), i32([0])),
      'f1: average: "binary" needs two classes, got 3; write average: "macro", "weighted" or "micro"',
    ],
    [
      "average of curves",
      () => auroc({ average: "micro" as never }),
      'auroc: expected average as "macro" or "weighted"',
    ],
    ["threshold", () => accuracyScore({ threshold: 1 }), "accuracyScore: expected a threshold in (0, 1), got 1"],
    [
      "a threshold of classes",
      () => evaluateMetric(accuracyScore({ threshold: 0.3 }), logits, i32([0, 1])),
      "accuracyScore: a threshold needs one score per row, got 2: with a score per class the largest one decides",
    ],
    ["ignoreIndex", () => perplexity({ ignoreIndex: 0.5 }), "perplexity: expected an integer ignoreIndex, got 0.5"],
    ["zeroDivision", () => recall({ zeroDivision: NaN as never }), "recall: expected zeroDivision as 0 or 1, got NaN"],
    ["from", () => auprc({ from: "log" as never }), 'auprc: expected from as "logits" or "probabilities", got "log"'],
    ["bins", () => calibrationError({ bins: 0 }), "calibrationError: expected an integer number of bins >= 1, got 0"],
    ["over", () => calibrationError({ over: "l1" as never }), 'calibrationError: expected over as "mean"'],
    ["absentClasses", () => auroc({ absentClasses: "ignore" as never }), 'auroc: expected absentClasses as "refuse"'],
    ["quantiles", () => quantileCrps({ quantiles: [0, 1] }), "quantileCrps: expected quantiles in (0, 1)"],
    [
      "the number of quantiles",
      () => evaluateMetric(quantileCrps({ quantiles: [0.5] }), logits, f32([1, 2])),
      "quantileCrps: there are 1 quantiles, but the prediction has 2",
    ],
    [
      "a fair score of one member",
      () => evaluateMetric(ensembleCrps({ fair: true }), f32([1], [1, 1]), f32([1])),
      "ensembleCrps: fair needs at least 2 members, got 1",
    ],
    [
      "a variance",
      () => evaluateMetric(gaussianCrps(), { mean: f32([1]), variance: f32([-1]) }, f32([1])),
      "gaussianCrps: the variance is -1 at [0], expected one >= 0",
    ],
    [
      "a class",
      () => evaluateMetric(accuracyScore(), logits, i32([0, 2])),
      "accuracyScore: the target is 2 at [1], expected a class from 0 to 1",
    ],
    [
      "a target of yes or no",
      () => evaluateMetric(auroc(), f32([1, 2]), f32([0, 0.5])),
      "auroc: the target is 0.5 at [1], expected 0 or 1",
    ],
    [
      "a probability",
      () => evaluateMetric(brierScore({ from: "probabilities" }), f32([0.5, 1.5]), i32([0, 1])),
      'brierScore: a probability is 1.5 at [1], expected one from 0 to 1; leave from: "probabilities" out for logits',
    ],
    [
      "targets of floats",
      () => evaluateMetric(accuracyScore(), logits, f32([0, 1])),
      'make class indices with tensor(values, shape, { dtype: "i32" })',
    ],
    [
      "shapes",
      () => evaluateMetric(meanAbsoluteError(), f32([1]), f32([1, 2])),
      "meanAbsoluteError: prediction [1] and target [2] must have the same shape",
    ],
    [
      "a mask of negative weights",
      () => evaluateMetric(meanAbsoluteError(), f32([1, 2]), f32([1, 2]), { mask: f32([1, -1]) }),
      "meanAbsoluteError: the mask is -1 at [1], expected finite weights >= 0",
    ],
    [
      "weights that are not called mask",
      () => evaluateMetric(meanAbsoluteError(), f32([1, 2]), f32([1, 2]), { weights: f32([1, 1]) } as never),
      "meanAbsoluteError: unknown option weights; did you mean mask?",
    ],
    [
      "a mask of another shape",
      () => evaluateMetric(meanAbsoluteError(), f32([1, 2]), f32([1, 2]), { mask: f32([1, 1, 1]) }),
      "meanAbsoluteError: the mask [3] must have the leading axes of the losses [2]",
    ],
    [
      "another number of classes",
      () => {
        const metric = accuracyScore();
        const matrix = confusionMatrix();
        metric.update(metric.init(), logits, i32([0, 1]));
        return matrix.update(matrix.update(matrix.init(), logits, i32([0, 1])), f32([1, 0, 0], [1, 3]), i32([0]));
      },
      "confusionMatrix: this batch has another number of classes than the batches before it",
    ],
    [
      "another number of classes to rank",
      () => {
        const metric = auroc();
        return metric.update(metric.update(metric.init(), logits, i32([0, 1])), f32([1, 0, 0], [1, 3]), i32([0]));
      },
      "auroc: this batch has 3 classes, the batches before it have 2",
    ],
    [
      "perplexity of yes or no",
      () => evaluateMetric(perplexity(), f32([1, 2]), i32([0, 1])),
      "perplexity: expected predictions [..., classes], got the shape of the targets",
    ],
    [
      "a metric that is not called",
      () => evaluateMetric(auroc as never, f32([1]), i32([1])),
      "expected the result of auroc(): call it",
    ],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
