/** The check that a layer can be read step by step. */
import { tensor, TensorError, type ArrayTensor, type DType, type Shape, type Tree } from "@sluice/tensor";
import { allocate, showShape, sizeOf } from "@sluice/tensor/internal";
import { inputOf } from "../cell/inputs.ts";
import type { Layer } from "./layer.ts";
import { arrayOf } from "./reader.ts";

/**
 * An error where a layer reads backwards, or only puts out its last step, since that gives something else for parts of
 * a sequence than for the whole.
 */
export function checkForwards<P extends Tree, S extends Tree>(layer: Layer<P, S>, params: P, buffers: Tree): void {
  const [all, ahead] = [2, 3].map((time) => layer.outputShape({ batch: 1, time }));
  if (all?.length !== 3 || ahead?.[1] !== 3) {
    throw new TensorError(
      `stream: ${layer.name} outputs ${showShape(all ?? [])} for 2 steps, not one output per step; use outputs: "all"`,
    );
  }
  if (layer.whole !== undefined)
    throw new TensorError(`stream: ${layer.name} needs the whole sequence: ${layer.whole}`);
  // The first output may not depend on the second step.
  const first = (second: number): readonly number[] => {
    const { shape, dtype } = inputOf(layer.x ?? [layer.input]);
    const x = constant([1, 2, ...shape], 0, dtype);
    x.data.fill(second, sizeOf(shape));
    const { output } = layer.apply(params, x, { buffers, extra: extraOf(layer, [1, 2], (t) => t * second) });
    return [...arrayOf(output).data.subarray(0, layer.features)];
  };
  const [before, after] = [first(0), first(1)];
  if (before.some((v, i) => !Object.is(v, after[i])))
    throw new TensorError(
      `stream: ${layer.name} reads backwards, and needs the whole sequence before its first output`,
    );
}

/** A tensor of one value. */
export function constant(shape: Shape, value: number, dtype: DType = "f32"): ArrayTensor {
  return tensor(allocate(dtype, sizeOf(shape)).fill(value), shape, { dtype });
}

/** Extra inputs of a layer, `[...lead, ...]`; step t holds `valueAt(t)`. */
export function extraOf(
  layer: Pick<Layer, "extra">,
  lead: Shape,
  valueAt: (t: number) => number,
): Record<string, ArrayTensor> {
  return Object.fromEntries(
    Object.entries(layer.extra).map(([name, spec]) => {
      const { shape, dtype } = inputOf(spec);
      const values = constant([...lead, ...shape], 0, dtype);
      const width = sizeOf(shape);
      return [name, { ...values, data: values.data.map((_, i) => valueAt(Math.floor(i / width))) }];
    }),
  );
}
