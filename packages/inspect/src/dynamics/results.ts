/** What the analyses of a cell's dynamics return: plain data, with vectors and matrices of the flattened state. */
import type { ArrayTensor, Shape } from "@sluice/tensor";

/** Where a state of a cell stands in the vector of all its float states. */
export interface StatePart {
  /** The name of the state: `h`, or `inner.h` of a cell within the cell. */
  readonly path: string;
  /** Its shape for one example. */
  readonly shape: Shape;
  /** Its first position in the vector. */
  readonly from: number;
  /** The position after its last one. */
  readonly to: number;
}

/** What {@link lyapunovSpectrum} returns. Exponents are in nats per step. */
export interface LyapunovSpectrum {
  /** f64 `[batch, exponents]`, largest first. NaN for a row whose steps are all left out. */
  readonly exponents: ArrayTensor;
  /**
   * The estimates as the run goes on, in the order of the directions, f64 `[batch, time, exponents]`: those of all steps
   * up to this one. NaN at steps that a row did not take, and during the warm-up.
   */
  readonly running: ArrayTensor;
  /** The number of steps that the exponents of each row are averaged over, i32 `[batch]`. */
  readonly steps: ArrayTensor;
}

/** Eigenvalues of square matrices `[..., n, n]`, each f64 `[..., n]`: the largest modulus first. */
export interface Eigenvalues {
  readonly real: ArrayTensor;
  readonly imaginary: ArrayTensor;
}

/** How the effect of an input fades with the number of steps since, from {@link memoryCurve}. */
export interface MemoryCurve {
  /** The mean over rows of the sensitivity to the input k steps back, f64 `[lags]`. */
  readonly mean: ArrayTensor;
  /** The number of rows that have an input k steps back, i32 `[lags]`. */
  readonly rows: ArrayTensor;
}

/** The decay of a time series' autocorrelation, from {@link autocorrelation}. */
export interface Autocorrelation {
  /** The correlation of values k steps apart, f64 `[lags, units]`. NaN for a unit that does not vary. */
  readonly correlation: ArrayTensor;
  /** The integrated autocorrelation time of each unit, in steps, f64 `[units]`. NaN for a unit that does not vary. */
  readonly time: ArrayTensor;
}

/** A point that a step maps to itself, or nearly so, from {@link fixedPoints}, and the step's linearization there. */
export interface FixedPoint {
  /** The state as one vector, f64 `[n]`; `parts` says which positions belong to which state. */
  readonly state: ArrayTensor;
  /** `|F(s) - s|`, the Euclidean norm: how far one step moves the state. */
  readonly residual: number;
  /** The Jacobian dF/ds at the point, f64 `[n, n]`: entry `[i, j]` is the derivative of new state i by old state j. */
  readonly jacobian: ArrayTensor;
  /** Its eigenvalues, f64 `[n]`, the largest modulus first. */
  readonly eigenvalues: Eigenvalues;
  /** The number of unstable directions: of eigenvalues with a modulus above 1. */
  readonly index: number;
  /** `stable`: index 0. `unstable`: index n. `saddle`: between. */
  readonly stability: "stable" | "saddle" | "unstable";
  /** How many candidates of the search ended at the point. */
  readonly found: number;
}

/** What {@link fixedPoints} returns. */
export interface FixedPoints {
  /** Which positions of a state vector belong to which state. */
  readonly parts: readonly StatePart[];
  /** The fixed points: residual at most `tolerance`. By index, and then by their coordinates. */
  readonly fixed: readonly FixedPoint[];
  /** Slow points: where the search ended with a speed of at most `slow`, but no fixed point. In the same order. */
  readonly slow: readonly FixedPoint[];
  /** Fixed and slow points far from all visited states. In the same order. */
  readonly outliers: readonly FixedPoint[];
  /** How many candidates the search began with. */
  readonly candidates: number;
  /** How many of them ended where the state still moves. */
  readonly unconverged: number;
}
