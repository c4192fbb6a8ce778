import {
  abs,
  add,
  and,
  convert,
  equal,
  keyAt,
  leavesOf,
  less,
  not,
  or,
  scalar,
  select,
  TensorError,
  valueAndGradAux,
  zipTrees,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkFunction, checkMade, checkOptions, checkTree, describe, isFloat } from "@sluice/tensor/internal";
import { treeNorm, type Clipper } from "@sluice/clip";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { carriedOn, checkCarry, initialCarry, type NoCarry } from "./carry.ts";
import { checkResult, reported, type Loss, type LossResult, type Reported } from "./loss.ts";

export interface TrainStepOptions<P extends Tree, B extends Tree, R extends LossResult, C extends Tree = NoCarry> {
  readonly loss: Loss<P, B, R, C>;
  readonly optimizer: Optimizer;
  /** Default: no clipping. */
  readonly clip?: Clipper;
  /**
   * A penalty on the parameters, a scalar that is added to the loss before the gradient is taken, and reported on its
   * own.
   */
  readonly regularization?: (params: P) => Tensor;
  /**
   * What is carried from step to step without a gradient, such as the state of a recurrent layer: arrays, as the first
   * step gets them. Default: nothing.
   */
  readonly carry?: C;
}

/** Everything that training goes on from: a checkpoint is exactly this. */
export type TrainState<P extends Tree, C extends Tree = NoCarry> = {
  readonly params: P;
  readonly optimizer: Tree;
  readonly clip: Tree;
  /** Steps made, i32 []. */
  readonly step: Tensor;
  /** The run's key, i32 [2]; each step derives its own from it. */
  readonly key: Tensor;
  /** What the next step's loss is given; no tensors where nothing is carried. */
  readonly carry: C;
};

/** Scalars of one step, besides what the loss returned. */
export type StepReport = {
  /** What `regularization` added to the loss; 0 without it. */
  readonly penalty: Tensor;
  /** Norm of all gradients together, before clipping. */
  readonly gradientNorm: Tensor;
  /** The clipper's report. */
  readonly clip: Tree;
  /** bool []: the clipper skipped the update. */
  readonly skipped: Tensor;
  /** bool []: the loss has weight 0, as it returned it: nothing in the batch counts. */
  readonly empty: Tensor;
  /**
   * bool []: the loss with its penalty or an element of the gradient is not finite (in the parameters' dtype), and the
   * clipper let it pass.
   */
  readonly diverged: Tensor;
};

export interface TrainStep<P extends Tree, B extends Tree, R extends LossResult, C extends Tree = NoCarry> {
  init(params: P, key: ArrayTensor): TrainState<P, C>;
  /** Forward, backward, clipping and optimizer, as one pure function for `compileStep`. */
  step(
    state: TrainState<P, C>,
    batch: B,
  ): {
    readonly state: TrainState<P, C>;
    readonly output: { readonly result: Reported<R>; readonly report: StepReport };
  };
  /** Loss, penalty and gradient norm alone: what a diagnosis follows when a step has diverged. */
  backward(
    state: TrainState<P, C>,
    batch: B,
  ): { readonly loss: Tensor; readonly penalty: Tensor; readonly gradientNorm: Tensor };
}

export const trainStepOptions = ["loss", "optimizer", "clip", "regularization", "carry"];
export const trainStepAliases = {
  optimizer: "optimizer",
  regularization: "regularization",
  clipper: "clip",
  metrics: "loss",
  initialState: "carry",
  state: "carry",
};

const transform = { init: "function", update: "function" };

/**
 * The training step of a loss, as a pure function of state and batch:
 *
 *     g = d(loss + regularization) / d(params);   g, skip = clip(g);   params <- params + optimizer(g)
 *
 * A skipped step leaves parameters and the optimizer's state as they were, bit for bit, and counts as a step; the carry
 * goes on, but for elements that are not finite, which stay as they were. A step whose loss has weight 0 is the same,
 * and leaves the clipper's state alone too: where nothing counts there is nothing to learn, but momentum and weight
 * decay would move the weights all the same. A step that has diverged leaves the whole state as it was, carry and step
 * count included, so that the state is always the last good one.
 */
