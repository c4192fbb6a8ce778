/** The context of a definition's step, made of the one that a layer gives the cell. */
import { named, TensorError, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import { at } from "@sluice/tensor/internal";
import type { CellContext } from "../cell/context.ts";
import { tensorsAt, type Noted } from "./cell-buffers.ts";
import type { AnyContext, Made } from "./made.ts";
import { normOf, type NormalizedPlace } from "./normalize.ts";
import { multiplyOf } from "./products.ts";

/** Parameters and buffers of the normalizer at one place, for tensors of the given shape. */
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

/** Makes the context of a definition's functions from the context that a layer passes to the cell. */
export function contextOf(made: Made, context: CellContext, options: ContextOptions): Omit<AnyContext, "cells"> {
  return {
    ...made.options,
    ...productsAndNorm(made, context, options),
    trace(trace: string, value: Tensor | (() => Tensor)) {
      const computed = typeof value === "function" ? at(trace, value) : value;
      const traced = named(`${made.name}.${trace}`, context.change(trace, computed));
      context.trace(trace, traced);
      return traced;
    },
    observe(trace: string, value: Tensor) {
      if (context.change(trace, value) !== value)
        throw new TensorError(
          `${made.name}: nothing that this step computes is made of ${trace}, so it can be read, but not changed; change a gate or a state that it depends on`,
        );
      context.trace(trace, named(`${made.name}.${trace}`, value));
    },
    sizes: made.sizes,
    training: context.training,
    keys: context.keys,
    extra: context.extra,
    buffers: tensorsAt(context.buffers, []),
    active: context.active,
  };
}

/**
 * The functions with which a step computes sums: `input`, `recurrent` and `norm`, which knows which terms are products.
 */
function productsAndNorm(
  { given, kinds, sizes: { hidden } }: Made,
  context: CellContext,
  { partsAt, noted, stepIndex }: ContextOptions,
): Pick<AnyContext, "input" | "recurrent" | "norm"> {
  const products = new Map<Tensor, "input" | "recurrent">();
  const made = (product: Tensor, kind: "input" | "recurrent"): void => void products.set(product, kind);
  return {
    input: multiplyOf("input", hidden, context, made),
    recurrent: multiplyOf("recurrent", hidden, context, made),
    norm: normOf(given.norm, {
      hidden,
      kindOf: (term, { place, part }) => (kinds === undefined ? products.get(wholeOf(term)) : kinds[place]?.[part]),
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

/** The symbol that a symbol is a slice of, such as the product of all gates of one gate's; otherwise the tensor itself. */
function wholeOf(x: Tensor): Tensor {
  const [whole] = x.kind === "symbol" && x.node.operation.op === "slice" ? x.node.inputs : [];
  return whole === undefined ? x : wholeOf(whole);
}
