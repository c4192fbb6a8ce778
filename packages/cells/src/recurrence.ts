/** Recurrences whose steps can be combined before the state is known: linear and other associative ones. */
import { add, mul, sub, type Tensor, type Tree } from "@sluice/tensor";
import type { Cell, CellContext } from "./cell.ts";
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
  /** The elements of all steps, from the inputs of all steps. */
  elements(params: P, x: Tensor, context: CellContext): Elements;
  /** The output: the name of a state, or a tensor `[batch, features]`. `state` is the new state. */
  output(params: P, state: S, x: Tensor, context: CellContext): string | Tensor;
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

/** h_t = a_t h_{t-1} + b_t, element by element, for the state of this name. Elements: a and b, shaped as the state. */
export function linearRecurrence<K extends string>(
  state: K,
): AssociativeSteps<"a" | "b", { readonly [N in K]: Tensor }> {
  return {
    identity: { a: 1, b: 0 },
    combine: (first, second) => ({ a: mul(first.a, second.a), b: add(mul(second.a, first.b), second.b) }),
    apply: ({ a, b }, before) => named(state, add(mul(a, before[state]), b)),
  };
}

/**
 * h_t = a_t h_{t-1} + b_t, element by element in complex numbers, as in the linear recurrent unit (Orvieto et al. 2023,
 * arXiv:2303.06349) and S5: `real` and `imaginary` name the two states. Elements: the parts of a and b.
 */
export function complexRecurrence<R extends string, I extends string>(
  real: R,
  imaginary: I,
): AssociativeSteps<"aReal" | "aImaginary" | "bReal" | "bImaginary", { readonly [N in R | I]: Tensor }> {
  type Complex = readonly [real: Tensor, imaginary: Tensor];
  const product = ([a, b]: Complex, [c, d]: Complex): Complex => [sub(mul(a, c), mul(b, d)), add(mul(a, d), mul(b, c))];
  return {
    identity: { aReal: 1, aImaginary: 0, bReal: 0, bImaginary: 0 },
    combine(first, second) {
      const a: Complex = [second.aReal, second.aImaginary];
      const [aReal, aImaginary] = product([first.aReal, first.aImaginary], a);
      const [bReal, bImaginary] = product(a, [first.bReal, first.bImaginary]);
      return { aReal, aImaginary, bReal: add(bReal, second.bReal), bImaginary: add(bImaginary, second.bImaginary) };
    },
    apply({ aReal, aImaginary, bReal, bImaginary }, before) {
      const [nextReal, nextImaginary] = product([aReal, aImaginary], [before[real], before[imaginary]]);
      return { ...named(real, add(nextReal, bReal)), ...named(imaginary, add(nextImaginary, bImaginary)) };
    },
  };
}

function named<K extends string>(name: K, value: Tensor): { readonly [N in K]: Tensor };
function named(name: string, value: Tensor): Readonly<Record<string, Tensor>> {
  return { [name]: value };
}
