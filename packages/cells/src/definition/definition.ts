/** What a cell is written as. */
import type { Normalizer } from "@sluice/norm";
import type { BufferSpec, ParamsOf, Specs, WeightTensors } from "@sluice/params";
import type { Shape, Tensor, Tree } from "@sluice/tensor";
import type { Cell, CellSizes } from "../cell/cell.ts";
import type { Extras, InputSpec } from "../cell/inputs.ts";
import type { AssociativeSteps, Elements } from "../cell/recurrence.ts";
import type { State, StateOf, StatePath, States } from "../cell/states.ts";
import type { CellOptions } from "./cell-options.ts";
import type { Inner } from "./inner-cells.ts";
import type { StepContext } from "./step-context.ts";

/** Parameters of a definition by name, each a spec or a tree of specs. */
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

/** The parameters as a definition's step gets them: a tensor for each spec, also for a reparametrized one. */
type DefinedWeights<D, C> = Flat<
  {
    readonly [K in keyof D]: NonNullable<D[K]> extends infer N extends Specs ? WeightTensors<N> : never;
  } & { readonly [K in keyof C]: C[K] extends Cell<infer P> ? P : never }
>;

/** The states before and after a step: those of the definition, and those of each inner cell under its name. */
type StepState<S, C> = Flat<
  { readonly [K in keyof S]: StateOf<S[K]> } & {
    readonly [K in keyof C]: C[K] extends { step(...args: never): { readonly state: infer T } } ? T : never;
  }
>;

type Asked<I, T> = I extends true ? T : unknown;

/** All states of a cell: those that its step returns and, if requested, the step index. */
type DefinedState<S, C, I> = Flat<StepState<S, C> & Asked<I, { readonly stepIndex: Tensor }>>;

/** The type of the cells that a definition makes. */
type DefinedCell<D, S, C, I> =
  DefinedParams<D, C> extends infer P extends Tree
    ? DefinedState<S, C, I> extends infer T extends State
      ? Cell<P, T>
      : never
    : never;

/** What every definition has. */
interface DefinitionParts<D extends NamedSpecs, S extends States, O extends object, E extends Extras> {
  readonly name: string;
  /**
   * The cell's own options with their defaults. They are passed to `params` and, merged into the context, to `step`.
   */
  readonly options?: O;
  /** What `x` is for one example and step; default `[input]`. */
  readonly input?: (sizes: CellSizes) => Shape | InputSpec;
  /** What the step reads besides `x`: shapes for one example and step, or `{ shape, dtype }`. */
  readonly extra?: (sizes: CellSizes) => E;
  /** Specs by name, nested if you like: `{ W: kernel([2, 3]), mlp: [{ W: ..., b: ... }, ...] }`. */
  readonly params: (sizes: CellSizes, options: O) => D;
  /** Shapes of the states of one example, or `{ shape, dtype, initial }`. */
  readonly state: (sizes: CellSizes, options: O) => S;
  /** Why there is nothing to normalize in the step, for the error where the user of the cell gives a normalizer. */
  readonly withoutNorm?: string;
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
   * Cells within the cell. Their parameters, states and extra inputs become its own, each under the inner cell's name:
   * `inner.W`. The user's normalizer reaches them only if this function passes it on.
   */
  readonly cells?: (sizes: CellSizes, options: O, given: { readonly norm: Normalizer | undefined }) => C;
  /**
   * The cell's buffers by name: numbers that training changes without a gradient, such as running statistics. A step
   * reads the values from before the loop and returns what it observed as `observed`; `update` computes the new values.
   */
  readonly buffers?: (sizes: CellSizes, options: O) => F;
  /**
   * Whether the context has `stepIndex`, i32 `[batch]`: how many steps the row has taken before this one. It is a state
   * of the cell and follows the rules of states: masked steps and steps beyond the length do not count, a reset sets it
   * to 0, and carried states, streams and windows continue the count. Default false.
   */
  readonly stepIndex?: I;
  /**
   * The equations. Pure; `x` `[batch, input]`, states `[batch, ...]`; the output is the name of a state, `output: "h"`,
   * or a separate tensor `[batch, features]`.
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
    /** What `update` gets from this step, if there are buffers. */
    readonly observed?: Readonly<Record<string, Tensor>>;
  };
  /**
   * Computes the buffers after a training loop from the buffers before it and what its steps observed, each tensor
   * stacked over time, `[time, ...]`. Default: the buffers do not change.
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

/** The states that the recurrence of an associative cell computes: all but the one that holds earlier inputs. */
type Recurring<S, K extends string> = Omit<StepState<S, Record<never, never>>, K>;

/** The argument of {@link defineAssociativeCell}. */
export interface AssociativeCellDefinition<
  D extends NamedSpecs,
  S extends States,
  O extends object,
  E extends Extras,
  N extends string,
  M extends string,
  K extends string,
> extends DefinitionParts<D, S, O, E> {
  /** How steps are combined and applied to the state: `linearRecurrence("h")`. */
  readonly recurrence: AssociativeSteps<N, Recurring<NoInfer<S>, NoInfer<K>>>;
  /**
   * The name of the state that holds the inputs of the steps before, the earliest first, for a cell whose coefficients
   * read several inputs: `[n * input]` for n of them. `elements` gets it as `past`. The recurrence does not have this
   * state; each step moves its input into it, and a masked step does not. Default: `elements` reads the input alone.
   */
  readonly past?: K;
  /**
   * The equations, of the input alone: they give the coefficients of the step. `x` is `[batch, input]`. What it returns
   * beside the coefficients is for `output`.
   */
  readonly elements: (
    params: DefinedParams<NoInfer<D>, Record<never, never>>,
    x: Tensor,
    context: RecurrenceContext<O, E> & ([K] extends [never] ? unknown : { readonly past: Tensor }),
  ) => Elements<NoInfer<N>> & Elements<M>;
  /**
   * The output: the name of a state, or a tensor `[batch, features]` computed from the new state. The context has the
   * `elements` of the step and the states `before` it. Default: the state, if there is only one.
   */
  readonly output?: (
    params: DefinedParams<NoInfer<D>, Record<never, never>>,
    state: Recurring<NoInfer<S>, NoInfer<K>>,
    x: Tensor,
    context: RecurrenceContext<O, E> & {
      readonly elements: Elements<NoInfer<N> | NoInfer<M>>;
      readonly before: StepState<NoInfer<S>, Record<never, never>>;
    },
  ) => StatePath<StepState<NoInfer<S>, Record<never, never>>> | Tensor;
  /**
   * The same step for the loop, where it takes less work than `recurrence.apply` of the elements. Default: the step
   * that the elements make.
   */
  readonly step?: CellDefinition<D, S, O, E, Record<never, never>, false, Record<never, never>>["step"];
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
