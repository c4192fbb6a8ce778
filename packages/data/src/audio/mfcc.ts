import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { checkOptions, cosF64, shown, sinF64 } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import {
  completeLogMel,
  logMelAliases,
  logMelFrames,
  logMelOptions,
  type CompleteLogMelOptions,
  type LogMelOptions,
} from "./log-mel.ts";

/** Options of {@link mfcc}. */
export interface MfccOptions extends LogMelOptions {
  /** The number of coefficients, at most `bands`. Default 20. */
  readonly coefficients?: number;
  /**
   * The length L of a lifter, which multiplies coefficient k, counted from 0, by `1 + (L / 2) sin(pi (k + 1) / L)`.
   * Default 0: none.
   */
  readonly lifter?: number;
}

export const mfccOptions = [...logMelOptions, "coefficients", "lifter"] as const;
export const mfccAliases = { ...logMelAliases, n_mfcc: "coefficients" };

/** Options with all defaults filled in. */
export interface CompleteMfccOptions extends CompleteLogMelOptions, Required<MfccOptions> {}

/** Checks the options of cepstral coefficients and fills in the defaults. */
export function completeMfcc(operation: string, options: MfccOptions): CompleteMfccOptions {
  const { lifter = 0 } = options;
  const complete = completeLogMel(operation, options);
  const coefficients = checkCount(operation, "coefficients", options.coefficients ?? 20);
  if (coefficients > complete.bands)
    throw new TensorError(
      `${operation}: ${coefficients} coefficients are more than the ${complete.bands} bands; raise bands or lower coefficients`,
    );
  if (!(Number.isFinite(lifter) && lifter >= 0))
    throw new TensorError(`${operation}: lifter must be a number of at least 0, got ${shown(lifter)}`);
  return { ...complete, coefficients, lifter };
}

/**
 * Mel-frequency cepstral coefficients (Davis and Mermelstein 1980), f32 `[frames, coefficients]`: the orthonormal
 * discrete cosine transform (type 2) of each frame of {@link logMel}. The numbers are those of librosa's `feature.mfcc`
 * with its defaults of the transform.
 *
 * Throws a TensorError as {@link melSpectrogram} does.
 */
export function mfcc(samples: ArrayLike<number>, options: MfccOptions): ArrayTensor {
  checkOptions("mfcc", options, mfccOptions, mfccAliases);
  const complete = completeMfcc("mfcc", options);
  const frames = mfccFrames("mfcc", complete)(samples);
  return tensor(Float32Array.from(frames), [frames.length / complete.coefficients, complete.coefficients]);
}

/** Makes a function of samples. Its result is f64, frame after frame. */
export function mfccFrames(
  operation: string,
  options: CompleteMfccOptions,
): (samples: ArrayLike<number>) => Float64Array {
  const { bands, coefficients, lifter } = options;
  const logMelOf = logMelFrames(operation, options);
  // c_k = s_k sum_n x_n cos(pi (n + 1/2) k / N), with s_0 = sqrt(1 / N) and s_k = sqrt(2 / N).
  const basis = Array.from({ length: coefficients }, (_, k) => {
    const scale = Math.sqrt((k === 0 ? 1 : 2) / bands);
    const lift = lifter === 0 ? 1 : 1 + (lifter / 2) * sinF64((Math.PI * (k + 1)) / lifter);
    return Float64Array.from(
      { length: bands },
      (_, n) => lift * scale * cosF64((Math.PI * (2 * n + 1) * k) / (2 * bands)),
    );
  });
  return (samples) => {
    const frames = logMelOf(samples);
    const found = new Float64Array((frames.length / bands) * coefficients);
    for (let t = 0; t * bands < frames.length; t++) {
      basis.forEach((wave, k) => {
        let sum = 0;
        wave.forEach((value, n) => (sum += value * (frames[t * bands + n] ?? 0)));
        found[t * coefficients + k] = sum;
      });
    }
    return found;
  };
}
