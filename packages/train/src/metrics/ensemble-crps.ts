import { TensorError } from "@sluice/tensor";
import { checkOptions, nth } from "@sluice/tensor/internal";
import { membersMetric } from "./crps-metric.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import type { SumsState } from "./sums-metric.ts";

/** Options of {@link ensembleCrps}. */
export interface EnsembleCrpsOptions {
  /**
   * Divide the second term by m (m - 1) instead of m^2 (Ferro 2014), which makes the score of samples an unbiased
   * estimate of that of their distribution. Default false.
   */
  readonly fair?: boolean;
}

/**
 * The continuous ranked probability score of an ensemble or of samples x_1 ... x_m (Gneiting and Raftery 2007, eq. 21),
 * a mean over the targets y that count:
 *
 *     sum_i |x_i - y| / m - sum_ij |x_i - x_j| / (2 m^2)
 *
 * Predictions are `[..., members]`, targets `[...]`. With one member it is the absolute error.
 */
export function ensembleCrps(options: EnsembleCrpsOptions = {}): StreamingMetric<number, SumsState> {
  const name = "ensembleCrps";
  checkOptions(name, options, ["fair"]);
  const { fair = false } = options;
  const check = (m: number): void => {
    if (fair && m < 2) throw new TensorError(`${name}: fair needs at least 2 members, got ${m}`);
  };
  return membersMetric(name, "members", check, (x, y) => {
    const m = x.length;
    const sorted = x.toSorted();
    let [error, spread] = [0, 0];
    for (let i = 0; i < m; i++) {
      error += Math.abs(nth(sorted, i) - y);
      // In ascending order x_i is the larger one of i pairs and the smaller one of m - 1 - i.
      spread += (2 * i - m + 1) * nth(sorted, i);
    }
    return error / m - spread / (fair ? m * (m - 1) : m * m);
  });
}
