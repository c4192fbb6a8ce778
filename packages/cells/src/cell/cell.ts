/** What a cell is. */
import { leavesOf, TensorError, type ArrayTensor, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import type { CellContext } from "./context.ts";
import type { Extras, InputSpec } from "./inputs.ts";
import type { BufferSpecs, InitOptions, Specs } from "@sluice/params";
import type { Recurrence } from "./recurrence.ts";
import type { State, States } from "./states.ts";

/** The sizes of a cell: input features and hidden units. */
export interface CellSizes {
  readonly input: number;
  readonly hidden: number;
}

/** What a step returns. */
export interface Stepped<S extends State = State> {
  readonly state: S;
  /**
   * The name of the state that the output is, or a tensor `[batch, features]` of its own. By the name whatever is done
   * to the state, such as zoneout, is done to the output too. A state of a cell within the cell has its path as its
   * name, `inner.h`. {@link outputOf} gives the tensor.
   */
  readonly output: string | Tensor;
  /**
   * What the step saw that the cell's `update` makes new buffers of. A modifier hands it on: `{ ...next, state }`. No
   * gradient flows through it.
   */
  readonly observed?: Tree;
}

/** The output of a step as a tensor. */
export function outputOf({ state, output }: Stepped): Tensor {
  if (typeof output !== "string") return output;
  const leaves = leavesOf(state);
  const named = leaves.find(({ path }) => path === output)?.tensor;
  if (named === undefined)
    throw new TensorError(
      `the output is said to be the state ${output}, but the states are ${leaves.map(({ path }) => path).join(", ") || "none"}`,
    );
  return named;
}

/**
 * A recurrent cell: plain data and a pure step. Modifiers return another cell, `{ ...cell, step }`; layers run it over
 * time. Anything of this form is a cell, whether {@link defineCell} made it or not.
 */
export interface Cell<P extends Tree = Tree, S extends State = State> {
  readonly name: string;
  readonly sizes: CellSizes;
  /**
   * The parameters before they have values; their nesting is that of `init`'s result, and, but for reparametrized
   * weights, that of what `step` is given.
   */
  readonly params: Specs;
  /** The states before they have values; their nesting is that of the state. */
  readonly state: States;
  /** What `x` is for one example and step; default `[sizes.input]`. */
  readonly input?: Shape | InputSpec;
  /** What the step reads besides `x`, for one example and step: elapsed times, masks. */
  readonly extra: Extras;
  /** The buffers before they have values, such as running statistics. Default: none. */
  readonly buffers?: BufferSpecs;
  /**
   * What {@link defineCell} made it from. A cell with another step or other parameters may carry it along, but {@link
   * originOf} tells that it is no longer true.
   */
  readonly origin?: Origin;
  /**
   * The step as an associative recurrence, where it is one. A cell with another step may carry it along, but {@link
   * recurrenceOf} tells that it is no longer true.
   */
  readonly recurrence?: Recurrence<P, S>;
  /** Makes the cell's parameters with its initializers, from a random key. */
  init(key: ArrayTensor, options?: InitOptions): P;
  /**
   * One step: `x` `[batch, input]` (or as `input` says), states `[batch, ...]`. Where weights are reparametrized, it is
   * given the weights, as `weightsOf(cell, params)` makes them. Without a context it evaluates (no dropout, nothing
   * recorded).
   */
  step(params: P, state: S, x: Tensor, context?: CellContext): Stepped<S>;
  /**
   * The buffers after a loop in training: of those before it, and of what all its steps observed, each tensor stacked
   * over time, `[time, ...]`. All steps read the buffers as they were before the loop. Default: they stay as they are.
   */
  update?(buffers: Tree, observed: Tree): Tree;
}

/** What a cell was made from, and the step and parameters that came of it. */
export interface Origin {
  readonly definition: object;
  /** As it was made, with defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly step: object;
  readonly params: Specs;
}

/**
 * The origin of a cell that still has the step and the parameters it was made with; undefined once either has been
 * replaced.
 */
export function originOf<P extends Tree, S extends State>({ origin, step, params }: Cell<P, S>): Origin | undefined {
  return origin?.step === step && origin.params === params ? origin : undefined;
}

/**
 * `cell` with another step that differs from its own in training alone, so that in evaluation it is still what it was
 * made from.
 */
export function withTrainingStep<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  step: Cell<P, S>["step"],
): Cell<P, S> {
  const origin = originOf(cell);
  return origin === undefined ? { ...cell, step } : { ...cell, step, origin: { ...origin, step } };
}
