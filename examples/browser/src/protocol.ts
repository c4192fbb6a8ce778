import type { Settings } from "./settings.ts";
import type { Evaluation } from "./training.ts";

/** What the page asks of the worker that trains, one at a time; each is answered by a {@link Reply}. */
export type Request =
  | { readonly kind: "start"; readonly settings: Settings; readonly place: Place; readonly saved?: Uint8Array }
  /** Some steps: as many as fit into a moment, but none beyond the next held-out evaluation or the end. */
  | { readonly kind: "train" }
  | { readonly kind: "save" };

/** Where it runs: a backend by name. */
export interface Place {
  readonly backend: string;
  readonly threads: number;
}

export type Reply = Progress | { readonly error: string };

/** What has happened since the last reply. */
export interface Progress {
  readonly error?: undefined;
  /** Steps made in all. */
  readonly step: number;
  readonly losses: readonly number[];
  /** Time that these steps took. */
  readonly milliseconds: number;
  /** After `step` steps. */
  readonly evaluation?: Evaluation;
  /** State after `step` steps, to go on from. */
  readonly saved?: Uint8Array<ArrayBuffer>;
  /** SHA-256 over the weights after `step` steps. */
  readonly hash?: string;
}
