import { TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { at } from "@sluice/tensor/internal";
import type { CellContext } from "../cell/context.ts";
import type { AssociativeSteps, Elements, Recurrence } from "../cell/recurrence.ts";
import { statesOf, type State } from "../cell/states.ts";
import { childrenOf, nothingNoted } from "./cell-buffers.ts";
import { contextOf, partsIn } from "./context-of.ts";
import type { AnyContext, Made, Named } from "./made.ts";
import { checkPast } from "./past-inputs.ts";
import { runAssociative, type AtOnce } from "./run-associative.ts";

/** What a definition of an associative cell says, with its names not known at compile time. */
export interface AnyRecurrence {
  readonly recurrence: AssociativeSteps<string, State>;
  /** The name of the state that holds earlier inputs, if one does. */
  readonly past: string | undefined;
  elements(params: Named, x: Tensor, context: AnyContext): Elements;
  output(params: Named, state: State, x: Tensor, context: OutputContext): string | Tensor;
}

/** The context of the output: with the elements of the step, and the states before it. */
export type OutputContext = AnyContext & { readonly elements: Elements; readonly before: State };

/**
 * The recurrence of a cell, with the definition's context built from the layer's. Undefined if a normalizer keeps
 * statistics, because those belong to a single step.
 */
export function recurrenceOfMade(
  made: Made,
  { recurrence, past, elements, output }: AnyRecurrence,
): Omit<Recurrence, "step"> | undefined {
  const { name, definition, sizes, options, buffers } = made;
  const other = statesOf(definition.state(sizes, options)).find(({ dtype }) => dtype !== "f32");
  if (other !== undefined)
    throw new TensorError(
      `defineAssociativeCell: ${name} has the state ${other.path}, which is ${other.dtype}; states of a recurrence are f32`,
    );
  checkPast(past, made);
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
    past,
    elements: (weights, x, context, earlier) =>
      at(name, () =>
        elements(own(weights), x, { ...within(weights, context), ...(earlier === undefined ? {} : { past: earlier }) }),
      ),
    output: (weights, state, x, context, step) =>
      at(name, () => output(own(weights), state, x, { ...within(weights, context), ...step })),
  };
  return { ...steps, run: (weights, over) => runAssociative(steps, weights, over) };
}
