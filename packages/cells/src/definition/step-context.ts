/** What a definition's step gets besides parameters, state and input. */
import type { Tensor } from "@sluice/tensor";
import type { CellSizes } from "../cell/cell.ts";
import type { Keys } from "../cell/context.ts";
import type { InnerCell } from "./inner-cells.ts";
import type { Norm } from "./normalize.ts";
import type { Multiply } from "./products.ts";

/** What a definition's step gets besides parameters, state and input. */
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
   * Names a value so that it can be read over time: `trace("forget", sigmoid(s))`. Given a function, errors inside it
   * name the cell and this place: `trace("forget", () => sigmoid(s))`.
   */
  readonly trace: (name: string, value: Tensor | (() => Tensor)) => Tensor;
  /**
   * Names a value of which nothing in the step is made, such as the time constant that a step amounts to. It can be read
   * over time as a trace. A layer's `intervene` and modifiers of a trace cannot change it.
   */
  readonly observe: (name: string, value: Tensor) => void;
  /**
   * A product of a new input with weights, `x W`: `input("gates", x, W)`. Dropout of inputs and modifiers of input
   * weights act here. The name is the place, as for `norm`.
   */
  readonly input: Multiply;
  /**
   * A product of the state with weights, `h U`: `recurrent("gates", h, U)`. Recurrent dropout and modifiers of
   * recurrent weights act here.
   */
  readonly recurrent: Multiply;
  /** The cell's sizes, `input` features and `hidden` units. */
  readonly sizes: CellSizes;
  /** Whether this is training. */
  readonly training: boolean;
  /** Random keys by name, in training. */
  readonly keys: Keys;
  /** What the step reads besides `x`, as declared. */
  readonly extra: E;
  /** The cell's own buffers, as they were before the loop. */
  readonly buffers: F;
  /**
   * bool `[batch]`: the rows that take this step, neither masked nor beyond their length. Undefined if all do. A step
   * that mixes rows must read it and ignore all other rows; a step that does not read it is assumed to work row by row.
   */
  readonly active: () => Tensor | undefined;
  /** The inner cells: `const { state, output } = cells.inner(x)` runs one step of the cell `inner`. */
  readonly cells: { readonly [K in keyof C]: InnerCell<C[K]> };
}

/** The names that a definition's own options may not have, since the context or every cell has them. */
export const contextNames: readonly string[] = [
  "sizes",
  "trace",
  "observe",
  "recurrent",
  "training",
  "keys",
  "extra",
  "buffers",
  "active",
  "before",
  "cells",
  "elements",
  "past",
  "stepIndex",
];
