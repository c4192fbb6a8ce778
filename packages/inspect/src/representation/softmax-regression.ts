/** Multinomial logistic regression by Newton's method. */
import { expF64, logF64, nth } from "@sluice/tensor/internal";
import { solved } from "../matrices/cholesky.ts";
import { dot, type Columns } from "../matrices/columns.ts";
import { predicted } from "./ridge-readout.ts";

/** Weights, a column `[features]` for each class, and a bias for each class. */
export interface Readout {
  readonly weights: Columns;
  readonly bias: Float64Array;
}

/** Features of the points in columns, and the class of each point. */
interface Labelled {
  readonly columns: Columns;
  readonly labels: ArrayLike<number>;
}

/** The predicted probabilities of a point's classes, and the loss. */
export interface Predictions {
  /** A column for each class. */
  readonly probabilities: Columns;
  /** The sum over points of -log p of their class. */
  readonly loss: number;
}

/**
 * The weights and biases that minimize
 *
 *     sum_i -log p_i,label(i) + penalty / 2 |W|^2,   p_i = softmax(x_i W + b)
 *
 * Adding a number to all biases changes nothing; those are chosen whose sum is 0. Newton's steps are halved until the
 * loss falls. The loss is strictly convex for a penalty above 0, so there is one minimum.
 */
export function softmaxRegression(data: Labelled, classes: number, penalty: number): Readout {
  const { size, partsOf, evaluate, gradientAt, hessianAt } = objectiveOf(data, classes, penalty);
  let theta = new Float64Array(size);
  let now = evaluate(theta);
  for (let iteration = 0; iteration < 100; iteration++) {
    const gradient = gradientAt(theta, now.probabilities);
    const step = solved(hessianAt(now.probabilities), [gradient])?.[0];
    if (step === undefined) break;
    const decrement = dot(gradient, step);
    if (!(decrement > 1e-20 * (1 + now.objective))) break;
    const next = descended(step, decrement);
    if (next === undefined) break;
    [theta, now] = [next.theta, next];
  }
  return partsOf(theta);

  /** The first of the steps 1, 1/2, 1/4, ... along which the objective falls enough. */
  function descended(step: Float64Array, decrement: number) {
    for (let length = 1; length > 1e-10; length /= 2) {
      const moved = theta.map((value, at) => value - length * nth(step, at));
      const found = evaluate(moved);
      if (found.objective <= now.objective - 1e-4 * length * decrement) return { theta: moved, ...found };
    }
    return undefined;
  }
}

/**
 * The loss as a function of one vector: weights and bias of class 0, then those of class 1, and so on. Half the square
 * of the sum of the biases is added, which is 0 at the minimum and makes it the only one.
 */
function objectiveOf({ columns, labels }: Labelled, classes: number, penalty: number) {
  const withOne: Columns = [...columns, new Float64Array(labels.length).fill(1)];
  const width = withOne.length;
  const size = classes * width;
  const partsOf = (theta: Float64Array): Readout => {
    const own = Array.from({ length: classes }, (_, k) => theta.slice(k * width, (k + 1) * width));
    return {
      weights: own.map((values) => values.slice(0, -1)),
      bias: Float64Array.from(own, (values) => nth(values, width - 1)),
    };
  };
  const sumOfBiases = (theta: Float64Array): number => partsOf(theta).bias.reduce((a, b) => a + b, 0);
  return {
    size,
    partsOf,
    evaluate(theta: Float64Array) {
      const parts = partsOf(theta);
      const { probabilities, loss } = predictions(columns, labels, parts);
      const shift = sumOfBiases(theta);
      const squares = parts.weights.reduce((total, w) => total + dot(w, w), 0);
      return { probabilities, objective: loss + (penalty / 2) * squares + (shift * shift) / 2 };
    },
    gradientAt(theta: Float64Array, probabilities: Columns): Float64Array {
      const shift = sumOfBiases(theta);
      const errors = probabilities.map((column, k) => column.map((p, i) => p - (labels[i] === k ? 1 : 0)));
      return theta.map((value, at) => {
        const [k, j] = [Math.floor(at / width), at % width];
        return dot(nth(errors, k), nth(withOne, j)) + (j === width - 1 ? shift : penalty * value);
      });
    },
    hessianAt(probabilities: Columns): Columns {
      const hessian = Array.from({ length: size }, () => new Float64Array(size));
      for (let k = 0; k < classes; k++)
        for (let l = 0; l <= k; l++) {
          const [own, other, same] = [nth(probabilities, k), nth(probabilities, l), k === l ? 1 : 0];
          const curvature = own.map((p, i) => p * (same - (other[i] ?? NaN)));
          withOne.forEach((x, j) => {
            const scaled = x.map((value, i) => value * (curvature[i] ?? NaN));
            for (let m = 0; m <= j; m++) {
              const isBias = j === width - 1 && m === width - 1;
              const value = dot(scaled, nth(withOne, m)) + (isBias ? 1 : k === l && j === m ? penalty : 0);
              // The block of two classes is symmetric, as is the whole.
              for (const [p, q] of [
                [k * width + j, l * width + m],
                [k * width + m, l * width + j],
              ] as const) {
                nth(hessian, p)[q] = value;
                nth(hessian, q)[p] = value;
              }
            }
          });
        }
      return hessian;
    },
  };
}

/** The probabilities of the classes, and the loss of the points' own classes. */
export function predictions(columns: Columns, labels: ArrayLike<number>, { weights, bias }: Readout): Predictions {
  const logits = predicted(columns, weights, bias);
  const probabilities = logits.map((column) => new Float64Array(column.length));
  let loss = 0;
  for (let i = 0; i < labels.length; i++) {
    const largest = logits.reduce((most, column) => Math.max(most, nth(column, i)), -Infinity);
    const powers = logits.map((column) => expF64(nth(column, i) - largest));
    const total = powers.reduce((a, b) => a + b, 0);
    powers.forEach((power, k) => (nth(probabilities, k)[i] = power / total));
    loss += logF64(total) + largest - nth(nth(logits, nth(labels, i)), i);
  }
  return { probabilities, loss };
}
