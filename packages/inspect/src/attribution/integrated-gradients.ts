import { compile, sum, tensor, valueAndGradAux, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { allocate, checkOptions, nth, sizeOf } from "@sluice/tensor/internal";
import { quadrature, type QuadratureRule } from "./quadrature.ts";
import {
  attributionOptions,
  explainedOf,
  scoreOf,
  valuesLike,
  type AttributionOptions,
  type Explained,
  type RowInputs,
  type Score,
} from "./score.ts";

/** Options of {@link integratedGradients}. */
export interface IntegratedGradientsOptions extends AttributionOptions {
  /** The input that stands for no information: a number, or a tensor that broadcasts to `x`. Default 0. */
  readonly baseline?: number | Tensor;
  /** The number of points on the path, each of which takes a forward and a backward run. Default 50. */
  readonly steps?: number;
  /** How the integral is approximated. Default `gaussLegendre`. */
  readonly rule?: QuadratureRule;
}

/** What {@link integratedGradients} returns. All numbers are f64. */
export interface IntegratedGradients {
  /** `[batch, time, ...features]`, in units of the score. NaN at steps that a row does not have. */
  readonly attributions: ArrayTensor;
  /** The score of every row, `[batch]`. */
  readonly scores: ArrayTensor;
  /** The score of every row at the baseline, `[batch]`. */
  readonly baselineScores: ArrayTensor;
  /**
   * The sum of a row's attributions minus the difference of its two scores, `[batch]`. It is 0 for the exact integral.
   * If it is not small against that difference, take more steps.
   */
  readonly completenessErrors: ArrayTensor;
  /** The names of the features. */
  readonly features: readonly string[];
}

/**
 * Integrated gradients (Sundararajan, Taly, Yan 2017, arXiv:1703.01365): what every feature at every step adds to the
 * score F, on the straight path from a baseline x' to x:
 *
 *     IG_i(x) = (x_i - x'_i) integral_0^1 dF(x' + a (x - x')) / dx_i da
 *
 * The attributions of a row add up to F(x) - F(x') (completeness), apart from the error of the integral, which is
 * returned. `x` is `[batch, time, features]`. The program is compiled once and run `steps + 2` times.
 *
 *     const score = (x, inputs) => take(model.apply(params, x, inputs).output, 3, 1); // the logit of class 3
 *     const { attributions, completenessErrors } = await integratedGradients(score, x, { lengths, backend: wasm() });
 *
 * Steps beyond a row's length and masked steps are missing: their attributions are NaN, and values of `x` there reach
 * nothing. Throws a TensorError if a shape does not fit or an option is out of range.
 */
export async function integratedGradients(
  score: Score,
  x: Tensor,
  options: IntegratedGradientsOptions = {},
): Promise<IntegratedGradients> {
  const operation = "integratedGradients";
  checkOptions(operation, options, [...attributionOptions, "baseline", "steps", "rule"], {
    baselines: "baseline",
    method: "rule",
    nSteps: "steps",
    n_steps: "steps",
  });
  const { baseline = 0, steps = 50, rule = "gaussLegendre", backend } = options;
  const explained = explainedOf(operation, score, x, options);
  const from = valuesLike(operation, "the baseline", baseline, explained.x);
  const { points, weights } = quadrature(operation, rule, steps);

  const run = await compile(
    (point: Tensor, inputs: RowInputs) =>
      valueAndGradAux((at: Tensor) => {
        const scores = scoreOf(operation, score, at, inputs);
        return { value: sum(scores), aux: scores };
      })(point),
    [x, explained.inputs],
    backend && { backend },
  );
  try {
    const at = async (a: number): Promise<{ readonly score: Float64Array; readonly gradient: Float64Array }> => {
      const found = await run(pointAt(a, from, explained.x), explained.inputs);
      return { score: doubles(found.aux), gradient: doubles(found.gradient) };
    };
    const integral = new Float64Array(from.length);
    for (const [k, a] of points.entries()) {
      const { gradient } = await at(a);
      const weight = nth(weights, k);
      gradient.forEach((slope, i) => (integral[i] = (integral[i] ?? NaN) + weight * slope));
    }
    const [start, end] = [await at(0), await at(1)];
    return resultOf(explained, { from, integral, baselineScores: start.score, scores: end.score });
  } finally {
    await run.dispose();
  }
}

/** The point x' + a (x - x') of the path, in the dtype of x; the ends are exact. */
function pointAt(a: number, from: Float64Array, x: ArrayTensor): ArrayTensor {
  if (a === 1) return x;
  const data = allocate(x.dtype, from.length);
  from.forEach((start, i) => (data[i] = a === 0 ? start : start + a * ((x.data[i] ?? NaN) - start)));
  return tensor(data, x.shape);
}

interface Found {
  readonly from: Float64Array;
  readonly integral: Float64Array;
  readonly scores: Float64Array;
  readonly baselineScores: Float64Array;
}

function resultOf(
  { x, batch, present, features }: Explained,
  { from, integral, scores, baselineScores }: Found,
): IntegratedGradients {
  const width = sizeOf(x.shape.slice(2));
  const has = (i: number): boolean => nth(present, Math.floor(i / width)) !== 0;
  const values = integral.map((slope, i) => (has(i) ? (nth(x.data, i) - nth(from, i)) * slope : 0));
  const ofRow = values.length / batch;
  const completenessErrors = scores.map((score, row) => {
    const total = values.subarray(row * ofRow, (row + 1) * ofRow).reduce((a, b) => a + b, 0);
    return total - (score - nth(baselineScores, row));
  });
  return {
    attributions: tensor(
      values.map((value, i) => (has(i) ? value : NaN)),
      x.shape,
    ),
    scores: tensor(scores),
    baselineScores: tensor(baselineScores),
    completenessErrors: tensor(completenessErrors),
    features,
  };
}

function doubles(x: Tensor): Float64Array {
  return Float64Array.from(valuesOf(x));
}
