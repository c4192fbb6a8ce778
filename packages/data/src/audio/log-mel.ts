import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { checkOptions, logF64, shown } from "@sluice/tensor/internal";
import {
  completeMel,
  melAliases,
  melFrames,
  melOptions,
  type CompleteMelOptions,
  type MelOptions,
} from "./mel-spectrogram.ts";

/** Options of {@link logMel}. */
export interface LogMelOptions extends MelOptions {
  /** The value that is 0 dB. `max`: the largest value of this sound. Default 1. */
  readonly reference?: number | "max";
  /** Smaller values count as this one, more than 0. Default 1e-10. */
  readonly floor?: number;
  /**
   * The range in dB: results that are lower than the largest one of this sound by more than that are raised. `null`: no
   * limit. Default 80.
   */
  readonly topDb?: number | null;
}

export const logMelOptions = [...melOptions, "reference", "floor", "topDb"] as const;
export const logMelAliases = { ...melAliases, ref: "reference", amin: "floor", top_db: "topDb" };

/** Options with all defaults filled in. */
export interface CompleteLogMelOptions extends CompleteMelOptions, Required<LogMelOptions> {}

/** Checks the options of a logarithmic mel spectrogram and fills in the defaults. */
export function completeLogMel(operation: string, options: LogMelOptions): CompleteLogMelOptions {
  const { reference = 1, floor = 1e-10, topDb = 80 } = options;
  if (reference !== "max" && !(Number.isFinite(reference) && reference > 0))
    throw new TensorError(`${operation}: reference must be a number above 0 or "max", got ${shown(reference)}`);
  if (!(Number.isFinite(floor) && floor > 0))
    throw new TensorError(`${operation}: floor must be a number above 0, got ${shown(floor)}`);
  if (topDb !== null && !(Number.isFinite(topDb) && topDb >= 0))
    throw new TensorError(`${operation}: topDb must be a number of at least 0, in dB, or null, got ${shown(topDb)}`);
  return { ...completeMel(operation, options), reference, floor, topDb };
}

/**
 * A mel spectrogram in decibels, `10 log10(S / reference)`, f32 `[frames, bands]`: the numbers of librosa's
 * `power_to_db(melspectrogram(...))`. A network trains better on scaled values: subtract the mean of the training set and
 * divide by its standard deviation.
 *
 * Throws a TensorError as {@link melSpectrogram} does.
 */
export function logMel(samples: ArrayLike<number>, options: LogMelOptions): ArrayTensor {
  checkOptions("logMel", options, logMelOptions, logMelAliases);
  const complete = completeLogMel("logMel", options);
  const frames = logMelFrames("logMel", complete)(samples);
  return tensor(Float32Array.from(frames), [frames.length / complete.bands, complete.bands]);
}

/** Makes a function of samples. Its result is f64, frame after frame, in dB. */
export function logMelFrames(
  operation: string,
  options: CompleteLogMelOptions,
): (samples: ArrayLike<number>) => Float64Array {
  const { reference, floor, topDb } = options;
  const melOf = melFrames(operation, options);
  const decibels = (power: number): number => (10 * logF64(Math.max(power, floor))) / Math.LN10;
  const largestOf = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b), -Infinity);
  return (samples) => {
    const mel = melOf(samples);
    const zero = decibels(reference === "max" ? largestOf(mel) : reference);
    const found = mel.map((power) => decibels(power) - zero);
    if (topDb === null) return found;
    const lowest = largestOf(found) - topDb;
    return found.map((value) => Math.max(value, lowest));
  };
}
