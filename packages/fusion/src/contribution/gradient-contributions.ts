import { abs, grad, mul, sqrt, square, sum, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, isFloat } from "@sluice/tensor/internal";
import { checkFuseOptions } from "../define-fusion.ts";
import type { Fused, Fusion, Modality } from "../fusion.ts";
import { described, givenModalities } from "../modalities.ts";
import { seen } from "../seen.ts";

/** Options of {@link gradientContributions}. */
export interface GradientContributionsOptions {
  /**
   * What is differentiated: a scalar of what the fusion gives, such as the sum over the rows of each row's logit of its
   * class. A row's term must depend on that row alone. Default: the sum of the output.
   */
  readonly score?: (fused: Fused) => Tensor;
  /** The fusion's buffers, if it has any. */
  readonly buffers?: Tree;
}

/** How the score of each example depends on one modality. */
export interface GradientContribution {
  /** The length of the gradient with respect to the modality, `[batch]`. It depends on the unit of the modality. */
  readonly norm: Tensor;
  /** The gradient times the modality, summed over features and steps, `[batch]`. */
  readonly timesInput: Tensor;
  /** The same with the absolute value of each product, `[batch]`, in which features do not cancel. */
  readonly absolute: Tensor;
}

/**
 * What each modality contributes to a score by its gradient, for each example: with g the gradient of the score with
 * respect to the modality's x,
 *
 *     norm = sqrt(sum of g^2)                     sensitivity
 *     timesInput = sum of g x                     gradient times input (Shrikumar et al. 2016, arXiv:1605.01713)
 *     absolute = sum of |g x|
 *
 * Where the score is linear in x, `timesInput` is exactly what it loses if the modality is zeros. The gradient is that
 * of evaluation. What is missing or padded, NaN included, contributes 0.
 *
 * Throws a TensorError if a modality is not of floats, such as token ids: embed them before.
 */
export function gradientContributions<P extends Tree, M extends string>(
  fusion: Fusion<P, M>,
  params: NoInfer<P>,
  modalities: Readonly<Record<NoInfer<M>, Modality>>,
  options?: GradientContributionsOptions,
): Readonly<Record<M, GradientContribution>>;
export function gradientContributions(
  fusion: Fusion,
  params: Tree,
  modalities: Readonly<Record<string, Modality>>,
  options: GradientContributionsOptions = {},
): Readonly<Record<string, GradientContribution>> {
  const operation = "gradientContributions";
  checkOptions(operation, options, ["score", "buffers"], { of: "score", target: "score" });
  const { score = ({ output }) => sum(output), buffers } = options;
  const applied = buffers === undefined ? {} : { buffers };
  checkFuseOptions(operation, applied);
  const given = givenModalities(fusion, modalities);
  const tokens = given.find(({ x }) => !isFloat(x.dtype));
  if (tokens !== undefined)
    throw new TensorError(
      `${operation}: modality ${tokens.name} is ${tokens.x.dtype}, which has no gradient; embed it before the fusion`,
    );
  const x = Object.fromEntries(given.map((one) => [one.name, seen(one).x]));
  const gradient = grad((at: typeof x) => {
    const fused = given.map((one): [string, Modality] => {
      const { extra } = one;
      return [one.name, { ...described(one, at[one.name] ?? one.x), ...(extra && { extra }) }];
    });
    return score(fusion.apply(params, Object.fromEntries(fused), applied));
  })(x);
  return Object.fromEntries(
    given.map(({ name, x: like }) => {
      const [g, value] = [gradient[name] ?? like, x[name] ?? like];
      const total = (y: Tensor): Tensor => sum(y, y.shape.map((_, axis) => axis).slice(1));
      const product = mul(g, value);
      return [name, { norm: sqrt(total(square(g))), timesInput: total(product), absolute: total(abs(product)) }];
    }),
  );
}
