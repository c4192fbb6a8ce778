/** A cell in the making: its definition, and everything that a cell of it is made from. */
import type { Normalizer } from "@sluice/norm";
import { named, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import { at } from "@sluice/tensor/internal";
import type { BufferSpecs } from "@sluice/params";
import { tensorsAt, type Noted } from "./cell-buffers.ts";
import type { Cell, CellContext, CellSizes, Stepped } from "./cell.ts";
import type { CellOptions, NamedBuffers, NamedSpecs, StepContext } from "./definition.ts";
import type { Inner } from "./inner-cells.ts";
import type { Extras, InputSpec } from "./inputs.ts";
import { normOf, type NormalizedPlace } from "./normalize.ts";
import { multiplyOf } from "./products.ts";
import type { AssociativeSteps, Elements } from "./recurrence.ts";
import type { State, States } from "./states.ts";

/** A definition whose names are not known at compile time. */
export interface AnyDefinition {
  readonly name: string;
  readonly options?: object;
  readonly input?: (sizes: CellSizes) => NonNullable<Cell["input"]>;
  readonly extra?: (sizes: CellSizes) => Extras;
  readonly cells?: (sizes: CellSizes, options: object, given: { readonly norm: Normalizer | undefined }) => Inner;
  readonly params: (sizes: CellSizes, options: object) => NamedSpecs;
  readonly state: (sizes: CellSizes, options: object) => States;
  readonly buffers?: (sizes: CellSizes, options: object) => NamedBuffers;
  readonly stepIndex?: boolean;
  step(params: Named, state: State, x: Tensor, context: AnyContext): Stepped;
  update?(
    buffers: Readonly<Record<string, Tensor>>,
    observed: Readonly<Record<string, Tensor>>,
    options: object,
  ): Readonly<Record<string, Tensor>>;
  /** What the step is made of, where it is associative. */
  readonly associative?: AnyRecurrence;
}

export type Named = Readonly<Record<string, Tree>>;

export interface AnyRecurrence {
  readonly recurrence: AssociativeSteps<string, State>;
  elements(params: Named, x: Tensor, context: AnyContext): Elements;
  output(params: Named, state: State, x: Tensor, context: AnyContext): string | Tensor;
}

export type AnyContext = StepContext<Readonly<Record<string, Tensor>>, Inner, Readonly<Record<string, Tensor>>> & {
  readonly stepIndex?: Tensor;
};

/** A definition with everything that a cell of it is made from. */
export interface Made {
  readonly definition: AnyDefinition;
  readonly name: string;
  readonly sizes: CellSizes;
  readonly options: object;
  readonly given: CellOptions;
  readonly cells: Inner;
  readonly input: Required<InputSpec>;
  readonly extra: Extras;
  /** The definition's own parameters. */
  readonly own: NamedSpecs;
  /** Those, the inner cells' and a normalizer's. */
  readonly params: NamedSpecs;
  readonly state: States;
  /** As the parameters. */
  readonly buffers: Readonly<Record<string, BufferSpecs>>;
}

/** Parameters and buffers of the normalizer at one place, for tensors of a shape. */
export type NormalizerParts = (
  where: NormalizedPlace,
  shape: Shape,
) => { readonly params: Readonly<Record<string, Tensor>>; readonly buffers: Readonly<Record<string, Tensor>> };

/** The parameters and buffers of the normalizer, among a cell's. */
export const partsIn =
  (weights: Tree, context: CellContext): NormalizerParts =>
  ({ place, part }) => ({
    params: tensorsAt(weights, ["norm", place, part]),
    buffers: tensorsAt(context.buffers, ["norm", place, part]),
  });

interface ContextOptions {
  readonly partsAt: NormalizerParts;
  readonly noted: Noted;
  readonly stepIndex: Tensor | undefined;
}

/** What the definition's functions are given of the context that a layer gives the cell. */
export function contextOf(made: Made, context: CellContext, options: ContextOptions): Omit<AnyContext, "cells"> {
  return {
    ...made.options,
    ...productsAndNorm(made, context, options),
    trace(trace: string, value: Tensor | (() => Tensor)) {
      const traced = named(`${made.name}.${trace}`, typeof value === "function" ? at(trace, value) : value);
      context.trace(trace, traced);
      return traced;
    },
    training: context.training,
    keys: context.keys,
    extra: context.extra,
    buffers: tensorsAt(context.buffers, []),
    active: context.active,
  };
}

/** What a step makes sums with: `input`, `recurrent` and `norm`, which is told which terms are products. */
function productsAndNorm(
  { given, sizes: { hidden } }: Made,
  context: CellContext,
  { partsAt, noted, stepIndex }: ContextOptions,
): Pick<AnyContext, "input" | "recurrent" | "norm"> {
  const kinds = new Map<Tensor, "input" | "recurrent">();
  const made = (product: Tensor, kind: "input" | "recurrent"): void => void kinds.set(product, kind);
  return {
    input: multiplyOf("input", hidden, context, made),
    recurrent: multiplyOf("recurrent", hidden, context, made),
    norm: normOf(given.norm, {
      hidden,
      kindOf: (term) => kinds.get(term),
      at(where, shape) {
        const { params, buffers } = partsAt(where, shape);
        const { place, part } = where;
        return {
          params,
          context: {
            training: context.training,
            buffers,
            active: context.active,
            stepIndex: given.norm?.stepIndex === true ? stepIndex : undefined,
            key: () => context.keys.step(`norm.${place}.${part}`),
          },
          observe: (observed) => void ((noted.norm[place] ??= {})[part] = observed),
        };
      },
    }),
  };
}
