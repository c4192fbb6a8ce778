import { cosF64, expF64 } from "@sluice/tensor/internal";
import type { Dataset } from "../dataset.ts";
import { dampedOscillators as facts } from "../facts.ts";
import {
  checkCurveOptions,
  checkInterval,
  queriedCurves,
  type NumberRange,
  type QueriedCurveOptions,
  type QueriedCurves,
} from "./queried-curve.ts";

/** Options of {@link dampedOscillators}. */
export interface DampedOscillatorOptions extends QueriedCurveOptions {
  /** A, uniform. Default `[0.5, 1.5]`. */
  readonly amplitude?: NumberRange;
  /** The rate of decay g, uniform. Default `[0.02, 0.2]`. */
  readonly damping?: NumberRange;
  /** The angular frequency w, in radians per unit of time, uniform. Default `[0.5, 2]`. */
  readonly frequency?: NumberRange;
}

/**
 * Damped oscillators at irregular times: `x(t) = A exp(-g t) cos(w t + p)`, the solution of `x'' + 2 g x' + (g^2 + w^2) x
 * = 0`. It is observed with noise at random times, and its value at a later time is asked for. `parameters` are A, g, w
 * and the phase p, which is uniform on [0, 2 pi).
 */
export function dampedOscillators(options: DampedOscillatorOptions = {}): Dataset<QueriedCurves> {
  const operation = "dampedOscillators";
  checkCurveOptions(operation, options, ["amplitude", "damping", "frequency"]);
  const amplitude = checkInterval(operation, "amplitude", options.amplitude ?? [0.5, 1.5]);
  const damping = checkInterval(operation, "damping", options.damping ?? [0.02, 0.2], 0);
  const frequency = checkInterval(operation, "frequency", options.frequency ?? [0.5, 2], 0);
  return queriedCurves(
    {
      operation,
      facts,
      name: "damped oscillators",
      what: `A exp(-g t) cos(w t + p) with A in [${amplitude}], g in [${damping}], w in [${frequency}]`,
      intervals: [amplitude, damping, frequency, [0, 2 * Math.PI]],
      at: (t, [A = 0, g = 0, w = 0, p = 0]) => A * expF64(-g * t) * cosF64(w * t + p),
    },
    options,
  );
}
