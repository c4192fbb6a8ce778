import {
  add,
  and,
  broadcastTo,
  convert,
  div,
  equal,
  grad,
  iota,
  keyAt,
  keyFor,
  leavesOf,
  mapTree,
  max,
  mul,
  not,
  reshape,
  scalar,
  select,
  sum,
  TensorError,
  tensorsOf,
  recordProgram,
  valueAndGradAux,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkMade, checkOptions, describe, placeholder, treeFrom, shown } from "@sluice/tensor/internal";
import type { GradientTransform } from "@sluice/clip";
import { optimize, vectorize } from "@sluice/compiler";
import { callLoss, type Differentiate, type GradientMethod } from "./gradients.ts";
import type { Loss, LossResult, Reported } from "./loss.ts";

/** Options of {@link perExample}. */
export interface PerExampleOptions {
  /**
   * The divisor of the sum of the examples' gradients. Default: the number of examples whose loss has a nonzero weight,
   * so that padding does not count.
   */
  readonly divideBy?: number;
}

/**
 * Per-example gradients: the gradient of each example in a batch is transformed on its own before they are averaged:
 *
 *     g_i = transform(d loss(example i) / d params);   g = sum_i g_i / n
 *
 * The loss of example i is the loss of a batch with only this example. The result is that of a loop over batches of
 * one, but in one program: products with weights stay products over the whole batch, and only the weights' gradients
 * are separate, `[batch, ...]` each. They take memory of the batch size times the number of parameters. A loss that
 * mixes examples, as batch normalization does, has another value on a batch of one. A loss that changes its buffers is
 * an error.
 *
 * Every part of the batch and of the carry has the examples on axis 0. Each example has its own random key. An example
 * whose loss has weight 0, or whose gradient the transform skips, adds nothing. The penalty belongs to no example; its
 * gradient is added at the end. The reported loss is the weighted mean over the examples.
 *
 * `perExample(globalNorm(c))` is the clipping of DP-SGD (Abadi et al. 2016, arXiv 1607.00133).
 */
export function perExample(transform: GradientTransform, options: PerExampleOptions = {}): GradientMethod {
  const made = { init: "function", update: "function" };
  checkMade("perExample", "the transform", transform, made, "globalNorm(1)");
  checkOptions("perExample", options, ["divideBy"], { batchSize: "divideBy", batch_size: "divideBy" });
  const { divideBy } = options;
  if (divideBy !== undefined && !(divideBy > 0 && divideBy < Infinity))
    throw new TensorError(`perExample: expected divideBy as a finite number above 0, got ${shown(divideBy)}`);
  return {
    name: "perExample",
    of<P extends Tree, B extends Tree, R extends LossResult, C extends Tree, F extends Tree>(
      loss: Loss<P, B, R, C, F>,
      regularization: ((params: P) => Tensor) | undefined,
    ): Differentiate<P, B, R, C, F> {
      return ({ params, key, step, carry, buffers }, batch) => {
        checkStateless(transform, params);
        const count = examplesOf({ batch, carry });
        const all = forEach(
          (shared: Shared<P, F>, own: Own<B, C>) => ofOne(loss, transform, shared, own),
          { params, key: keyAt(key, step), step, buffers },
          { batch: asBatches(batch), carry: asBatches(carry), index: iota([count]) },
        );
        const weight = convert(all.result.weight ?? all.ones, all.ones.dtype);
        const counted = not(equal(weight, 0));
        const divisor = divideBy ?? max(sum(convert(counted, weight.dtype)), 1);
        const gradient = mapTree(all.gradient, (g) =>
          div(sumOf(and(counted, not(all.skip)), g), typeof divisor === "number" ? divisor : convert(divisor, g.dtype)),
        );
        const result = mapTree(all.result, (x, path) => (path === "weight" ? sum(x) : mean(x, weight)));
        const penalty = regularization?.(params) ?? scalar(0, result.loss.dtype);
        return {
          gradient: regularization === undefined ? gradient : zipTrees(gradient, grad(regularization)(params), add),
          value: regularization === undefined ? result.loss : add(result.loss, penalty),
          penalty,
          result,
          carry: mapTree(all.carry, (x) => reshape(x, [count, ...x.shape.slice(2)])),
          buffers,
          examples: mapTree(all.report, (x) => mean(x, convert(counted, weight.dtype))),
        };
      };
    },
  };
}

type Shared<P extends Tree, F extends Tree> = {
  readonly params: P;
  readonly key: Tensor;
  readonly step: Tensor;
  readonly buffers: F;
};
type Own<B extends Tree, C extends Tree> = { readonly batch: B; readonly carry: C; readonly index: Tensor };
type OfOne<P extends Tree, R extends LossResult, C extends Tree> = {
  readonly gradient: P;
  readonly skip: Tensor;
  readonly report: Tree;
  readonly result: Reported<R>;
  readonly carry: C;
  /** 1 in the dtype of the loss. */
  readonly ones: Tensor;
};

