import { TensorError } from "@sluice/tensor";
import { checkOptions, nth } from "@sluice/tensor/internal";
import { membersMetric } from "./crps-metric.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import type { SumsState } from "./sums-metric.ts";

/** Options of {@link quantileCrps}. */
export interface QuantileCrpsOptions {
  /** The quantiles tau that the last axis of the prediction estimates, each in (0, 1). */
  readonly quantiles: readonly number[];
}

/**
 * The continuous ranked probability score from quantiles q_tau, a mean over the targets y that count: twice the mean of
 * the {@link pinball} losses (Laio and Tamea 2007). It approaches the score of the distribution with the number of
 * equally spaced quantiles.
 *
 *     2 mean_tau max(tau (y - q_tau), (tau - 1) (y - q_tau))
 *
 * Predictions are `[..., quantiles]`, targets `[...]`.
 */
export function quantileCrps(options: QuantileCrpsOptions): StreamingMetric<number, SumsState> {
  const name = "quantileCrps";
  checkOptions(name, options, ["quantiles"], { quantile: "quantiles", tau: "quantiles" });
  const { quantiles } = options;
  if (!Array.isArray(quantiles) || quantiles.length === 0 || !quantiles.every((tau) => tau > 0 && tau < 1))
    throw new TensorError(`${name}: expected quantiles in (0, 1), such as [0.1, 0.5, 0.9], got ${quantiles}`);
  const check = (count: number): void => {
    if (count !== quantiles.length)
      throw new TensorError(`${name}: there are ${quantiles.length} quantiles, but the prediction has ${count}`);
  };
  return membersMetric(name, "quantiles", check, (q, y) => {
    let sum = 0;
    for (let i = 0; i < q.length; i++) {
      const [tau, error] = [nth(quantiles, i), y - nth(q, i)];
      sum += Math.max(tau * error, (tau - 1) * error);
    }
    return (2 * sum) / q.length;
  });
}
