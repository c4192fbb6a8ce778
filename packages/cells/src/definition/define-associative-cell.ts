import { leavesOf, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { partAliases, parts } from "./check-definition.ts";
import type { CellFactory, AssociativeCellDefinition, NamedSpecs } from "./definition.ts";
import type { Extras } from "../cell/inputs.ts";
import { factoryOf, type Factory } from "./factory.ts";
import type { AnyContext, AnyDefinition, Named } from "./made.ts";
import { recurrenceOfMade, type AnyRecurrence } from "./recurrence-of.ts";
import type { State, States } from "../cell/states.ts";

/**
 * Defines a cell by an associative recurrence, such as one that is linear in the state. `elements` computes the
 * coefficients of a step from the input alone, and `recurrence` combines the coefficients of two steps into those of
 * both together. The step is built from these two functions, and `sequence(cell, { scan: "associative" })` runs all
 * steps at once.
 *
 *     const leaky = defineAssociativeCell({
 *       name: "leaky",
 *       params: ({ input, hidden }) => ({ W: kernel([input, 2 * hidden]), b: bias([2 * hidden]) }),
 *       state: ({ hidden }) => ({ h: [hidden] }),
 *       recurrence: linearRecurrence("h"), // h_t = a_t h_{t-1} + b_t
 *       elements({ W, b }, x, { norm, input }) {
 *         const [f, n] = split(norm("gates", [input("gates", x, W), b]), 2);
 *         return { a: sigmoid(f), b: n };
 *       },
 *     });
 */
export function defineAssociativeCell<
  D extends NamedSpecs,
  S extends States,
  N extends string,
  O extends object = Record<never, never>,
  E extends Extras = Record<never, never>,
>(definition: AssociativeCellDefinition<D, S, O, E, N>): CellFactory<D, S, O, Record<never, never>, false>;
export function defineAssociativeCell(definition: AnyAssociativeDefinition): Factory {
  const operation = "defineAssociativeCell";
  checkOptions(operation, definition, [...parts, "recurrence", "elements", "output"], {
    ...partAliases,
    step: "elements",
    cells: "elements",
    stepIndex: "state",
  });
  const { name, recurrence, elements, output, ...rest } = definition;
  const associative: AnyRecurrence = {
    recurrence,
    elements: (params, x, context) => elements(params, x, context),
    output: (params, state, x, context) => output?.(params, state, x, context) ?? onlyState(name, state),
  };
  return factoryOf(operation, {
    ...rest,
    name,
    recurrence: (made) => recurrenceOfMade(made, associative),
    step(params, before, x, context) {
      const state = recurrence.apply(elements(params, x, context), before);
      return { state, output: associative.output(params, state, x, context) };
    },
  });
}

interface AnyAssociativeDefinition
  extends Omit<AnyDefinition, "recurrence" | "step" | "cells" | "stepIndex">, Omit<AnyRecurrence, "output"> {
  output?(params: Named, state: State, x: Tensor, context: AnyContext): string | Tensor;
}

function onlyState(name: string, state: State): string {
  const [first, ...more] = leavesOf(state);
  if (first !== undefined && more.length === 0) return first.path;
  throw new TensorError(
    `defineAssociativeCell: ${name} has ${leavesOf(state).length} states, so it needs an output: the name of a state, or a tensor`,
  );
}
