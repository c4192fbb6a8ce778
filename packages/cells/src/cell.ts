import type { ArrayTensor, Shape, Tensor, Tree } from "@sluice/tensor";
import { TensorError } from "@sluice/tensor";
import type { InitOptions, Specs } from "./parameter.ts";

/** The states of a cell by name, each `[batch, ...]`. */
export type State = { readonly [name: string]: Tensor };

export interface CellSizes {
  readonly input: number;
  readonly hidden: number;
}

/**
 * A recurrent cell: plain data and a pure step. Modifiers return another cell, `{ ...cell, step }`; layers run it over time. Anything of this form is a cell,
 * whether {@link defineCell} made it or not.
 */
export interface Cell<P extends Tree = Tree, S extends State = State> {
  readonly name: string;
  readonly sizes: CellSizes;
  /** The parameters before they have values; their nesting is that of `init`'s result. */
  readonly params: Specs;
  /** Shapes of the states of one example. */
  readonly state: { readonly [K in keyof S]: Shape };
  /** Shapes, for one example and step, of what the step reads besides `x`: elapsed times, masks. */
  readonly extra: Readonly<Record<string, Shape>>;
  /** The definition it was made from and the options it was made with, defaults filled in; modifiers keep them. */
  readonly origin: { readonly definition: object; readonly options: Readonly<Record<string, unknown>> };
  init(key: ArrayTensor, options?: InitOptions): P;
  /** One step: `x` `[batch, input]`, states `[batch, ...]`; the output is `[batch, features]`. Without a context it evaluates (no dropout, nothing recorded). */
  step(params: P, state: S, x: Tensor, context?: CellContext): { readonly state: S; readonly output: Tensor };
}

/** What a layer gives the cells it runs. A modifier may pass on a changed one. */
export interface CellContext {
  readonly training: boolean;
  /** Called with everything the step traces. */
  readonly trace: (name: string, value: Tensor) => void;
  /** The state as the recurrent products see it. */
  readonly recurrent: (state: Tensor) => Tensor;
  readonly keys: Keys;
  readonly extra: Readonly<Record<string, Tensor>>;
}

/** Random keys by name. */
export interface Keys {
  /** The same at all steps of a sequence. */
  sequence(name: string): Tensor;
  /** Another one at each step. */
  step(name: string): Tensor;
}

/** Evaluation: no randomness, nothing recorded. */
export const evaluation: CellContext = {
  training: false,
  trace: () => {},
  recurrent: (state) => state,
  keys: { sequence: needsKey, step: needsKey },
  extra: {},
};

function needsKey(name: string): never {
  throw new TensorError(`${name}: training with randomness needs a key; pass { training: true, key: key(seed) }`);
}
