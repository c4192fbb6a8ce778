/** What a cell is written as, and how a user makes one of it. */
import type { Normalizer } from "@sluice/norm";
import type { Shape, Tensor, Tree } from "@sluice/tensor";
import type { Cell, CellSizes, Keys } from "./cell.ts";
import type { BufferSpec, Constraint, Initializer, ParamsOf, Regularizer, Specs, WeightTensors } from "@sluice/params";
import type { InnerCell, Inner } from "./inner-cells.ts";
import type { Extras, InputSpec } from "./inputs.ts";
import type { DropoutMasks } from "./modifiers/variational-dropout.ts";
import type { Norm } from "./normalize.ts";
import type { Multiply } from "./products.ts";
import type { AssociativeSteps, Elements } from "./recurrence.ts";
import type { State, StateOf, StatePath, States } from "./states.ts";

/** Parameters of a definition by name, each a spec or a tree of them. */
export type NamedSpecs = { readonly [name: string]: Specs };

/** Buffers of a definition by name. */
export type NamedBuffers = { readonly [name: string]: BufferSpec };

type Flat<T> = { readonly [K in keyof T]: T[K] };

/** A definition's parameters, and those of its inner cells under their names. */
type DefinedParams<D, C> = Flat<
  {
    readonly [K in keyof D]: NonNullable<D[K]> extends infer N extends Specs ? ParamsOf<N> : never;
  } & { readonly [K in keyof C]: C[K] extends Cell<infer P> ? P : never }
>;

/** What a definition's step is given of them: of a reparametrized spec the weight. */
type DefinedWeights<D, C> = Flat<
  {
    readonly [K in keyof D]: NonNullable<D[K]> extends infer N extends Specs ? WeightTensors<N> : never;
  } & { readonly [K in keyof C]: C[K] extends Cell<infer P> ? P : never }
>;

/** The states that a step takes and returns: a definition's, and those of its inner cells under their names. */
type StepState<S, C> = Flat<
  { readonly [K in keyof S]: StateOf<S[K]> } & {
    readonly [K in keyof C]: C[K] extends { step(...args: never): { readonly state: infer T } } ? T : never;
  }
>;

type Asked<I, T> = I extends true ? T : unknown;

/** All the states of a cell: those that its step returns and, where it asks for that, the step index. */
type DefinedState<S, C, I> = Flat<StepState<S, C> & Asked<I, { readonly stepIndex: Tensor }>>;

/** The cells that a definition makes. */
type DefinedCell<D, S, C, I> =
  DefinedParams<D, C> extends infer P extends Tree
    ? DefinedState<S, C, I> extends infer T extends State
      ? Cell<P, T>
      : never
    : never;

/** What a definition's step is given besides parameters, state and input. */
export interface StepContext<
  E = Readonly<Record<string, Tensor>>,
  C = Readonly<Record<never, never>>,
  F = Readonly<Record<string, Tensor>>,
> {
  /**
   * The sum of terms, normalized as the user of the cell chose: `norm("gates", [input("gates", x, W),
   * recurrent("gates", h, U), b])`; `norm("cell", c)`.
   */
  readonly norm: Norm;
  /**
   * Gives a value a name, under which it can be read over time: `trace("forget", sigmoid(s))`. Of a function, an error
   * inside names the cell and this place: `trace("forget", () => sigmoid(s))`.
   */
  readonly trace: (name: string, value: Tensor | (() => Tensor)) => Tensor;
  /**
   * A product of a new input with weights, `x W`: `input("gates", x, W)`. The cell's user may drop inputs out there, or
   * do something to the weights there. The name is that of its place, as for `norm`.
   */
  readonly input: Multiply;
  /**
   * A product of what the cell remembers with weights, `h U`: `recurrent("gates", h, U)`. Recurrent dropout acts there,
   * and whatever is done to recurrent weights.
   */
  readonly recurrent: Multiply;
  readonly training: boolean;
  readonly keys: Keys;
  /** What the step reads besides `x`, as declared. */
  readonly extra: E;
  /** The cell's own buffers, as they were before the loop. */
  readonly buffers: F;
  /**
   * bool `[batch]`: the rows that have a step now: neither masked nor beyond their length. Undefined where all have one.
   * A step that mixes rows must ask for it, and take nothing from other rows; one that does not ask is taken to work row
   * by row.
   */
  readonly active: () => Tensor | undefined;
  /** The inner cells: `const { state, output } = cells.inner(x)` makes one step of one. */
  readonly cells: { readonly [K in keyof C]: InnerCell<C[K]> };
}

/** What every definition has. */
interface DefinitionParts<D extends NamedSpecs, S extends States, O extends object, E extends Extras> {
  readonly name: string;
  /** The cell's own options with their defaults; they reach `params` and, merged into the context, `step`. */
  readonly options?: O;
  /** What `x` is for one example and step; default `[input]`. */
  readonly input?: (sizes: CellSizes) => Shape | InputSpec;
  /** What the step reads besides `x`: shapes for one example and step, or `{ shape, dtype }`. */
  readonly extra?: (sizes: CellSizes) => E;
  /** Specs by name, nested where that reads better: `{ W: kernel([2, 3]), mlp: [{ W: ..., b: ... }, ...] }`. */
  readonly params: (sizes: CellSizes, options: O) => D;
  /** Shapes of the states of one example, or `{ shape, dtype, initial }`. */
  readonly state: (sizes: CellSizes, options: O) => S;
}

/** The argument of {@link defineCell}: name, options, parameters, states and step. */
export interface CellDefinition<
  D extends NamedSpecs,
  S extends States,
  O extends object,
  E extends Extras,
  C extends Inner,
  I extends boolean,
  F extends NamedBuffers,
