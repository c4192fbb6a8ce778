/** Recurrences whose steps can be put together before the state is known: linear ones, and whatever is associative. */
import type { Tensor, Tree } from "@sluice/tensor";
import type { Cell } from "./cell.ts";
import type { CellContext } from "./context.ts";
import type { Applied, OverTime } from "./over-time.ts";
import type { State } from "./states.ts";

/** What a step, or several steps in a row, do to the state: tensors `[batch, ...]` by name. */
export type Elements<N extends string = string> = Readonly<Record<N, Tensor>>;

/** How steps are put together, and what they make of a state. Pure, and row by row. */
export interface AssociativeSteps<N extends string, S> {
  /** The element that leaves every state as it is: a number for each tensor. */
  readonly identity: Readonly<Record<N, number>>;
  /** The step `first` and then the step `second`, as one. Associative. */
  combine(first: Elements<N>, second: Elements<N>): Elements<N>;
  /** The state after a step. `apply(combine(p, q), s)` is `apply(q, apply(p, s))`. */
  apply(element: Elements<N>, state: S): S;
}

/**
 * A recurrence as a cell offers it: its step is `apply(elements(params, x), state)`, where the elements do not depend
 * on the state. So all elements can be computed at once, and the states of all steps by an associative scan.
 */
export interface Recurrence<P extends Tree = Tree, S extends State = State> extends AssociativeSteps<string, S> {
  /** The elements of all steps, from the inputs of all steps. */
  elements(params: P, x: Tensor, context: CellContext): Elements;
  /** The name of the state that the output is, or a tensor `[batch, features]`; `state` is the new one. */
  output(params: P, state: S, x: Tensor, context: CellContext): string | Tensor;
  /** All steps at once, without a loop. */
  run(params: P, over: OverTime<S>): Applied<S>;
  /** The step that is made of these; a cell with another step no longer has this recurrence. */
  readonly step: object;
}

/** The recurrence of a cell that still has the step that is made of it; undefined once a modifier has replaced that. */
export function recurrenceOf<P extends Tree, S extends State>({
  recurrence,
  step,
}: Cell<P, S>): Recurrence<P, S> | undefined {
  return recurrence?.step === step ? recurrence : undefined;
}
