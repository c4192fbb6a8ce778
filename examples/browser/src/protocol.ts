import type { Settings } from "./settings.ts";
import type { Evaluation } from "./training.ts";

/**
 * Messages from the page to the worker that trains. The page sends one at a time; the worker answers each with a {@link
 * Reply}.
 */
export type Request =
  | {
      readonly kind: "start";
      readonly settings: Settings;
      readonly target: ExecutionTarget;
      readonly saved?: Uint8Array;
    }
  /** Trains for a moment (some steps), but not beyond the next held-out evaluation or the end of the run. */
  | { readonly kind: "train" }
  | { readonly kind: "save" };

/** The backend to run on, and how many threads it uses. */
export interface ExecutionTarget {
  readonly backend: string;
  readonly threads: number;
}

export type Reply = Progress | { readonly error: string };

/** What has happened since the last reply. */
export interface Progress {
  readonly error?: undefined;
  /** Steps done so far, in total. */
  readonly step: number;
  readonly losses: readonly number[];
  /** Time that the steps of this reply took. */
  readonly milliseconds: number;
  /** After `step` steps. */
  readonly evaluation?: Evaluation;
  /** State after `step` steps, from which training can continue. */
  readonly saved?: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the weights after `step` steps. */
  readonly hash?: string;
}