> extends DefinitionParts<D, S, O, E> {
  /**
   * Cells within the cell. Their parameters, states and extra inputs become its own, each under the cell's name:
   * `inner.W`. The user's normalizer is for them only where this hands it on.
   */
  readonly cells?: (sizes: CellSizes, options: O, given: { readonly norm: Normalizer | undefined }) => C;
  /**
   * The cell's buffers by name: numbers that training changes without a gradient, such as running statistics. A step
   * reads them as they were before the loop, and returns what it saw as `observed`; `update` makes the new ones.
   */
  readonly buffers?: (sizes: CellSizes, options: O) => F;
  /**
   * Whether the context has `stepIndex`, i32 `[batch]`: how many steps the row has taken before this one. It is a state
   * of the cell, so one rule holds: what leaves the state alone leaves it alone. A masked step and steps beyond the
   * length do not count, a reset starts it anew, and carried states, streams and windows go on counting. Default false.
   */
  readonly stepIndex?: I;
  /**
   * The equations. Pure; `x` `[batch, input]`, states `[batch, ...]`; the output is the name of a state, `output: "h"`,
   * or a tensor `[batch, features]` of its own.
   */
  readonly step: (
    params: DefinedWeights<NoInfer<D>, NoInfer<C>>,
    state: StepState<NoInfer<S>, NoInfer<C>>,
    x: Tensor,
    context: StepContext<{ readonly [K in keyof E]: Tensor }, C, { readonly [K in keyof F]: Tensor }> &
      O &
      Asked<I, { readonly stepIndex: Tensor }>,
  ) => {
    readonly state: StepState<NoInfer<S>, NoInfer<C>>;
    readonly output: StatePath<StepState<NoInfer<S>, NoInfer<C>>> | Tensor;
    /** What `update` is given of this step, where there are buffers. */
    readonly observed?: Readonly<Record<string, Tensor>>;
  };
  /**
   * The buffers after a loop in training: of those before it, and of what its steps observed, each tensor stacked over
   * time, `[time, ...]`. Default: they stay as they are.
   */
  readonly update?: (
    buffers: { readonly [K in keyof F]: Tensor },
    observed: Readonly<Record<string, Tensor>>,
    options: O,
  ) => { readonly [K in keyof F]: Tensor };
}

type RecurrenceContext<O, E> = Omit<
  StepContext<{ readonly [K in keyof E]: Tensor }>,
  "recurrent" | "cells" | "buffers" | "active"
> &
  O;

/** What {@link defineAssociativeCell} makes cells of. */
export interface AssociativeCellDefinition<
  D extends NamedSpecs,
  S extends States,
  O extends object,
  E extends Extras,
  N extends string,
> extends DefinitionParts<D, S, O, E> {
  /** How steps are put together, and what they make of the state: `linearRecurrence("h")`. */
  readonly recurrence: AssociativeSteps<N, StepState<NoInfer<S>, Record<never, never>>>;
  /** The equations, of the input alone: what the step does to any state. `x` is `[batch, input]`. */
  readonly elements: (
    params: DefinedParams<NoInfer<D>, Record<never, never>>,
    x: Tensor,
    context: RecurrenceContext<O, E>,
  ) => Elements<NoInfer<N>>;
  /**
   * The name of the state that the output is, or a tensor `[batch, features]` made from the new state. Default: the
   * state, where there is one.
   */
  readonly output?: (
    params: DefinedParams<NoInfer<D>, Record<never, never>>,
    state: StepState<NoInfer<S>, Record<never, never>>,
    x: Tensor,
    context: RecurrenceContext<O, E>,
  ) => StatePath<StepState<NoInfer<S>, Record<never, never>>> | Tensor;
}

/**
 * Options of every cell; the names that differ from Keras's are `hidden` (units) and the spelling of Initializer and
 * Regularizer.
 */
export interface CellOptions extends CellSizes {
  /** Normalizes the sums of products in the step. Default: none. */
  readonly norm?: Normalizer | undefined;
  /** Instead of the definition's, for all parameters of the role, nested ones and those of inner cells included. */
  readonly kernelInitializer?: Initializer;
  /** Initializes recurrent weights, instead of the definition's initializers. */
  readonly recurrentInitializer?: Initializer;
  /** Initializes biases, instead of the definition's initializers. */
  readonly biasInitializer?: Initializer;
  /** Penalizes input weights. */
  readonly kernelRegularizer?: Regularizer;
  /** Penalizes recurrent weights. */
  readonly recurrentRegularizer?: Regularizer;
  /** Penalizes biases. */
  readonly biasRegularizer?: Regularizer;
  /** Applied after each update of a training step that constrains: `constrain` of `@sluice/params`. */
  readonly kernelConstraint?: Constraint;
  /** Applied to recurrent weights after each update. Default: none. */
  readonly recurrentConstraint?: Constraint;
  /** Applied to biases after each update. Default: none. */
  readonly biasConstraint?: Constraint;
  /** Rate of dropout of the input, one mask for the whole sequence: {@link variationalDropout}. */
  readonly dropout?: number;
  /** Rate of dropout of the state in the recurrent products, one mask for the whole sequence. */
  readonly recurrentDropout?: number;
  /** Whether all gates share a mask (`shared`, the default) or each has its own (`perGate`). */
  readonly dropoutMasks?: DropoutMasks;
}

/** Makes cells of one kind: the result of {@link defineCell}. */
export interface CellFactory<
  D extends NamedSpecs,
  S extends States,
  O extends object,
  C extends Inner,
  I extends boolean,
> {
  (options: CellOptions & Partial<O>): DefinedCell<D, S, C, I>;
  readonly definition: object;
}
