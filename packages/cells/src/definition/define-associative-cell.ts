import { leavesOf, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { partAliases, parts } from "./check-definition.ts";
import type { CellFactory, AssociativeCellDefinition, NamedSpecs } from "./definition.ts";
import type { Extras } from "../cell/inputs.ts";
import { factoryOf, type Factory } from "./factory.ts";
import type { AnyDefinition, Named } from "./made.ts";
import { pastIn, shifted, withoutPast } from "./past-inputs.ts";
import { elementOf } from "./run-associative.ts";
import { recurrenceOfMade, type AnyRecurrence, type OutputContext } from "./recurrence-of.ts";
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
  M extends string = never,
  K extends string = never,
  O extends object = Record<never, never>,
  E extends Extras = Record<never, never>,
>(definition: AssociativeCellDefinition<D, S, O, E, N, M, K>): CellFactory<D, S, O, Record<never, never>, false>;
export function defineAssociativeCell(definition: AnyAssociativeDefinition): Factory {
  const operation = "defineAssociativeCell";
  checkOptions(operation, definition, [...parts, "recurrence", "past", "elements", "output", "step"], {
    ...partAliases,
    cells: "elements",
    stepIndex: "state",
  });
  const { name, recurrence, past, elements, output, step, ...rest } = definition;
  const associative: AnyRecurrence = {
    recurrence,
    past,
    elements(params, x, context) {
      const found = elements(params, x, context);
      for (const part of Object.keys(recurrence.identity)) elementOf(name, found, part);
      return found;
    },
    output: (params, state, x, context) => output?.(params, state, x, context) ?? onlyState(name, state),
  };
  return factoryOf(operation, {
    ...rest,
    name,
    recurrence: (made) => recurrenceOfMade(made, associative),
    step(params, before, x, context) {
      if (step !== undefined) return step(params, before, x, context);
      const earlier = pastIn(past, before);
      const found = associative.elements(params, x, earlier === undefined ? context : { ...context, past: earlier });
      const state = recurrence.apply(found, withoutPast(past, before));
      return {
        state: past === undefined || earlier === undefined ? state : { ...state, [past]: shifted(earlier, x) },
        output: associative.output(params, state, x, { ...context, elements: found, before }),
      };
    },
  });
}

interface AnyAssociativeDefinition
  extends
    Omit<AnyDefinition, "recurrence" | "step" | "cells" | "stepIndex">,
    Pick<AnyRecurrence, "recurrence" | "elements"> {
  readonly past?: string;
  output?(params: Named, state: State, x: Tensor, context: OutputContext): string | Tensor;
  step?: AnyDefinition["step"];
}

function onlyState(name: string, state: State): string {
  const [first, ...more] = leavesOf(state);
  if (first !== undefined && more.length === 0) return first.path;
  throw new TensorError(
    `defineAssociativeCell: ${name} has ${leavesOf(state).length} states, so it needs an output: the name of a state, or a tensor`,
  );
}
