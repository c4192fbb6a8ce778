import { inputOf, sequence, type Extras } from "@sluice/cells";
import { exampleInput } from "@sluice/cells/testing";
import { mapSpecs } from "@sluice/params";
import { grad, key, keyFor, mul, normal, sum, type Tensor, type Tree } from "@sluice/tensor";
import { placeholder } from "@sluice/tensor/internal";
import type { Entry } from "./entries.ts";

/** Batch, time, input and hidden. */
export type Size = readonly [batch: number, time: number, input: number, hidden: number];

/** Parameters, x, and the cotangent of the layer's output. */
type Inputs = [params: Tree, x: Tensor, g: Tensor];

/** Forward and backward of a layer of one cell, with the gradients of all parameters and of x. */
export interface Training {
  backward(...inputs: Inputs): Tree;
  /** The types of its arguments. */
  readonly types: Inputs;
  /** Arguments, drawn from fixed keys. */
  draw(): Inputs;
}

export function trainingOf({ make, input: makeInput }: Entry, [batch, time, input, hidden]: Size): Training {
  const cell = make({ input, hidden });
  const layer = sequence(cell);
  const buffers = layer.initialBuffers();
  const drawn = (name: string, spec: Extras[string]): Tensor => {
    const full = inputOf(spec);
    const own = keyFor(key(2), name);
    return makeInput?.(name, full, [batch, time], own) ?? exampleInput(full, [batch, time], own);
  };
  const extra = Object.fromEntries(Object.entries(cell.extra).map(([name, spec]) => [name, drawn(name, spec)]));
  const x = cell.input === undefined ? undefined : drawn("x", cell.input);
  const shapes = { x: [batch, time, input], g: layer.outputShape({ batch, time }) };
  return {
    backward: (params, x, g) =>
      grad((at: { params: Tree; x: Tensor }) => sum(mul(layer.apply(at.params, at.x, { extra, buffers }).output, g)))({
        params,
        x,
      }),
    types: [
      mapSpecs(layer.params, ({ shape }) => placeholder({ shape, dtype: "f32" })),
      x ?? placeholder({ shape: shapes.x, dtype: "f32" }),
      placeholder({ shape: shapes.g, dtype: "f32" }),
    ],
    draw: () => [layer.init(key(1)), x ?? normal(key(3), shapes.x), normal(key(4), shapes.g)],
  };
}
