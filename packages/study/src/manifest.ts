import type { PlannedTrial } from "./plan.ts";
import type { Anchor, Metric } from "./study.ts";

/** What was asked and what was planned; enough, with the trials that a store holds, for the report. */
export interface Manifest {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly notes?: string;
  readonly stepLabel: string;
  readonly budget: string;
  /** What the budget says of itself. */
  readonly budgetNotes?: string;
  /** Path of the study's module, for running it again; `null` of a study that came from no file. */
  readonly module: string | null;
  readonly command: string;
  readonly code: string;
  /** What the code's identity does not cover. */
  readonly unresolved?: readonly string[];
  readonly data: { readonly [name: string]: string };
  readonly tasks: readonly string[];
  readonly variants: readonly string[];
  readonly metrics: { readonly [metric: string]: Metric };
  readonly anchors: readonly Anchor[];
  readonly trials: readonly PlannedTrial[];
  /** Made from the trials, without the manifest: which way each metric is better is then not known. */
  readonly remade?: true;
}
