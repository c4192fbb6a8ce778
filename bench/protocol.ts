import type { Case } from "./cases.ts";
import type { Clock } from "./clock.ts";

/**
 * A contender is a process of its own that lives as long as the run: commands in on standard input, answers out on
 * standard output, one JSON object a line. That way the contenders of a case can be timed in turns, and none of them
 * shares memory, threads or a garbage collector with another.
 */
export type Command =
  /** Who are you. */
  | { readonly op: "about" }
  /** Makes a case ready under a name; data are read from a safetensors file. */
  | { readonly op: "prepare"; readonly slot: string; readonly case: Case | PeakCase; readonly data: string }
  /** Runs the freshly prepared case for its results (see `Results` in agreement.ts) and writes them. */
  | { readonly op: "results"; readonly slot: string; readonly path: string }
  /** Runs for at least so many milliseconds, and twice. */
  | { readonly op: "warm"; readonly slot: string; readonly milliseconds: number }
  /** Runs untimed for at least `leadIn` milliseconds, and once, and then timed so many times. */
  | {
      readonly op: "sample";
      readonly slot: string;
      readonly leadIn: number;
      readonly runs: number;
      readonly clock: Clock;
    }
  /** Runs so many times under the profiler: self time of each function, in milliseconds a run. */
  | { readonly op: "profile"; readonly slot: string; readonly runs: number }
  | { readonly op: "drop"; readonly slot: string };

/** The contender's own large matrix product, for the peak: `size` cubed, so many times in a row. */
export interface PeakCase {
  readonly kind: "peak";
  readonly size: number;
  readonly products: number;
}

export type Answer =
  | { readonly about: string; readonly warning?: string }
  /** Milliseconds a run. */
  | { readonly ms: number }
  | { readonly functions: Readonly<Record<string, number>> }
  | { readonly done: true }
  /** Made ready; what compiling took, of a contender that compiles. */
  | { readonly prepared: true; readonly compileMilliseconds?: number }
  | { readonly error: string };