export function trainStep<P extends Tree, B extends Tree, R extends LossResult, C extends Tree = NoCarry>(
  options: TrainStepOptions<P, B, R, C>,
): TrainStep<P, B, R, C> {
  checkOptions("trainStep", options, trainStepOptions, trainStepAliases);
  const { loss, optimizer, clip = unclipped, regularization } = options;
  checkFunction("trainStep", "the loss", loss);
  checkMade("trainStep", "optimizer", optimizer, transform, "adam({ learningRate: 1e-3 })");
  checkMade("trainStep", "clip", clip, transform, "globalNorm(1)");
  if (regularization !== undefined) checkFunction("trainStep", "regularization", regularization);
  const first = initialCarry(options);

  const differentiate = valueAndGradAux((params: P, batch: B, key: Tensor, step: Tensor, carry: C) => {
    const returned = loss(params, batch, { key, step, carry });
    const result = reported(returned);
    checkResult(result);
    const penalty = regularization?.(params) ?? scalar(0, result.loss.dtype);
    const value = regularization === undefined ? result.loss : add(result.loss, penalty);
    return { value, aux: { result, penalty, carry: checkCarry("trainStep: the loss", carry, returned.carry) } };
  });
  const gradientsOf = (state: TrainState<P, C>, batch: B) =>
    differentiate(state.params, batch, keyAt(state.key, state.step), state.step, state.carry);

  return {
    init(params, key) {
      for (const { path, tensor } of leavesOf(params)) {
        if (isFloat(tensor.dtype)) continue;
        throw new TensorError(
          `trainStep: parameter ${path} ${describe(tensor)} is ${tensor.dtype}; parameters are f32 (or f64 on the reference backend)`,
        );
      }
      return {
        params,
        optimizer: optimizer.init(params),
        clip: clip.init(params),
        step: scalar(0, "i32"),
        key,
        carry: first,
      };
    },

    step(state, batch) {
      checkState(state, { optimizer, clip, carry: first });
      const { value, gradient, aux } = gradientsOf(state, batch);
      const gradientNorm = treeNorm(gradient);
      const clipped = clip.update(gradient, state.clip, state.params);
      const { updates, state: optimized } = optimizer.update(clipped.gradients, state.optimizer, state.params);
      const skipped = clipped.skip ?? scalar(0, "bool");
      const { weight } = aux.result;
      const empty = weight === undefined ? scalar(0, "bool") : equal(weight, 0);
      const unchanged = or(skipped, empty);
      const diverged = and(not(unchanged), not(and(isFinite(value), isFinite(treeNorm(gradient, "max")))));
      const stays = or(unchanged, diverged);
      const report: StepReport = { penalty: aux.penalty, gradientNorm, clip: clipped.report, skipped, empty, diverged };
      return {
        state: {
          params: zipTrees(state.params, updates, (w, u) => select(stays, w, add(w, u))),
          optimizer: keepIf(stays, state.optimizer, optimized),
          clip: keepIf(or(empty, diverged), state.clip, clipped.state),
          step: add(state.step, convert(not(diverged), "i32")),
          key: state.key,
          carry: carriedOn(state.carry, aux.carry, { skipped: unchanged, diverged }),
        },
        output: { result: aux.result, report },
      };
    },

    backward(state, batch) {
      const { gradient, aux } = gradientsOf(state, batch);
      return { loss: aux.result.loss, penalty: aux.penalty, gradientNorm: treeNorm(gradient) };
    },
  };
}

/**
 * Compares a state with what the optimizer, the clipper and the carry begin with for these parameters: another's would
 * be broadcast, or not be looked at.
 */
function checkState(
  state: TrainState<Tree, Tree>,
  { optimizer, clip, carry }: { readonly optimizer: Optimizer; readonly clip: Clipper; readonly carry: Tree },
): void {
  const same = (what: string, like: Tree, given: Tree): void =>
    checkTree(
      "trainStep.step",
      what,
      leavesOf(like).map(({ path, tensor: { shape, dtype } }) => ({ path, shape, dtype })),
      given,
    );
  same(`parts of the state of ${optimizer.name}`, optimizer.init(state.params), state.optimizer);
  same(`parts of the state of ${clip.name}`, clip.init(state.params), state.clip);
  same("parts of the carry", carry, state.carry);
}

const unclipped: Clipper = {
  name: "none",
  init: () => ({}),
  update: (gradients, state) => ({ gradients, state, report: {} }),
};

const isFinite = (x: Tensor): Tensor => less(abs(x), Infinity);

const keepIf = (condition: Tensor, before: Tree, after: Tree): Tree =>
  zipTrees(before, after, (old, fresh) => select(condition, old, fresh));
