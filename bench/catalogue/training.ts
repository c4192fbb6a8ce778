import { inputOf, sequence, type Extras } from "@sluice/cells";
import { grad, key, keyFor, mul, normal, sum, uniform, type Tensor, type Tree } from "@sluice/tensor";
import type { Entry } from "./entries.ts";

/** Batch, time, input and hidden. */
export type Size = readonly [batch: number, time: number, input: number, hidden: number];

/** Parameters, x, and the cotangent of the layer's output. */
type Inputs = [params: Tree, x: Tensor, g: Tensor];

/** Forward and backward of a layer of the cell: the gradients of all parameters and of x, with their arguments. */
export function trainingOf(
  { make, input: makeInput }: Entry,
  [batch, time, input, hidden]: Size,
): { readonly inputs: Inputs; backward(...inputs: Inputs): Tree } {
  const cell = make({ input, hidden });
  const layer = sequence(cell);
  const params = layer.init(key(1));
  const buffers = layer.initialBuffers();
  const drawn = (name: string, spec: Extras[string]): Tensor => {
    const full = inputOf(spec);
    const own = keyFor(key(2), name);
    return (
      makeInput?.(name, full, [batch, time], own) ?? uniform(own, [batch, time, ...full.shape], { low: 0.1, high: 1 })
    );
  };
  const x = cell.input === undefined ? normal(key(3), [batch, time, input]) : drawn("x", cell.input);
  const extra = Object.fromEntries(Object.entries(cell.extra).map(([name, spec]) => [name, drawn(name, spec)]));
  const run = (at: { readonly params: Tree; readonly x: Tensor }): Tensor =>
    layer.apply(at.params, at.x, { extra, buffers }).output;
  const g = normal(key(4), run({ params, x }).shape);
  return {
    inputs: [params, x, g],
    backward: (p, y, r) => grad((at: { params: Tree; x: Tensor }) => sum(mul(run(at), r)))({ params: p, x: y }),
  };
}
