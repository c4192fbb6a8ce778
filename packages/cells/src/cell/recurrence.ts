/** Recurrences whose steps can be combined before the state is known: linear and other associative ones. */
import type { Tensor, Tree } from "@sluice/tensor";
import type { Cell } from "./cell.ts";
import type { CellContext } from "./context.ts";
import type { Applied, OverTime } from "./over-time.ts";
import type { State } from "./states.ts";

/** The coefficients of one step, or of several consecutive steps combined: tensors `[batch, ...]` by name. */
export type Elements<N extends string = string> = Readonly<Record<N, Tensor>>;

/** How steps are combined and applied to a state. Pure, and row by row. */
export interface AssociativeSteps<N extends string, S> {
  /** The identity element, which leaves every state unchanged: one number for each tensor. */
  readonly identity: Readonly<Record<N, number>>;
  /** The step `first` and then the step `second`, as one. Associative. */
  combine(first: Elements<N>, second: Elements<N>): Elements<N>;
  /** The state after a step. `apply(combine(p, q), s)` is `apply(q, apply(p, s))`. */
  apply(element: Elements<N>, state: S): S;
}

/**
 * The recurrence of a cell whose step is `apply(elements(params, x), state)`. The elements do not depend on the state,
 * so all elements can be computed at once, and the states of all steps by an associative scan.
 */
export interface Recurrence<P extends Tree = Tree, S extends State = State> extends AssociativeSteps<string, S> {
  /**
   * The elements of all steps, from the inputs of all steps; beside those that are combined, others for the output.
   * `past` are the inputs of the steps before each, for a cell that reads them.
   */
  elements(params: P, x: Tensor, context: CellContext, past?: Tensor): Elements;
  /** The output: the name of a state, or a tensor `[batch, features]`. `state` is the new state. */
  output(
    params: P,
    state: S,
    x: Tensor,
    context: CellContext,
    step: { readonly elements: Elements; readonly before: S },
  ): string | Tensor;
  /** All steps at once, without a loop. */
  run(params: P, over: OverTime<S>): Applied<S>;
  /** The step built from these functions. A cell with another step no longer has this recurrence. */
  readonly step: object;
}

/** The recurrence of a cell that still has its original step; undefined if a modifier has replaced the step. */
export function recurrenceOf<P extends Tree, S extends State>({
  recurrence,
  step,
}: Cell<P, S>): Recurrence<P, S> | undefined {
  return recurrence?.step === step ? recurrence : undefined;
}
