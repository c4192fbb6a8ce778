import { applyImputer, fitImputer, toPadded, type Observations, type RaggedBatch } from "@sluice/irregular";
import { tensor, type ArrayTensor } from "@sluice/tensor";
import { variables } from "./weather.ts";

/** Ways to fill in values that learn nothing but means. */
export type Rule = "mean" | "forward" | "linear";

/**
 * The values of `batch` with those that are missing filled in, `[windows, days, variables]`. What a rule says of a window
 * without any value of a variable is the mean of what is left of the training days.
 */
export function filledByRule(rule: Rule, train: RaggedBatch, batch: RaggedBatch): ArrayTensor {
  const imputer = fitImputer(observationsOf(train), { imputation: rule });
  const { values } = applyImputer(imputer, observationsOf(batch));
  return toPadded({ values: tensor(Float32Array.from(values.data), values.shape), offsets: batch.offsets }).x;
}

/** Windows as observations: a row is a window, and its times are days. */
function observationsOf({ values, offsets, mask }: RaggedBatch): Observations {
  const [days = 0] = values.shape;
  if (mask === undefined) throw new Error("imputation: no values were hidden in these windows");
  const windows = offsets.data.length - 1;
  return {
    variables: variables.map((name) => ({ name })),
    ids: Array.from({ length: windows }, (_, window) => `window ${window}`),
    timeUnit: "days",
    offsets,
    times: tensor(Float64Array.from({ length: days }, (_, day) => day)),
    values: tensor(Float64Array.from(values.data), values.shape),
    mask,
    statics: {
      variables: [],
      values: tensor(new Float64Array(0), [windows, 0]),
      mask: tensor(new Int32Array(0), [windows, 0], { dtype: "bool" }),
    },
  };
}
