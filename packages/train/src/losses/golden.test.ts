import { readFileSync } from "node:fs";
import { mul, sum, tensor, valueAndGrad, valuesOf, type DType, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { binaryCrossEntropy, crossEntropy, mse } from "../index.ts";

interface Golden {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly name: string;
  readonly loss: "mse" | "cross_entropy" | "binary_cross_entropy_with_logits";
  readonly options: {
    readonly reduction: "mean" | "sum" | "none" | "mean over mask";
    readonly ignore_index?: number;
    readonly label_smoothing?: number;
  };
  readonly prediction: Golden;
  readonly target: Golden;
  readonly mask?: Golden;
  readonly weight?: Golden;
  readonly pos_weight?: Golden;
  readonly classWeights?: Golden;
  readonly upstream?: Golden;
  readonly value: Golden;
  readonly gradient: Golden;
}

const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(new URL("../../../../fixtures/train/losses.json", import.meta.url), "utf8"),
);

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
