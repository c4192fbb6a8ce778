import { sinF64 } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { irregularSines as facts } from "../facts.ts";
import {
  checkCurveOptions,
  checkInterval,
  queriedCurves,
  type NumberRange,
  type QueriedCurveOptions,
  type QueriedCurves,
} from "./queried-curve.ts";

/** Options of {@link irregularSines}. */
export interface IrregularSinesOptions extends QueriedCurveOptions {
  /** The number of sines that are added. Default 2. */
  readonly sines?: number;
  /** The amplitude A of each, uniform. Default `[0.3, 0.7]`. */
  readonly amplitude?: NumberRange;
  /** The angular frequency w of each, in radians per unit of time, uniform. Default `[0.5, 3]`. */
  readonly frequency?: NumberRange;
}

/**
 * Sums of sines at irregular times: `x(t) = sum_k A_k sin(w_k t + p_k)`, observed with noise at random times. Its value at
 * a later time is asked for. `parameters` are A, w and the phase p of the first sine, then of the next; phases are
 * uniform on [0, 2 pi).
 */
export function irregularSines(options: IrregularSinesOptions = {}): Dataset<QueriedCurves> {
  const operation = "irregularSines";
  checkCurveOptions(operation, options, ["sines", "amplitude", "frequency"]);
  const sines = checkCount(operation, "sines", options.sines ?? 2);
  const amplitude = checkInterval(operation, "amplitude", options.amplitude ?? [0.3, 0.7]);
  const frequency = checkInterval(operation, "frequency", options.frequency ?? [0.5, 3], 0);
  const phase: NumberRange = [0, 2 * Math.PI];
  return queriedCurves(
    {
      operation,
      facts,
      name: `${sines} sines`,
      what: `the sum of ${sines} sines A sin(w t + p) with A in [${amplitude}], w in [${frequency}]`,
      intervals: Array.from({ length: sines }, () => [amplitude, frequency, phase]).flat(),
      at: (t, own) => {
        let sum = 0;
        for (let k = 0; k < sines; k++) {
          const [A = 0, w = 0, p = 0] = own.slice(3 * k, 3 * k + 3);
          sum += A * sinF64(w * t + p);
        }
        return sum;
      },
    },
    options,
  );
}
