import {
  abs,
  add,
  and,
  convert,
  equal,
  keyAt,
  keyFor,
  leavesOf,
  less,
  not,
  or,
  scalar,
  select,
  sub,
  TensorError,
  zipTrees,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import {
  checkFunction,
  checkKey,
  checkMade,
  checkOptions,
  checkTree,
  describe,
  isFloat,
} from "@sluice/tensor/internal";
import { treeNorm, type GradientTransform } from "@sluice/clip";
import { givenBuffers, type NoBuffers } from "./buffers.ts";
import { carriedOn, initialCarry, type NoCarry } from "./carry.ts";
import { batchGradient, type GradientMethod } from "./gradients.ts";
import type { Loss, LossResult, Reported } from "./loss.ts";

/** Options of {@link trainStep}. */
export interface TrainStepOptions<
  P extends Tree,
  B extends Tree,
  R extends LossResult,
  C extends Tree = NoCarry,
  F extends Tree = NoBuffers,
> {
  /** The loss of a batch as a function of the parameters. */
  readonly loss: Loss<P, B, R, C, F>;
  /**
   * Turns gradients into the updates that are subtracted from the parameters: an optimizer, or a `chain` of clippers,
   * noise and an optimizer.
   */
  readonly optimizer: GradientTransform;
  /**
   * How the gradient is computed. Default: the gradient of the batch's loss, in one backward pass.
   * `perExample(globalNorm(1))` clips the gradient of each example.
   */
  readonly gradients?: GradientMethod;
  /**
   * A penalty on the parameters: a scalar that is added to the loss before differentiation and also reported
   * separately.
   */
  readonly regularization?: (params: P) => Tensor;
  /**
   * A projection of the parameters, applied after each update: `(params) => constrain(model, params)` of
   * `@sluice/params`, or a function of your own. It must not change shapes, dtypes or paths.
   */
  readonly constrain?: (params: P) => P;
  /**
   * Initial values, as arrays, of what is carried from step to step without a gradient, such as the state of a
   * recurrent layer. Default: nothing is carried.
   */
  readonly carry?: C;
  /**
   * Initial buffers, such as running statistics: `model.initialBuffers()`. The loss returns new ones in every step.
   * Default: none.
   */
  readonly buffers?: F;
}

/** The complete state of training; a checkpoint contains exactly this. */
export type TrainState<P extends Tree, C extends Tree = NoCarry, F extends Tree = NoBuffers> = {
  readonly params: P;
  /** The state of the gradient transforms. */
  readonly optimizer: Tree;
  /** The number of steps so far, i32 []. */
  readonly step: Tensor;
  /** The run's key, i32 [2]; each step derives its own from it. */
  readonly key: Tensor;
  /** The carry for the next step's loss; without tensors if nothing is carried. */
  readonly carry: C;
  /** The buffers of the model, for the next step and for evaluation; without tensors if it has none. */
  readonly buffers: F;
};

/** Scalars of one step, in addition to those of the loss. */
export type StepReport = {
  /** The penalty that `regularization` added to the loss; 0 without it. */
  readonly penalty: Tensor;
  /** Norm over all gradients together, before any transform. */
  readonly gradientNorm: Tensor;
  /** What the gradient transforms reported. */
  readonly transforms: Tree;
  /** Means over the examples, if gradients are per example. */
  readonly examples: Tree;
  /** bool []: a gradient transform skipped the update. */
  readonly skipped: Tensor;
  /** bool []: the loss returned the weight 0, so nothing in the batch counts. */
  readonly empty: Tensor;
  /**
   * bool []: the loss with its penalty or an element of the gradient is not finite (in the parameters' dtype), and no
   * transform skipped the step.
   */
  readonly diverged: Tensor;
};

/** A training step as a pure function of state and batch. */
export interface TrainStep<
  P extends Tree,
  B extends Tree,
  R extends LossResult,
  C extends Tree = NoCarry,
  F extends Tree = NoBuffers,
> {
  /** The state before the first step, from parameters and a key. */
  init(params: P, key: ArrayTensor): TrainState<P, C, F>;
  /** Forward, backward and gradient transforms, as one pure function for `compileStep`. */
  step(
    state: TrainState<P, C, F>,
    batch: B,
  ): {
    readonly state: TrainState<P, C, F>;
    readonly output: { readonly result: Reported<R>; readonly report: StepReport };
  };
  /** Loss, penalty and gradient norm alone, for the diagnosis of a diverged step. */
  backward(
    state: TrainState<P, C, F>,
    batch: B,
  ): { readonly loss: Tensor; readonly penalty: Tensor; readonly gradientNorm: Tensor };
}

export const trainStepOptions = ["loss", "optimizer", "gradients", "regularization", "constrain", "carry", "buffers"];
export const trainStepAliases = {
  clip: "optimizer",
  clipper: "optimizer",
  constraint: "constrain",
  metrics: "loss",
  initialState: "carry",
  state: "carry",
  statistics: "buffers",
};

/**
 * The training step of a loss, as a pure function of state and batch:
 *
 *     g = d(loss + regularization) / d(params);   params <- constrain(params - optimizer(g))
 *
 * A skipped step leaves parameters, buffers and the transforms' states unchanged, bit for bit; only the transform that
 * asked to skip may change its own state, to count skips. It counts as a step. The carry is updated, except for
 * elements that are not finite, which keep their old values. A step whose loss has weight 0 changes neither parameters
 * nor transforms' states. Otherwise momentum and weight decay would move the weights although nothing in the batch
 * counts. A diverged step leaves the whole state unchanged, including carry, buffers and step count, so the state is
 * always the last good one.
 */
export function trainStep<
  P extends Tree,
  B extends Tree,
  R extends LossResult,
  C extends Tree = NoCarry,
  F extends Tree = NoBuffers,
>(options: TrainStepOptions<P, B, R, C, F>): TrainStep<P, B, R, C, F> {
  checkGiven(options);
  const { loss, optimizer, gradients = batchGradient, regularization, constrain } = options;
  const first = { carry: initialCarry(options), buffers: givenBuffers(options) };
  const differentiate = gradients.of(loss, regularization);

  return {
    init(params, key) {
      checkInitial(params, key);
      return { params, optimizer: optimizer.init(params), step: scalar(0, "i32"), key, ...first };
    },

    step(state, batch) {
      checkState(state, { optimizer, ...first });
      const { value, gradient, penalty, result, carry, buffers, examples } = differentiate(state, batch);
      const transformed = optimizer.update(gradient, state.optimizer, state.params, {
        key: keyAt(keyFor(state.key, "optimizer"), state.step),
        step: state.step,
        loss: value,
        ...(result.weight === undefined ? {} : { weight: result.weight }),
      });
      const skipped = transformed.skip ?? scalar(0, "bool");
      const empty = result.weight === undefined ? scalar(0, "bool") : equal(result.weight, 0);
      const unchanged = or(skipped, empty);
      const diverged = and(not(unchanged), not(and(isFinite(value), isFinite(treeNorm(gradient, "max")))));
      const stays = or(unchanged, diverged);
      const moved = zipTrees(state.params, transformed.gradients, sub);
      const report: StepReport = {
        penalty,
        gradientNorm: treeNorm(gradient),
        transforms: transformed.report ?? {},
        examples,
        skipped,
        empty,
        diverged,
      };
      return {
        state: {
          params: zipTrees(state.params, constrained(moved, constrain), (w, next) => select(stays, w, next)),
          optimizer: zipTrees(state.optimizer, transformed.state, (old, fresh) =>
            select(or(empty, diverged), old, fresh),
          ),
          step: add(state.step, convert(not(diverged), "i32")),
          key: state.key,
          carry: carriedOn(state.carry, carry, { skipped: unchanged, diverged }),
          buffers: zipTrees(state.buffers, buffers, (old, fresh) => select(stays, old, fresh)),
        },
        output: { result, report },
      };
    },

    backward(state, batch) {
      const { gradient, penalty, result } = differentiate(state, batch);
      return { loss: result.loss, penalty, gradientNorm: treeNorm(gradient) };
    },
  };
}

function checkGiven<P extends Tree, B extends Tree, R extends LossResult, C extends Tree, F extends Tree>(
  options: TrainStepOptions<P, B, R, C, F>,
): void {
  checkOptions("trainStep", options, trainStepOptions, trainStepAliases);
  const { loss, optimizer, gradients, regularization, constrain } = options;
  checkFunction("trainStep", "the loss", loss);
  const made = { init: "function", update: "function" };
  checkMade("trainStep", "optimizer", optimizer, made, "adam({ learningRate: 1e-3 })");
  if (gradients !== undefined)
    checkMade("trainStep", "gradients", gradients, { of: "function" }, "perExample(globalNorm(1))");
  if (regularization !== undefined) checkFunction("trainStep", "regularization", regularization);
  if (constrain !== undefined) checkFunction("trainStep", "constrain", constrain);
}

function constrained<P extends Tree>(params: P, constrain: ((params: P) => P) | undefined): P {
  if (constrain === undefined) return params;
  const projected = constrain(params);
  const like = leavesOf(params).map(({ path, tensor: { shape, dtype } }) => ({ path, shape, dtype }));
  checkTree("trainStep.step", "parameters that constrain returned", like, projected);
  return projected;
}

function checkInitial(params: Tree, key: unknown): void {
  checkKey("trainStep", key);
  for (const { path, tensor } of leavesOf(params)) {
    if (isFloat(tensor.dtype)) continue;
    throw new TensorError(
      `trainStep: parameter ${path} ${describe(tensor)} is ${tensor.dtype}; parameters are f32 (or f64 on the reference backend)`,
    );
  }
}

/**
 * Compares a state with the initial state of this optimizer, carry and buffers for these parameters. Without this check
 * a state of another shape would be broadcast or ignored.
 */
function checkState(
  state: TrainState<Tree, Tree, Tree>,
  {
    optimizer,
    carry,
    buffers,
  }: { readonly optimizer: GradientTransform; readonly carry: Tree; readonly buffers: Tree },
): void {
  const same = (what: string, like: Tree, given: Tree): void =>
    checkTree(
      "trainStep.step",
      what,
      leavesOf(like).map(({ path, tensor: { shape, dtype } }) => ({ path, shape, dtype })),
      given,
    );
  same(`parts of the state of ${optimizer.name}`, optimizer.init(state.params), state.optimizer);
  same("parts of the carry", carry, state.carry);
  same("buffers", buffers, state.buffers);
}

const isFinite = (x: Tensor): Tensor => less(abs(x), Infinity);
