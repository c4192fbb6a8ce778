import { expF64, logF64 } from "@sluice/tensor/internal";

/**
 * A scale on which equal steps sound equally wide. `slaney` is linear below 1,000 Hz and logarithmic above (Slaney 1998,
 * Auditory Toolbox). `htk` is 2595 log10(1 + f / 700) (the HTK Book).
 */
export type MelScale = "slaney" | "htk";

interface Conversion {
  /** The mel of a frequency in Hz. */
  readonly mel: (hertz: number) => number;
  /** The frequency in Hz of a mel. */
  readonly hertz: (mel: number) => number;
}

/** Slaney's scale: 3 mel are 200 Hz up to 1,000 Hz; beyond, 27 mel multiply a frequency by 6.4. */
const [linearStep, border, borderMel] = [200 / 3, 1000, 15];
const logStep = logF64(6.4) / 27;

const conversions: Readonly<Record<MelScale, Conversion>> = {
  slaney: {
    mel: (hertz) => (hertz < border ? hertz / linearStep : borderMel + logF64(hertz / border) / logStep),
    hertz: (mel) => (mel < borderMel ? mel * linearStep : border * expF64(logStep * (mel - borderMel))),
  },
  htk: {
    mel: (hertz) => (2595 * logF64(1 + hertz / 700)) / Math.LN10,
    hertz: (mel) => 700 * (expF64((mel * Math.LN10) / 2595) - 1),
  },
};

/** How the bands of a mel spectrogram lie. All frequencies are in Hz. */
export interface Bands {
  readonly rate: number;
  readonly size: number;
  readonly bands: number;
  readonly low: number;
  readonly high: number;
  readonly scale: MelScale;
  readonly norm: "slaney" | "none";
}

/** A triangle over the frequencies of a spectrum: the weights of those from number `first` on. */
export interface MelFilter {
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * Triangular filters whose corners are equally far apart on the mel scale, from `low` to `high`. Each rises from the
 * centre of the band before it to 1 at its own centre, and falls to the centre of the band after it. With the norm
 * `slaney` it is divided by half its width in Hz, so that every filter has the same area. A band without a frequency
 * has no weights.
 */
export function melFilters({ rate, size, bands, low, high, scale, norm }: Bands): MelFilter[] {
  const { mel, hertz } = conversions[scale];
  const [from, to] = [mel(low), mel(high)];
  const corners = Array.from({ length: bands + 2 }, (_, i) => hertz(from + ((to - from) * i) / (bands + 1)));
  return Array.from({ length: bands }, (_, band) => {
    const [left = 0, centre = 0, right = 0] = corners.slice(band, band + 3);
    const gain = norm === "slaney" ? 2 / (right - left) : 1;
    const weightOf = (k: number): number => {
      const f = (rate * k) / size;
      return gain * Math.max(0, Math.min((f - left) / (centre - left), (right - f) / (right - centre)));
    };
    const all = Float64Array.from({ length: size / 2 + 1 }, (_, k) => weightOf(k));
    const first = all.findIndex((weight) => weight > 0);
    if (first < 0) return { first: 0, weights: new Float64Array() };
    return { first, weights: all.slice(first, all.findLastIndex((weight) => weight > 0) + 1) };
  });
}
