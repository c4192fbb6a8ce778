import { checkOptions } from "@sluice/tensor/internal";
import type { Extras } from "../cell/inputs.ts";
import type { States } from "../cell/states.ts";
import { partAliases, parts } from "./check-definition.ts";
import type { CellDefinition, CellFactory, NamedBuffers, NamedSpecs } from "./definition.ts";
import { factoryOf, type Factory } from "./factory.ts";
import type { Inner } from "./inner-cells.ts";
import type { AnyDefinition } from "./made.ts";

/**
 * Defines a cell by its equations. The result makes cells: `janet({ input: 28, hidden: 128, norm: layerNorm() })`.
 * Making one runs the step once on symbols. This finds wrong shapes at once, with the cell and the traced gate in the
 * message, and records the places of `norm`.
 *
 * A cell whose step is linear in the state is better defined by {@link defineAssociativeCell}.
 */
export function defineCell<
  D extends NamedSpecs,
  S extends States,
  O extends object = Record<never, never>,
  E extends Extras = Record<never, never>,
  C extends Inner = Record<never, never>,
  I extends boolean = false,
  F extends NamedBuffers = Record<never, never>,
>(definition: CellDefinition<D, S, O, E, C, I, F>): CellFactory<D, S, O, C, I>;
export function defineCell(definition: AnyDefinition): Factory {
  checkOptions("defineCell", definition, [...parts, "cells", "buffers", "stepIndex", "step", "update"], {
    ...partAliases,
    inner: "cells",
    buffer: "buffers",
  });
  return factoryOf("defineCell", definition);
}
