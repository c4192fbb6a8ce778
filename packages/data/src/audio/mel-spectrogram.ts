import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { checkOptions, cosF64, shown } from "@sluice/tensor/internal";
import { checkChoice, checkCount } from "../check.ts";
import { powerSpectrum } from "./fourier.ts";
import { melFilters, type MelScale } from "./mel-scale.ts";

/** Options of {@link melSpectrogram}. The defaults are those of librosa, except that `rate` has none. */
export interface MelOptions {
  /** Samples per second, in Hz. */
  readonly rate: number;
  /** Samples of a Fourier transform, a power of two. Default 2048. */
  readonly size?: number;
  /** Samples of a frame, at most `size`; shorter frames stand in the middle, between zeros. Default `size`. */
  readonly window?: number;
  /** Samples from one frame to the next. Default a quarter of the window, rounded down. */
  readonly hop?: number;
  /**
   * Whether frame t has its centre at sample `t hop`. The sound is then padded with zeros by half of `size` on both
   * sides. If false, frame t begins at sample `t hop`, and samples after the last whole frame are not used. Default true.
   */
  readonly center?: boolean;
  /** 2: sums of squared magnitudes (default); 1: sums of magnitudes. */
  readonly power?: 1 | 2;
  /** The number of bands. Default 128. */
  readonly bands?: number;
  /** The lowest frequency, in Hz. Default 0. */
  readonly low?: number;
  /** The highest frequency, in Hz, at most half of `rate`. Default half of `rate`. */
  readonly high?: number;
  /** Default `slaney`. */
  readonly scale?: MelScale;
  /** `slaney` (default): all bands have the same area. `none`: all bands have the same height, 1. */
  readonly norm?: "slaney" | "none";
}

export const melOptions = [
  "rate",
  "size",
  "window",
  "hop",
  "center",
  "power",
  "bands",
  "low",
  "high",
  "scale",
  "norm",
] as const;

/** librosa's names. */
export const melAliases = {
  sr: "rate",
  n_fft: "size",
  fftSize: "size",
  win_length: "window",
  hop_length: "hop",
  n_mels: "bands",
  fmin: "low",
  fmax: "high",
  htk: "scale",
  centre: "center",
};

/** Options with all defaults filled in. */
export type CompleteMelOptions = Required<MelOptions>;

/** Checks the options of a mel spectrogram and fills in the defaults. */
export function completeMel(operation: string, options: MelOptions): CompleteMelOptions {
  const { rate, center = true, power = 2, low = 0, scale = "slaney", norm = "slaney" } = options;
  if (!(Number.isFinite(rate) && rate > 0))
    throw new TensorError(`${operation}: rate must be the samples per second, in Hz, got ${shown(rate)}`);
  const size = checkCount(operation, "size", options.size ?? 2048, 2);
  if (size > 1 << 30 || (size & (size - 1)) !== 0)
    throw new TensorError(
      `${operation}: size must be a power of two, got ${size}; for frames of ${size} samples set window: ${size} and the next power of two as size`,
    );
  const window = checkCount(operation, "window", options.window ?? size);
  if (window > size)
    throw new TensorError(`${operation}: a window of ${window} samples is longer than size, ${size}; raise size`);
  const hop = checkCount(operation, "hop", options.hop ?? Math.max(1, Math.floor(window / 4)));
  const bands = checkCount(operation, "bands", options.bands ?? 128);
  const { high = rate / 2 } = options;
  if (!(low >= 0 && low < high && high <= rate / 2))
    throw new TensorError(
      `${operation}: expected 0 <= low < high <= ${rate / 2} Hz, half of rate, got low ${shown(low)} and high ${shown(high)}`,
    );
  if (typeof center !== "boolean")
    throw new TensorError(`${operation}: center must be true or false, got ${shown(center)}`);
  checkChoice(operation, "power", power, [1, 2]);
  checkChoice(operation, "scale", scale, ["slaney", "htk"]);
  checkChoice(operation, "norm", norm, ["slaney", "none"]);
  return { rate, size, window, hop, center, power, bands, low, high, scale, norm };
}

/** The number of frames of so many samples. */
export function framesOf(samples: number, { size, hop, center }: CompleteMelOptions): number {
  if (center) return 1 + Math.floor(samples / hop);
  return samples < size ? 0 : 1 + Math.floor((samples - size) / hop);
}

/**
 * The spectrum of a sound over time, in bands that are equally wide on the mel scale, `[frames, bands]`. Each frame is
 * multiplied by a periodic Hann window, `0.5 - 0.5 cos(2 pi n / window)`, and transformed; the squared magnitudes are
 * summed with the weights of each band. The numbers are those of librosa (McFee et al. 2015, `feature.melspectrogram`),
 * computed in f64 and rounded to f32 at the end; the bits are the same on every machine.
 *
 * Throws a TensorError about a sample that is not finite, a sound that is shorter than a frame (with `center: false`),
 * and a band without a frequency, of which librosa only warns.
 */
export function melSpectrogram(samples: ArrayLike<number>, options: MelOptions): ArrayTensor {
  checkOptions("melSpectrogram", options, melOptions, melAliases);
  const complete = completeMel("melSpectrogram", options);
  const frames = melFrames("melSpectrogram", complete)(samples);
  return tensor(Float32Array.from(frames), [frames.length / complete.bands, complete.bands]);
}

/** Makes a function of samples. Its result is f64, frame after frame, with a number for each band. */
export function melFrames(
  operation: string,
  options: CompleteMelOptions,
): (samples: ArrayLike<number>) => Float64Array {
  const { size, window, hop, center, power, bands } = options;
  const filters = melFilters(options);
  const empty = filters.findIndex(({ weights }) => weights.length === 0);
  if (empty >= 0)
    throw new TensorError(
      `${operation}: band ${empty} of ${bands} is so narrow that no frequency of the spectrum lies in it; take fewer bands or a larger size than ${size}`,
    );
  const hann = Float64Array.from({ length: window }, (_, n) => 0.5 - 0.5 * cosF64((2 * Math.PI * n) / window));
  const before = Math.floor((size - window) / 2);
  const spectrumOf = powerSpectrum(size);
  return (samples) => {
    checkSamples(operation, samples);
    const count = framesOf(samples.length, options);
    if (count === 0)
      throw new TensorError(
        `${operation}: ${samples.length} samples are fewer than a frame of ${size}; pad them with zeros, or set center: true`,
      );
    const found = new Float64Array(count * bands);
    const frame = new Float64Array(size);
    for (let t = 0; t < count; t++) {
      const start = t * hop + before - (center ? size / 2 : 0);
      hann.forEach((weight, n) => (frame[before + n] = weight * (samples[start + n] ?? 0)));
      const spectrum = spectrumOf(frame);
      if (power === 1) spectrum.forEach((squared, k) => (spectrum[k] = Math.sqrt(squared)));
      filters.forEach(({ first, weights }, band) => {
        let sum = 0;
        weights.forEach((weight, i) => (sum += weight * (spectrum[first + i] ?? 0)));
        found[t * bands + band] = sum;
      });
    }
    return found;
  };
}

function checkSamples(operation: string, samples: ArrayLike<number>): void {
  if (typeof samples !== "object" || samples === null || typeof samples.length !== "number")
    throw new TensorError(`${operation}: expected samples, a Float32Array or a list of numbers, got ${shown(samples)}`);
  for (let n = 0; n < samples.length; n++)
    if (!Number.isFinite(samples[n]))
      throw new TensorError(`${operation}: sample ${n} is ${shown(samples[n])}, expected a finite number`);
}
