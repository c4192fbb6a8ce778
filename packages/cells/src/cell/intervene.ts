/** Changes of what a cell computes while a layer runs it. */
import { isTensor, TensorError, type Tensor } from "@sluice/tensor";
import { sameShape, shown, showShape } from "@sluice/tensor/internal";

/**
 * Changes what cells compute while a layer runs them, for experiments on a trained network: a gate that is held open, a
 * unit that is silenced, a value taken from another run. The cells' code stays as it is.
 *
 *     layer.apply(params, x, { intervene: (name, value) => (name === "forget" ? onesLike(value) : value) });
 *
 * Gets values `[batch, ...]` under the names that they have in `traces`: everything that a step traces (`forget`), and
 * every state that leaves it (`state.h`). Within a layer of layers names begin with the layer's: `0.forget`. The
 * step goes on with what is returned, a tensor of the same shape and dtype. It may be made of other tensors, such as a
 * mean, but not of values of another step.
 *
 * A new state acts on the next step, and on the output if it is that state. The rest of the step has been computed with
 * the old value: an LSTM's h_t with c_t. The state before the first step is the option `state`.
 *
 * With `scan: "associative"` values hold all steps at once, `[time * batch, ...]`, and states cannot be changed.
 */
export type Intervene = (name: string, value: Tensor) => Tensor;

/** What an intervention makes of a value. */
export function intervened(intervene: Intervene | undefined, name: string, value: Tensor): Tensor {
  if (intervene === undefined) return value;
  const changed: unknown = intervene(name, value);
  if (isTensor(changed) && changed.dtype === value.dtype && sameShape(changed.shape, value.shape)) return changed;
  const got = isTensor(changed) ? `${changed.dtype} ${showShape(changed.shape)}` : shown(changed);
  throw new TensorError(
    `intervene must return ${value.dtype} ${showShape(value.shape)} for ${name}, got ${got}; return the value itself where nothing changes`,
  );
}
