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
   * The output: the name of a state, or a separate tensor `[batch, features]`. With a name, a modifier of the state,
   * such as zoneout, changes the output too. A state of an inner cell is named by its path, `inner.h`. {@link outputOf}
   * gives the tensor.
   */
  readonly output: string | Tensor;
  /**
   * What the step observed, from which the cell's `update` computes new buffers. A modifier must pass it on:
   * `{ ...next, state }`. No gradient flows through it.
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
      `the output names the state ${output}, but the states are ${leaves.map(({ path }) => path).join(", ") || "none"}`,
    );
  return named;
}

/**
 * A recurrent cell: plain data and a pure step. Modifiers return another cell, `{ ...cell, step }`; layers run it over
 * time. Any object of this form is a cell, even if {@link defineCell} did not make it.
 */
export interface Cell<P extends Tree = Tree, S extends State = State> {
  readonly name: string;
  readonly sizes: CellSizes;
  /**
   * The specs of the parameters, nested like the result of `init`. The parameters of `step` have the same nesting,
   * except that it gets a tensor for each reparametrized weight.
   */
  readonly params: Specs;
  /** The specs of the states, nested like the state. */
  readonly state: States;
  /** Shape and dtype of `x` for one example and step; default `[sizes.input]`. */
  readonly input?: Shape | InputSpec;
  /** What the step reads besides `x`, for one example and step: elapsed times, masks. */
  readonly extra: Extras;
  /** The specs of the buffers, such as running statistics. Default: none. */
  readonly buffers?: BufferSpecs;
  /**
   * What {@link defineCell} made the cell from. A copy with another step or other parameters may carry it along;
   * {@link originOf} then returns undefined.
   */
  readonly origin?: Origin;
  /**
   * The step as an associative recurrence, if it is one. A copy with another step may carry it along;
   * {@link recurrenceOf} then returns undefined.
   */
  readonly recurrence?: Recurrence<P, S>;
  /** Makes the cell's parameters with its initializers, from a random key. */
  init(key: ArrayTensor, options?: InitOptions): P;
  /**
   * One step: `x` `[batch, input]` (or as `input` says), states `[batch, ...]`. For reparametrized weights pass the
   * weights themselves, from `weightsOf(cell, params)`. Without a context the step evaluates (no dropout, nothing
   * recorded).
   */
  step(params: P, state: S, x: Tensor, context?: CellContext): Stepped<S>;
  /**
   * Computes the buffers after a training loop from the buffers before it and what its steps observed, each tensor
   * stacked over time, `[time, ...]`. All steps read the buffers from before the loop. Default: the buffers do not
   * change.
   */
  update?(buffers: Tree, observed: Tree): Tree;
}

/** What a cell was made from, and the step and parameters of that cell. */
export interface Origin {
  readonly definition: object;
  /** The options, with defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly step: object;
  readonly params: Specs;
}

/** The origin of a cell that still has its original step and parameters; undefined if either has been replaced. */
export function originOf<P extends Tree, S extends State>({ origin, step, params }: Cell<P, S>): Origin | undefined {
  return origin?.step === step && origin.params === params ? origin : undefined;
}

/**
 * `cell` with another step that differs only in training. In evaluation the cell still computes what it was made from,
 * so it keeps its origin.
 */
export function withTrainingStep<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  step: Cell<P, S>["step"],
): Cell<P, S> {
  const origin = originOf(cell);
  return origin === undefined ? { ...cell, step } : { ...cell, step, origin: { ...origin, step } };
}
