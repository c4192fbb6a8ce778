import { TensorError } from "@sluice/tensor";
import { checkList, checkOptions, hasMembers, shown } from "@sluice/tensor/internal";
import { byName, checkNames } from "../names.ts";
import type { LearningCurve } from "./learning-curves.ts";

/** Losses of one head on training and validation data, at the same times; the first ones before training. */
export type HeadLosses = Pick<LearningCurve, "training" | "validation">;

/** What a head learned between two points of its curve. */
export interface HeadProgress {
  /** By how much the gap between validation and training loss grew: Delta O. */
  readonly overfitting: number;
  /** By how much the validation loss fell: Delta G. */
  readonly generalization: number;
  /** The overfitting-to-generalization ratio `|Delta O / Delta G|`. */
  readonly ratio: number;
}

/** The weights of the heads' losses, and what they were made of. */
export interface BlendingWeights<M extends string> {
  /** They add up to 1. */
  readonly weights: Readonly<Record<M, number>>;
  readonly heads: Readonly<Record<M, HeadProgress>>;
}

/** Options of {@link blendingWeights}. */
export interface BlendingOptions {
  /** The index of the point of the curves at which to begin. Default 0. */
  readonly from?: number;
  /** The index of the point at which to end. Default: the last one. */
  readonly to?: number;
}

/**
 * The weights of gradient blending (Wang, Tran and Feiszli 2020, arXiv:1905.12681) for the losses of the heads of a
 * model of several modalities, from their losses L at two points N and N + n of training:
 *
 *     O = L^V - L^T                              overfitting, of validation and training loss
 *     Delta O = O_(N+n) - O_N,   Delta G = L^V_N - L^V_(N+n)
 *     w_k = (Delta G_k / Delta O_k^2) / Z        Z: so that they add up to 1
 *
 * These minimize `sum_k (w_k Delta O_k)^2 / (sum_k w_k Delta G_k)^2`, the squared overfitting-to-generalization ratio of
 * the blend, if the heads overfit independently. A head whose validation loss did not fall gets the weight 0.
 *
 * Throws a TensorError if no validation loss fell, if a head that generalized did not overfit or underfit at all, and
 * for losses that are not finite.
 */
export function blendingWeights<M extends string>(
  curves: Readonly<Record<M, HeadLosses>>,
  options?: BlendingOptions,
): BlendingWeights<M>;
export function blendingWeights(
  curves: Readonly<Record<string, HeadLosses>>,
  options: BlendingOptions = {},
): BlendingWeights<string> {
  checkOptions("blendingWeights", options, ["from", "to"]);
  const { from = 0, to = -1 } = options;
  if (!hasMembers(curves, {}) || !Object.values(curves).every((losses) => hasMembers(losses, {})))
    throw new TensorError(
      `blendingWeights: the curves are ${shown(curves)}, expected { training, validation } for each head`,
    );
  const names = Object.keys(curves);
  checkNames("blendingWeights", names);
  const heads = Object.fromEntries(
    Object.entries(curves).map(([name, losses]) => [name, progress(name, losses, from, to)]),
  );
  const raw = Object.entries(heads).map(([name, { overfitting, generalization }]): [string, number] => {
    if (generalization <= 0) return [name, 0];
    if (overfitting === 0)
      throw new TensorError(
        `blendingWeights: ${name} generalized without any overfitting, so its weight would be infinite; train it for longer`,
      );
    return [name, generalization / (overfitting * overfitting)];
  });
  const Z = raw.reduce((total, [, weight]) => total + weight, 0);
  if (!(Z > 0 && Z < Infinity))
    throw new TensorError(
      `blendingWeights: no validation loss of ${names.join(", ")} fell; train for longer, or otherwise`,
    );
  return { weights: Object.fromEntries(raw.map(([name, weight]) => [name, weight / Z])), heads };
}

function progress(name: string, { training, validation }: HeadLosses, from: number, to: number): HeadProgress {
  checkList("blendingWeights", `training of ${name}`, training, "[0.7, 0.2]");
  checkList("blendingWeights", `validation of ${name}`, validation, "[0.7, 0.4]");
  const used = [from, to].flatMap((i) => [training.at(i), validation.at(i)]);
  const isFinite = used.every((loss) => typeof loss === "number" && Number.isFinite(loss));
  if (training.length !== validation.length || training.length < 2 || !isFinite)
    throw new TensorError(
      `blendingWeights: expected finite losses of ${name} on training and validation data at the same points, two or more, got ${shown(training)} and ${shown(validation)}`,
    );
  const at = (losses: readonly number[], i: number): number => losses.at(i) ?? Number.NaN;
  const gap = (i: number): number => at(validation, i) - at(training, i);
  const [overfitting, generalization] = [gap(to) - gap(from), at(validation, from) - at(validation, to)];
  return { overfitting, generalization, ratio: Math.abs(overfitting / generalization) };
}

/** The weights of gradient blending, and the curves that they are made of. */
export interface GradientBlending<M extends string> extends BlendingWeights<M> {
  readonly curves: Readonly<Record<M, HeadLosses>>;
}

/**
 * Offline gradient blending: trains each head alone, from the same start, and gives the weights with which to train all
 * of them together ({@link blendingWeights}, {@link blendedLoss}):
 *
 *     const { weights } = await gradientBlending(["fused", "audio", "text"], async (head) => {
 *       const loss = blendedLoss({ [head]: 1 }, crossEntropy);
 *       const start = await evaluate(model.init(key(1)), loss), end = await evaluate(trained(loss), loss);
 *       return { training: [start.training, end.training], validation: [start.validation, end.validation] };
 *     });
 *     await fit(model, data, { loss: blendedLoss(weights, crossEntropy), epochs: 20 });
 *
 * `train` is called for one head after the other; the first losses that it returns are those before training. The
 * validation data must not be those on which the result is judged. Throws a TensorError as {@link blendingWeights} does.
 */
export async function gradientBlending<const M extends string>(
  heads: readonly M[],
  train: (head: M) => HeadLosses | Promise<HeadLosses>,
): Promise<GradientBlending<M>> {
  checkNames("gradientBlending", heads);
  const found = new Map<M, HeadLosses>();
  for (const head of heads) found.set(head, await train(head));
  const curves = byName(heads, (head) => found.get(head) ?? { training: [], validation: [] });
  return { ...blendingWeights(curves), curves };
}
