import type { Case } from "./cases.ts";
import type { Clock } from "./clock.ts";
import type { EventsCase } from "./events.ts";
import type { BatchesCase } from "./ragged.ts";

/**
 * Each contender is a process that lives as long as the run. It reads commands from standard input and writes answers
 * to standard output, one JSON object per line. So the contenders of a case can be timed in turns, and no two share
 * memory, threads or a garbage collector.
 */
export type Command =
  /** Asks for name and version. */
  | { readonly op: "about" }
  /** Prepares a case under a name; the data are in a safetensors file. */
  | { readonly op: "prepare"; readonly slot: string; readonly case: AnyCase; readonly data: string }
  /** Runs a freshly prepared case and writes its results (see `Results` in agreement.ts). */
  | { readonly op: "results"; readonly slot: string; readonly path: string }
  /** Runs for at least this many milliseconds, and at least twice. */
  | { readonly op: "warm"; readonly slot: string; readonly milliseconds: number }
  /** Runs untimed for at least `leadIn` milliseconds (0: not at all); then runs and times this many times. */
  | {
      readonly op: "sample";
      readonly slot: string;
      readonly leadIn: number;
      readonly runs: number;
      readonly clock: Clock;
    }
  /** Runs this many times under the profiler and returns the self time of each function, in milliseconds per run. */
  | { readonly op: "profile"; readonly slot: string; readonly runs: number }
  | { readonly op: "drop"; readonly slot: string };

export type AnyCase = Case | BatchesCase | EventsCase | PeakCase | CellCase;

/** Forward and backward of another library's cell, under its own name; `x` `[batch, time, input]` is in the data. */
interface CellCase {
  readonly kind: "cell";
  readonly cell: string;
  readonly input: number;
  readonly hidden: number;
}

/** The contender's own large matrix product, for the peak: `size` x `size` matrices, this many times in a row. */
export interface PeakCase {
  readonly kind: "peak";
  readonly size: number;
  readonly products: number;
}

export type Answer =
  | { readonly about: string; readonly warning?: string }
  /** Milliseconds per run. */
  | { readonly ms: number }
  | { readonly functions: Readonly<Record<string, number>> }
  | { readonly done: true }
  /** The case is ready; with the compile time if the contender compiles, and the memory that it plans to use. */
  | { readonly prepared: true; readonly compileMilliseconds?: number; readonly plannedBytes?: number }
  | { readonly error: string };
