import { TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { at } from "@sluice/tensor/internal";
import type { CellContext } from "../cell/context.ts";
import type { AssociativeSteps, Elements, Recurrence } from "../cell/recurrence.ts";
import { statesOf, type State } from "../cell/states.ts";
import { childrenOf, nothingNoted } from "./cell-buffers.ts";
import { contextOf, partsIn } from "./context-of.ts";
import type { AnyContext, Made, Named } from "./made.ts";
import { runAssociative, type AtOnce } from "./run-associative.ts";

/** What a definition of an associative cell says, with its names not known at compile time. */
export interface AnyRecurrence {
  readonly recurrence: AssociativeSteps<string, State>;
  elements(params: Named, x: Tensor, context: AnyContext): Elements;
  output(params: Named, state: State, x: Tensor, context: AnyContext): string | Tensor;
}

/**
 * The recurrence of a cell, with the definition's context built from the layer's. Undefined if a normalizer keeps
 * statistics, because those belong to a single step.
 */
export function recurrenceOfMade(
  made: Made,
  { recurrence, elements, output }: AnyRecurrence,
): Omit<Recurrence, "step"> | undefined {
  const { name, definition, sizes, options, buffers } = made;
  const other = statesOf(definition.state(sizes, options)).find(({ dtype }) => dtype !== "f32");
  if (other !== undefined)
    throw new TensorError(
      `defineAssociativeCell: ${name} has the state ${other.path}, which is ${other.dtype}; states of a recurrence are f32`,
    );
  if (Object.keys(buffers).length > 0 || Object.hasOwn(made.state, "stepIndex")) return undefined;
  const within = (weights: Tree, context: CellContext): AnyContext => ({
    ...contextOf(made, context, { partsAt: partsIn(weights, context), noted: nothingNoted(), stepIndex: undefined }),
    cells: {},
  });
  const own = (weights: Tree): Record<string, Tree> => {
    const { norm: _, ...rest } = childrenOf(weights);
    return rest;
  };
  const steps: AtOnce = {
    ...recurrence,
    name,
    elements: (weights, x, context) => at(name, () => elements(own(weights), x, within(weights, context))),
    output: (weights, state, x, context) => at(name, () => output(own(weights), state, x, within(weights, context))),
  };
  return { ...steps, run: (weights, over) => runAssociative(steps, weights, over) };
}
