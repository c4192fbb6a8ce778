import type { Asked } from "./asked.ts";
import type { PlannedTrial } from "./plan.ts";
import type { Tuning } from "./tuning/tuning.ts";
import type { AnchorOfRun, Metric } from "./study.ts";

/** What was requested and planned. With the trials in a store, this is enough for the report. */
export interface Manifest {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly notes?: string;
  readonly stepLabel: string;
  readonly budget: string;
  /** The budget's note. */
  readonly budgetNotes?: string;
  /** Path of the study's module, to run it again; `null` for a study that did not come from a file. */
  readonly module: string | null;
  readonly command: string;
  /** What was asked of the study, if not all of it as it is. */
  readonly asked?: Asked;
  /** For a sweep: what it tunes. Its tuning trials are among `trials`. */
  readonly tuning?: Tuning;
  /** Settings that the study tunes, if they were not tuned in this run. */
  readonly untuned?: readonly string[];
  readonly code: string;
  /** What the code consists of: a hash for each file and package. Other runs are compared with it. */
  readonly codeParts?: { readonly [name: string]: string };
  /** What the code's identity does not cover. */
  readonly unresolved?: readonly string[];
  readonly data: { readonly [name: string]: string };
  readonly tasks: readonly string[];
  readonly variants: readonly string[];
  readonly metrics: { readonly [metric: string]: Metric };
  readonly anchors: readonly AnchorOfRun[];
  /** The texts of the study's claims. They are part of its code, so they were written before its trials ran. */
  readonly claims?: readonly string[];
  readonly trials: readonly PlannedTrial[];
  /**
   * Whether it was reconstructed from the trials. It is then not known whether higher or lower values of a metric are
   * better.
   */
  readonly remade?: true;
}