/** Loss and transformed gradient of one example, as a batch of one. */
function ofOne<P extends Tree, B extends Tree, R extends LossResult, C extends Tree, F extends Tree>(
  loss: Loss<P, B, R, C, F>,
  transform: GradientTransform,
  { params, key, step, buffers }: Shared<P, F>,
  { batch, carry, index }: Own<B, C>,
): OfOne<P, R, C> {
  const ownKey = keyAt(key, index);
  const { value, gradient, aux } = valueAndGradAux((given: P) => {
    const { buffers: after, ...called } = callLoss(loss, given, batch, { key: ownKey, step, carry, buffers });
    checkUnchanged(buffers, after);
    return { value: called.result.loss, aux: called };
  })(params);
  const context = { key: keyFor(ownKey, "perExample"), step, loss: value };
  const { gradients, report = {}, skip = scalar(0, "bool") } = transform.update(gradient, {}, params, context);
  return { gradient: gradients, skip, report, ...aux, ones: scalar(1, value.dtype) };
}

/**
 * Applies `f` to each example: to the values that all examples share, and to the example's own entries of tensors
 * `[examples, ...]`. All results are `[examples, ...]`.
 */
function forEach<S extends Tree, O extends { readonly index: Tensor }, R extends Tree>(
  f: (shared: S, own: O) => R,
  shared: S,
  own: O,
): R {
  const one = mapTree(own, ({ shape, dtype }, path) => placeholder({ shape: shape.slice(1), dtype }, path));
  const { program, result } = recordProgram(f, [shared, one]);
  const count = own.index.shape[0] ?? 0;
  const outputs = vectorize(
    // The weights' gradients are first moved out of the loops over time, so that each takes one product per example.
    optimize(program),
    [
      ...tensorsOf(shared).map((tensor) => ({ tensor, stacked: false })),
      ...tensorsOf(own).map((tensor) => ({ tensor, stacked: true })),
    ],
    count,
  );
  return treeFrom(
    result,
    outputs.map(({ tensor: x, stacked }) => (stacked ? x : broadcastTo(x, [count, ...x.shape]))),
  );
}

/** Each example as a batch of one: `[examples, 1, ...]`. */
function asBatches<T extends Tree>(tree: T): T {
  return mapTree(tree, (x) => reshape(x, [x.shape[0] ?? 0, 1, ...x.shape.slice(1)]));
}

/** The sum over axis 0 of the used entries; the others are ignored, whatever they hold. */
function sumOf(used: Tensor, x: Tensor): Tensor {
  return sum(select(reshape(used, [...used.shape, ...x.shape.slice(1).map(() => 1)]), x, 0), 0);
}

/** The mean of scalars `[examples]`; 0 if none counts. */
function mean(x: Tensor, weight: Tensor): Tensor {
  const counted = not(equal(weight, 0));
  const total = sum(weight);
  return div(sumOf(counted, mul(convert(x, weight.dtype), weight)), select(equal(total, 0), 1, total));
}

function examplesOf(given: { readonly batch: Tree; readonly carry: Tree }): number {
  const [first, ...others] = leavesOf(given);
  const count = first?.tensor.shape[0];
  if (first === undefined || count === undefined)
    throw new TensorError(
      `perExample: expected a batch whose first axis is the example${first ? `, got ${first.path} ${describe(first.tensor)}` : ", got none"}`,
    );
  for (const { path, tensor } of others) {
    if (tensor.shape[0] === count) continue;
    throw new TensorError(
      `perExample: ${first.path} has ${count} examples on axis 0 but ${path} has the shape [${tensor.shape.join(",")}]; every part of the batch and the carry needs one entry per example`,
    );
  }
  return count;
}

/** Throws if the loss of one example changes the buffers that all examples share. */
function checkUnchanged(before: Tree, after: Tree): void {
  const old = tensorsOf(before);
  const changed = leavesOf(after).find(({ tensor: x }, i) => x !== old[i]);
  if (changed === undefined) return;
  throw new TensorError(
    `perExample: the loss changes the buffer ${changed.path}, but each example runs as a batch of one, so it would have a different value for each; return the buffers unchanged, or use the batch's gradient`,
  );
}

function checkStateless(transform: GradientTransform, params: Tree): void {
  const [part] = leavesOf(transform.init(params));
  if (part === undefined) return;
  throw new TensorError(
    `perExample: ${transform.name} has a state (${part.path || "a tensor"}), but a state cannot belong to an example that occurs in one step only; put the transform into the optimizer's chain`,
  );
}
