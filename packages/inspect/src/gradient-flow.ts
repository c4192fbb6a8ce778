import { grad, mapTree, TensorError, leavesOf, type Tensor, type Tree } from "@sluice/tensor";
import { isFloat, showShape } from "@sluice/tensor/internal";
import { stepNorms } from "./norms.ts";
import { activeSteps, checkSteps, meanOverSteps, type StepOptions } from "./steps.ts";

/**
 * dL/ds_t of every state at every step, `[batch, time, ...]`, nested as `perturbations`: the zeros of
 * `layer.perturbations({ batch, time })`, which the loss passes on to `layer.apply(params, x, { perturbations })`. A
 * layer adds them to its new states, so the derivative with respect to them is that with respect to the state that
 * leaves step t, along every way on which it reaches the loss from there: later steps, and outputs of this one.
 *
 * Of a cell with several states each derivative holds the others fixed. So dL/dc_t of an LSTM is that along the memory,
 * c_t to c_{t+1} and on; what c_t does through `h_t = o_t tanh(c_t)` is part of dL/dh_t. Together they are the adjoint
 * of the state (h_t, c_t).
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
 * How the gradient flows back in time: for every state the norm of dL/ds_t, averaged over the rows that have a step t,
 * `[time]`, nested as `perturbations` (see {@link stateGradients}). 0 at a step that no row has. A pure function of
 * tensors, for use inside of compiled programs too.
 *
 *     const flow = gradientFlow((perturbations) => lossOf(model.apply(params, x, { perturbations })), model.perturbations({ batch, time }));
 *     flow[0].h      // [time], of layer 0 of a stack; flow.forward.h of a bidirectional layer; flow.h of a sequence
 *
 * L is the loss as given: of a mean over the batch the gradients are 1 / batch of those of one example. A backward
 * direction's gradient flows from the first step to the last. Resets and masks act as they do on the layer; give the
 * same `lengths` and `mask`.
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
