import { expF64, nth } from "@sluice/tensor/internal";
import { TensorError } from "@sluice/tensor";
import { checkClassOptions, classRows, type ClassOptions } from "./class-rows.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/**
 * Perplexity, the exponential of the mean negative log-probability of the targets, as torchmetrics' `Perplexity`:
 *
 *     exp(-mean(log p(target)))
 *
 * Predictions are `[..., classes]`, targets i32 `[...]`. It is infinite if a target that counts has probability 0.
 */
export function perplexity(options: ClassOptions = {}): StreamingMetric<number, SumsState> {
  return entropyMetric("perplexity", options, expF64);
}

/** A metric that is a function of the mean negative log-probability of the targets, in nats. */
export function entropyMetric(
  name: string,
  options: ClassOptions,
  valueOf: (nats: number) => number,
): StreamingMetric<number, SumsState> {
  checkClassOptions(name, options);
  return sumsMetric({
    name,
    better: "lower",
    sums: () => 2,
    add(add, prediction, target, counted) {
      const rows = classRows(name, { prediction, target, counted }, { ...options, scale: "log probabilities" });
      if (rows.columns === 1)
        throw new TensorError(`${name}: expected predictions [..., classes], got the shape of the targets`);
      rows.targets.forEach((wanted, row) => {
        const weight = nth(rows.weights, row);
        add(0, weight);
        add(1, -weight * nth(rows.scores, row * rows.columns + wanted));
      });
      return rows.nans;
    },
    value: (sum) => valueOf(sum(1) / sum(0)),
  });
}
