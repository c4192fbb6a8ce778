import { weightsOf } from "@sluice/params";
import {
  add,
  concat,
  div,
  grad,
  leavesOf,
  less,
  mapTree,
  mul,
  reshape,
  select,
  square,
  stopGradient,
  sub,
  sum,
  TensorError,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkFunction, checkOptions, euclideanNorm, isFloat, sizeOf } from "@sluice/tensor/internal";
import { batchAndTime } from "../cell/axes.ts";
import { evaluation } from "../cell/context.ts";
import { floatOf, statesOf, type State } from "../cell/states.ts";
import { checkInput, type ApplyOptions } from "./layer.ts";
import { lookedAt } from "./looked-at.ts";
import { sequence, type SequenceLayer } from "./sequence.ts";

/** Options of {@link gradientPreservation}: the loss, and what `apply` of the layer takes. */
export interface GradientPreservationOptions<S extends State = State> extends Pick<
  ApplyOptions<S>,
  "state" | "lengths" | "mask" | "extra"
> {
  /** E, a scalar, of the layer's output: `(output) => mse(output, target)`. */
  readonly loss: (output: Tensor) => Tensor;
}

/**
 * The regularizer of Pascanu, Mikolov and Bengio 2013 (arXiv:1211.5063, section 3.3, equations 9 and 10) against
 * gradients that vanish: how much a step back through time changes the length of the error, for the step from s_{t-1}
 * to s_t of each row, s being all float states together:
 *
 *     Omega = sum_t (|dE/ds_t ds_t/ds_{t-1}| / |dE/ds_t| - 1)^2
 *
 * Add it to the loss, times a factor. The result is the mean over the rows. Steps that a row does not take and steps
 * without error, |dE/ds_t| = 0, add nothing. As in the paper, its gradient is the immediate one: through the weights of
 * ds_t/ds_{t-1}, with the states, the inputs and dE/ds_t as constants. It takes one more pass over the sequence forwards
 * and backwards, in evaluation (without dropout).
 *
 * Throws a TensorError for a layer that runs backwards or has buffers, and where the loss is not a function.
 */
export function gradientPreservation<P extends Tree, S extends State>(
  layer: SequenceLayer<P, S>,
  params: P,
  x: Tensor,
  options: GradientPreservationOptions<S>,
): Tensor {
  const operation = `gradientPreservation of ${layer.name}`;
  checkOptions(operation, options, ["loss", "state", "lengths", "mask", "extra"]);
  checkInput(layer, x);
  const { loss, ...given } = options;
  checkFunction(operation, "loss", loss);
  if (layer.reverse) throw new TensorError(`${operation}: the layer runs backwards; take one that runs forwards`);
  if (leavesOf(layer.initialBuffers()).length > 0)
    throw new TensorError(`${operation}: the layer has buffers, so its rows may not be independent`);
  const { cell } = layer;
  const { batch, time } = batchAndTime(x);
  const { before, errors } = backwards(layer, params, x, options);

  // All steps of all rows are the rows of one step.
  const constant = (y: Tensor): Tensor => reshape(stopGradient(y), [batch * time, ...y.shape.slice(2)]);
  const looked = (y: Tensor): Tensor => constant(lookedAt(layer.name, y, given));
  const context = { ...evaluation, extra: mapTree(given.extra ?? {}, looked) };
  const [weights, state, error] = [weightsOf(cell, params), mapTree(before, constant), mapTree(errors, constant)];
  const carried = grad((floats: Floats) => {
    const from = mapTree(state, (s, path) => floats[path] ?? s);
    const after = floatsOf(cell.step(weights, from, looked(x), context).state);
    return total(Object.entries(error).map(([path, e]) => sum(mul(e, after[path] ?? 0))));
  })(floatsOf(state));

  const [length, lengthBefore] = [lengthOf(error), lengthOf(carried)];
  // A step that a row does not take has no error.
  const counts = less(0, length);
  const changes = square(sub(div(lengthBefore, select(counts, length, 1)), 1));
  return div(sum(select(counts, changes, 0)), batch);
}

/** Float states by path. */
type Floats = Readonly<Record<string, Tensor>>;

const floatsOf = (state: Tree): Floats =>
  Object.fromEntries(leavesOf(state).flatMap(({ path, tensor }) => (isFloat(tensor.dtype) ? [[path, tensor]] : [])));

/** The states before every step, and dE/ds_t of the float states after it, `[batch, time, ...]`. */
function backwards<P extends Tree, S extends State>(
  { cell, outputs, ...layer }: SequenceLayer<P, S>,
  params: P,
  x: Tensor,
  { loss, ...given }: GradientPreservationOptions<S>,
): { readonly before: S; readonly errors: Floats } {
  const traced = (path: string): string => `gradientPreservation.${path}`;
  const showing = sequence(
    {
      ...cell,
      step(weights: P, state: S, at: Tensor, context = evaluation) {
        for (const { path, tensor } of leavesOf(state)) context.trace(traced(path), tensor);
        return cell.step(weights, state, at, context);
      },
    },
    { outputs },
  );
  const names = statesOf(cell.state).map(({ path }) => traced(path));
  const perturbations = layer.perturbations(batchAndTime(x), { dtype: floatOf(x, params) });
  const apply = (by: S) => showing.apply(params, x, { ...given, perturbations: by, traces: names });
  const errors = grad((by: S) => loss(apply(by).output))(perturbations);
  const { traces } = apply(perturbations);
  const floats = new Set(statesOf(cell.state).flatMap(({ path, dtype }) => (dtype === "f32" ? [path] : [])));
  return {
    before: mapTree(perturbations, (zeros, path) => traces[traced(path)] ?? zeros),
    errors: Object.fromEntries(
      leavesOf(errors).flatMap(({ path, tensor }) => (floats.has(path) ? [[path, tensor]] : [])),
    ),
  };
}

/** The Euclidean norm of all states of a row together, `[rows]`. */
const lengthOf = (states: Floats): Tensor =>
  euclideanNorm(
    concat(
      Object.values(states).map((s) => reshape(s, [s.shape[0] ?? 0, sizeOf(s.shape.slice(1))])),
      1,
    ),
    1,
  );

const total = (terms: readonly Tensor[]): Tensor => terms.reduce((sum, term) => add(sum, term));
