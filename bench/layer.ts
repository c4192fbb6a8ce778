import {
  compile,
  grad,
  mul,
  sum,
  type ArrayTensor,
  type Backend,
  type Compiled,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import type { Case } from "./cases.ts";
import { layerOf } from "./cells.ts";
import { part, type Named } from "./data.ts";

type Inputs = [params: Tree, x: Tensor, g: Tensor, lengths: Tensor];

/**
 * Forward and backward of a layer, compiled for a backend: the gradients of its parameters and of its input, with the
 * arguments for the call.
 */
export interface CompiledLayer {
  readonly backward: Compiled<Inputs, Tree>;
  readonly inputs: Inputs;
  forward(params: Tree, x: Tensor, lengths: Tensor): Tensor;
}

export async function compileLayer(of: Case, data: Named, backend: Backend): Promise<CompiledLayer> {
  const model = layerOf(of);
  const forward = (params: Tree, x: Tensor, lengths: Tensor) =>
    model.apply(params, x, of.kind === "ragged" ? { lengths } : {}).output;
  const backward = (params: Tree, x: Tensor, g: Tensor, lengths: Tensor): Tree =>
    grad((at: { params: Tree; x: Tensor }) => sum(mul(forward(at.params, at.x, lengths), g)))({ params, x });
  const { x, g, lengths } = data as { x: ArrayTensor; g: ArrayTensor; lengths: ArrayTensor };
  const inputs: Inputs = [part(data, "params"), x, g, lengths];
  return { backward: await compile(backward, inputs, { backend }), inputs, forward };
}
