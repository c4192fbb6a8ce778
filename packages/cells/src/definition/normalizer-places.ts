/** The places of a step that have a normalizer, found by running the step once on symbols. */
import type { NormalizedPart, Normalizer } from "@sluice/norm";
import { buffer, parameter, type BufferSpec, type ParameterSpec } from "@sluice/params";
import { TensorError, type Shape, type Tensor } from "@sluice/tensor";
import { placeholder } from "@sluice/tensor/internal";
import { evaluation } from "../cell/context.ts";
import { probe } from "../cell/probe.ts";
import { cellOf } from "./cell-of.ts";
import type { Made } from "./made.ts";
import { mapValues } from "./map-values.ts";
import { runStep } from "./step.ts";

/**
 * A definition with the normalizer's parameters and buffers at every place where the step calls `norm`. The places are
 * found by running the step once on symbols.
 */
export function withNormalizer(made: Made): Made {
  const { norm } = made.given;
  if (norm === undefined) return made;
  const params: Record<string, Record<string, Record<string, ParameterSpec>>> = {};
  const buffers: Record<string, Record<string, Record<string, BufferSpec>>> = {};
  const kinds: Record<string, Record<string, NormalizedPart>> = {};
  probe({
    ...cellOf(made),
    step: (weights, state, x, context = evaluation) =>
      runStep(made, weights, state, x, context, ({ place, part, kind }, shape) => {
        const parts = (params[place] ??= {});
        if (parts[part] !== undefined)
          throw new TensorError(`norm: the place ${place} is used twice; give each its own name`);
        (kinds[place] ??= {})[part] = kind;
        parts[part] = mapValues(norm.params(shape, kind), ({ shape: of, initializer }) =>
          parameter(of, { role: "norm", initializer }),
        );
        const kept = mapValues(norm.buffers?.(shape, kind) ?? {}, ({ shape: of, initial }) => buffer(of, { initial }));
        if (Object.keys(kept).length > 0) (buffers[place] ??= {})[part] = kept;
        const symbols = (specs: Readonly<Record<string, { readonly shape: Shape }>>): Record<string, Tensor> =>
          mapValues(specs, (spec, name) =>
            placeholder({ shape: spec.shape, dtype: "f32" }, `${place}.${part}.${name}`),
          );
        return { params: symbols(parts[part]), buffers: symbols(kept) };
      }),
  });
  // Where an inner cell gets the normalizer, it acts there.
  if (Object.keys(params).length === 0 && !made.passesNorm) throw changesNothing(made, norm);
  if (Object.keys(params).length === 0) return made;
  return {
    ...made,
    kinds,
    params: { ...made.params, norm: params },
    buffers: { ...made.buffers, ...(Object.keys(buffers).length === 0 ? {} : { norm: buffers }) },
  };
}

function changesNothing({ name, definition }: Made, { name: normalizer, placement }: Normalizer): TensorError {
  if (definition.withoutNorm !== undefined)
    return new TensorError(
      `${name}: ${normalizer} has nothing to act on: ${definition.withoutNorm}; make the cell without norm`,
    );
  const fix =
    placement.preactivation === "input"
      ? 'make the products of the input with input("gates", x, W) there, not with matmul'
      : 'write norm("gates", [input("gates", x, W), recurrent("gates", h, U)]) there';
  return new TensorError(
    `${name}: ${normalizer} would change nothing, since the step of ${name} calls norm at no place where it acts; ${fix}, or make the cell without norm`,
  );
}
