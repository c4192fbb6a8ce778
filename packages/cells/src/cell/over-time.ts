/** A cell run over time: what it is run over, and what comes of it. */
import type { DType, Tensor, Tree } from "@sluice/tensor";
import type { Intervene } from "./intervene.ts";
import type { State } from "./states.ts";

/** The name among the traces of the state at `path`. */
export const traceOfState = (path: string): string => `state.${path}`;

/**
 * What a cell is run over: the arguments of `apply`, checked. Sequences and flags are time first, `[time, batch, ...]`,
 * and zero at the steps that are not to be looked at.
 */
export interface OverTime<S extends State = State> {
  /** The number of rows. */
  readonly batch: number;
  /** The number of steps. */
  readonly time: number;
  /** The width of the output. */
  readonly features: number;
  /** The dtype of the floats. */
  readonly float: DType;
  /** Which outputs are wanted: those of all steps, or each row's last one. */
  readonly outputs: "all" | "last";
  /** Whether the last step is the first to be taken. */
  readonly reverse: boolean;
  /** Whether this is training. */
  readonly training: boolean;
  /** The cell's buffers. */
  readonly buffers: Tree;
  /** The random key, where one is given. */
  readonly key: Tensor | undefined;
  /** The state before the first step. */
  readonly start: S;
  /** The state that resets go back to. */
  readonly resetState: S;
  /** i32 `[batch]`: the steps of each row; undefined where every row has all. */
  readonly lengths: Tensor | undefined;
  /** bool `[time, batch]`: the steps that are not masked; undefined where none is. */
  readonly mask: Tensor | undefined;
  /** bool `[time, batch]`: the part of the mask that comes from the lengths; undefined if none does. */
  readonly within: Tensor | undefined;
  /** bool `[time, batch]`: the steps before which the state is set to `resetState`. */
  readonly reset: Tensor | undefined;
  /** The input, `[time, batch, ...]`. */
  readonly x: Tensor;
  /** The extra inputs by name, `[time, batch, ...]`. */
  readonly extra: Readonly<Record<string, Tensor>>;
  /** What is added to new states, `[time, batch, ...]`, by their paths. */
  readonly perturbations: Readonly<Record<string, Tensor>>;
  /** Whether a trace of the step is requested. */
  wanted(trace: string): boolean;
  /** Whether a state is requested as a trace, by its path. */
  wantedState(path: string): boolean;
  /** Changes of traced values and new states. */
  readonly intervene: Intervene | undefined;
  /** The number of steps after which the state is returned as `carry`. */
  readonly carryAfter: number;
  /** Whether masked steps repeat the last output. */
  readonly repeatsMasked: boolean;
  /** The number of steps of a segment, where the loop is cut into some. */
  readonly segment: number | undefined;
}

/** The result of applying a layer. */
export interface Applied<S extends Tree = Tree> {
  /** `[batch, time, features]`, or `[batch, features]` of the last step. */
  readonly output: Tensor;
  /** The state after each row's last step. */
  readonly state: S;
  /** The state after `carryAfter` steps; without that option, the same as `state`. */
  readonly carry: S;
  /** The buffers for the next training step. In evaluation they are returned unchanged. */
  readonly buffers: Tree;
  /**
   * `[batch, time, ...]` by name; within a layer of layers the name starts with the layer's: `0.forget`,
   * `backward.forget`.
   */
  readonly traces: Readonly<Record<string, Tensor>>;
}
