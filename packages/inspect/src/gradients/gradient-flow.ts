import { grad, mapTree, TensorError, leavesOf, type Tensor, type Tree } from "@sluice/tensor";
import { isFloat, showShape } from "@sluice/tensor/internal";
import { stepNorms } from "./norms.ts";
import { activeSteps, checkSteps, meanOverSteps, type StepOptions } from "../steps.ts";

/**
 * dL/ds_t for every state s at every step t: `[batch, time, ...]`, in the structure of `perturbations`.
 *
 * `perturbations` are the zeros that `layer.perturbations({ batch, time })` makes. `loss` passes them to
 * `layer.apply(params, x, { perturbations })`, and the layer adds them to its new states. So the derivative by a
 * perturbation is the derivative by the state after step t, over every path from there to the loss: through later steps
 * and through the output of step t.
 *
 * If a cell has several states, each derivative holds the others fixed. In an LSTM, dL/dc_t follows the memory, from
 * c_t to c_{t+1} and on; the effect of c_t through `h_t = o_t tanh(c_t)` is part of dL/dh_t. Together they are the
 * adjoint of the state (h_t, c_t).
 *
 * Throws a TensorError unless every perturbation is a float tensor `[batch, time, ...]`.
 */
export function stateGradients<P extends Tree>(loss: (perturbations: P) => Tensor, perturbations: P): P {
  for (const { path, tensor } of leavesOf(perturbations)) {
    if (tensor.shape.length >= 2 && isFloat(tensor.dtype)) continue;
    const got = `${tensor.dtype} ${showShape(tensor.shape)}`;
    throw new TensorError(
      `stateGradients: ${path === "" ? "the perturbation" : `perturbation ${path}`} must be a float [batch, time, ...], got ${got}; layer.perturbations({ batch, time }) makes them`,
    );
  }
  return grad(loss)(perturbations);
}

/**
 * How the gradient flows back in time: for every state s the norm of dL/ds_t, averaged over the rows that have step t,
 * as `[time]`, in the structure of `perturbations` (see {@link stateGradients}). NaN at a step that no row has. Can also
 * be used inside compiled programs.
 *
 *     const flow = gradientFlow((perturbations) => lossOf(model.apply(params, x, { perturbations })), model.perturbations({ batch, time }));
 *     flow[0].h      // [time], of layer 0 of a stack; flow.forward.h of a bidirectional layer; flow.h of a sequence
 *
 * A loss that is a mean over the batch divides every gradient by the batch size. In a backward direction the gradient
 * flows from the first step to the last. Resets and masks act as they do in the layer; pass the `lengths` and `mask`
 * that the layer got.
 */
export function gradientFlow<P extends Tree>(
  loss: (perturbations: P) => Tensor,
  perturbations: P,
  options: StepOptions = {},
): P {
  checkSteps("gradientFlow", options);
  return mapTree(stateGradients(loss, perturbations), (gradient) => {
    const norms = stepNorms(gradient);
    const [batch, time] = norms.shape;
    return meanOverSteps(norms, activeSteps("gradientFlow", [batch!, time!], options), [0]);
  });
}
