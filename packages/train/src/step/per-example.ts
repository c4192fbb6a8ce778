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
import { checkMade, checkOptions, describe, placeholder, treeFrom } from "@sluice/tensor/internal";
import type { GradientTransform } from "@sluice/clip";
import { optimize, vectorize } from "@sluice/compiler";
import { callLoss, type Differentiate, type GradientMethod } from "./gradients.ts";
import type { Loss, LossResult, Reported } from "./loss.ts";

/** Options of {@link perExample}. */
export interface PerExampleOptions {
  /**
   * What the sum of the examples' gradients is divided by. Default: the number of examples whose loss does not have the
   * weight 0, so that padding does not count.
   */
  readonly divideBy?: number;
}

/**
 * Gradients of the single examples of a batch, each transformed on its own before they are averaged:
 *
 *     g_i = transform(d loss(example i) / d params);   g = sum_i g_i / n
 *
 * The loss of example i is the loss of a batch that holds only it. So the result is that of a loop over batches of one,
 * but in one program: products with weights stay products over the whole batch, and only the weights' gradients are
 * kept apart, `[batch, ...]` each. That memory is the batch size times the number of parameters. A loss that mixes
 * examples, as with batch normalization, is not the same for a batch of one. A loss that returns other buffers than it
 * was given is an error.
 *
 * Every part of the batch, and of the carry, has the examples on axis 0. Each example has a random key of its own. An
 * example whose loss has weight 0, or whose gradient the transform skips, adds nothing. The penalty is not an example's:
 * its gradient is added at the end. The loss reported is the mean of the examples' by their weights.
 *
 * `perExample(globalNorm(c))` is the clipping of DP-SGD (Abadi et al. 2016, arXiv 1607.00133).
 */
export function perExample(transform: GradientTransform, options: PerExampleOptions = {}): GradientMethod {
  const made = { init: "function", update: "function" };
  checkMade("perExample", "the transform", transform, made, "globalNorm(1)");
  checkOptions("perExample", options, ["divideBy"], { batchSize: "divideBy", batch_size: "divideBy" });
  const { divideBy } = options;
  if (divideBy !== undefined && !(divideBy > 0 && divideBy < Infinity))
    throw new TensorError(`perExample: expected divideBy as a finite number above 0, got ${divideBy}`);
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

/** Loss and transformed gradient of one example, in a batch of its own. */
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

/** `f` of what all examples share and of what each has of its own, `[examples, ...]`; so is all that it returns. */
function forEach<S extends Tree, O extends { readonly index: Tensor }, R extends Tree>(
  f: (shared: S, own: O) => R,
  shared: S,
  own: O,
): R {
  const one = mapTree(own, ({ shape, dtype }, path) => placeholder({ shape: shape.slice(1), dtype }, path));
  const { program, result } = recordProgram(f, [shared, one]);
  const count = own.index.shape[0] ?? 0;
  const outputs = vectorize(
    // Weights' gradients leave the loops over time first, so that each is one product an example.
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

/** The sum over axis 0 of what is used; the rest may be anything. */
function sumOf(used: Tensor, x: Tensor): Tensor {
  return sum(select(reshape(used, [...used.shape, ...x.shape.slice(1).map(() => 1)]), x, 0), 0);
}

/** The mean of scalars `[examples]`, 0 where nothing counts. */
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

/** An error where the loss of one example changes the buffers that all examples share. */
function checkUnchanged(before: Tree, after: Tree): void {
  const old = tensorsOf(before);
  const changed = leavesOf(after).find(({ tensor: x }, i) => x !== old[i]);
  if (changed === undefined) return;
  throw new TensorError(
    `perExample: the loss returns another buffer ${changed.path}, but each example is a batch of its own, so there is no one value of it; evaluate with the buffers as they are, or take the batch's gradient`,
  );
}

function checkStateless(transform: GradientTransform, params: Tree): void {
  const [part] = leavesOf(transform.init(params));
  if (part === undefined) return;
  throw new TensorError(
    `perExample: ${transform.name} has a state (${part.path || "a tensor"}), but examples come and go; put it into the chain of the optimizer`,
  );
}
