import { readFileSync } from "node:fs";
import { mul, sum, tensor, valueAndGrad, valuesOf, type DType, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { binaryCrossEntropy, crossEntropy, focal, gaussianNll, huber, mae, mse, poissonNll } from "../index.ts";

interface Golden {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly name: string;
  readonly loss:
    | "mse"
    | "cross_entropy"
    | "binary_cross_entropy_with_logits"
    | "mae"
    | "huber"
    | "gaussian_nll"
    | "gaussian_nll_of_variance"
    | "poisson_nll"
    | "focal";
  readonly options: {
    readonly reduction: "mean" | "sum" | "none" | "mean over mask";
    readonly ignore_index?: number;
    readonly label_smoothing?: number;
    readonly delta?: number;
    readonly full?: boolean;
    readonly log_input?: boolean;
    readonly gamma?: number;
    readonly alpha?: number;
  };
  readonly prediction: Golden;
  readonly target: Golden;
  readonly mask?: Golden;
  readonly mean?: Golden;
  readonly variance?: Golden;
  readonly weight?: Golden;
  readonly pos_weight?: Golden;
  readonly classWeights?: Golden;
  readonly upstream?: Golden;
  readonly value: Golden;
  readonly gradient: Golden;
}

const cases = ["losses.json", "losses-further.json"].flatMap((name): Case[] => {
  const file: { cases: Case[] } = JSON.parse(
    readFileSync(new URL(`../../../../fixtures/train/${name}`, import.meta.url), "utf8"),
  );
  return file.cases;
});

/** Cross-entropy's fixtures say the same by -100 and by a mask: both ways are held to them. */
const variants = cases.flatMap((c) =>
  c.loss === "cross_entropy" && c.mask
    ? [
        { ...c, by: "mask" },
        { ...c, by: "ignoreIndex" },
      ]
    : [{ ...c, by: "" }],
);

function lossOf(c: Case & { by: string }, prediction: Tensor, dtype: DType): Tensor {
  const float = (x: Golden): Tensor => tensor(x.data, x.shape, { dtype });
  const reduction = c.options.reduction === "mean over mask" ? "mean" : c.options.reduction;
  const mask = c.mask && c.by !== "ignoreIndex" ? { mask: float(c.mask) } : {};
  if (c.loss === "mse") return mse(prediction, float(c.target), { reduction, ...mask });
  const further = furtherLossOf(c, prediction, dtype);
  if (further !== undefined) return further;
  if (c.loss === "cross_entropy") {
    const { ignore_index, label_smoothing } = c.options;
    return crossEntropy(prediction, tensor(c.target.data, c.target.shape, { dtype: "i32" }), {
      reduction,
      ...mask,
      ...(ignore_index === undefined || c.by === "mask" ? {} : { ignoreIndex: ignore_index }),
      ...(label_smoothing === undefined ? {} : { labelSmoothing: label_smoothing }),
      ...(c.classWeights ? { classWeights: float(c.classWeights) } : {}),
    });
  }
  return binaryCrossEntropy(prediction, float(c.target), {
    reduction,
    ...mask,
    ...(c.weight ? { weight: float(c.weight) } : {}),
    ...(c.pos_weight ? { positiveWeight: float(c.pos_weight) } : {}),
  });
}

/** The losses of losses-further.json. */
function furtherLossOf({ loss, options, mean, variance, ...c }: Case, x: Tensor, dtype: DType): Tensor | undefined {
  const float = ({ data, shape }: Golden): Tensor => tensor(data, shape, { dtype });
  const { reduction: given, delta, full = false, log_input: logInput = true, gamma = 2, alpha = 0.25 } = options;
  const reduction = given === "mean over mask" ? "mean" : given;
  const y = float(c.target);
  if (loss === "mae") return mae(x, y, { reduction });
  if (loss === "huber") return huber(x, y, { reduction, ...(delta === undefined ? {} : { delta }) });
  if (loss === "poisson_nll") return poissonNll(x, y, { reduction, full, logInput });
  if (loss === "focal") return focal(x, y, { reduction, gamma, alpha });
  if (loss === "gaussian_nll" && variance)
    return gaussianNll({ mean: x, variance: float(variance) }, y, { reduction, full });
  if (loss === "gaussian_nll_of_variance" && mean)
    return gaussianNll({ mean: float(mean), variance: x }, y, { reduction });
  return undefined;
}

function error(actual: Tensor, expected: Golden): number {
  expect(actual.shape).toEqual(expected.shape);
  const values = valuesOf(actual);
  const largest = Math.max(...expected.data.map(Math.abs));
  return Math.max(...expected.data.map((x, i) => Math.abs(values[i]! - x))) / (largest === 0 ? 1 : largest);
}

describe.each([
  ["f64", 1e-12],
  ["f32", 1e-5],
] as const)("against PyTorch, %s", (dtype, tolerance) => {
  test.each(variants)("$name $by", (c) => {
    const prediction = tensor(c.prediction.data, c.prediction.shape, { dtype });
    const value = lossOf(c, prediction, dtype);
    expect(error(value, c.value)).toBeLessThanOrEqual(tolerance);
    const upstream = c.upstream && tensor(c.upstream.data, c.upstream.shape, { dtype });
    const { gradient } = valueAndGrad((p: Tensor) => {
      const loss = lossOf(c, p, dtype);
      return upstream ? sum(mul(loss, upstream)) : loss;
    })(prediction);
    expect(error(gradient, c.gradient)).toBeLessThanOrEqual(tolerance);
  });
});
