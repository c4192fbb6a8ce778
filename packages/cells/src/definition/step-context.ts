/** What a definition's step is given besides parameters, state and input. */
import type { Tensor } from "@sluice/tensor";
import type { CellSizes } from "../cell/cell.ts";
import type { Keys } from "../cell/context.ts";
import type { InnerCell } from "./inner-cells.ts";
import type { Norm } from "./normalize.ts";
import type { Multiply } from "./products.ts";

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
   * bool `[batch]`: the rows that have a step now: neither masked nor beyond their length. Undefined where all have one.
   * A step that mixes rows must ask for it, and take nothing from other rows; one that does not ask is taken to work row
   * by row.
   */
  readonly active: () => Tensor | undefined;
  /** The inner cells: `const { state, output } = cells.inner(x)` makes one step of one. */
  readonly cells: { readonly [K in keyof C]: InnerCell<C[K]> };
}

/** The names that a definition's own options may not have, since the context or every cell has them. */
export const contextNames: readonly string[] = [
  "sizes",
  "trace",
  "recurrent",
  "training",
  "keys",
  "extra",
  "buffers",
  "active",
  "cells",
  "stepIndex",
];
