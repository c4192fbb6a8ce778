import { tensor, TensorError, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { logF64, nth, shown } from "@sluice/tensor/internal";
import { checkSteps } from "../steps.ts";
import { probeData, tensorOf, type ReadoutOptions, type Side } from "./probe-data.ts";
import { predictions, softmaxRegression, type Readout } from "./softmax-regression.ts";

/** How well classes are predicted. */
export interface ClassificationScore {
  /** The fraction of points whose most probable class is right; among equals the first class counts. */
  readonly accuracy: number;
  /** The mean of -log p of the right class, in nats. */
  readonly crossEntropy: number;
}

/** What {@link logisticReadout} returns. */
export interface LogisticReadout {
  /** f64 `[features, classes]`. */
  readonly weights: ArrayTensor;
  /** f64 `[classes]`, with the sum 0. */
  readonly bias: ArrayTensor;
  readonly train: ClassificationScore;
  readonly test: ClassificationScore;
  /** The test score of the classes' frequencies in training: what a readout that ignores the states reaches. */
  readonly baseline: ClassificationScore;
  /** The rows kept for testing. */
  readonly testRows: readonly number[];
}

/**
 * Whether states tell a class, as a linear readout (a probe: Alain, Bengio 2016, arXiv:1610.01644): multinomial logistic
 * regression from states `[batch, time, features]` or `[batch, features]` to classes 0, 1, ... `[batch, time]` or
 * `[batch]`. It minimizes, by Newton's method,
 *
 *     sum -log p_class + penalty / 2 |W|^2,   p = softmax(x W + b)
 *
 * With three classes or more this is scikit-learn's `LogisticRegression` with C = 1 / penalty. Rows are split: some train
 * the readout, the others test it. Compare `test` with `baseline`, which is the accuracy of the most frequent class.
 * Steps that a row does not have do not count. One Newton step takes points x (classes x features)^2 operations.
 *
 * Throws a TensorError if shapes do not fit, if a state is not finite, if a class is not an integer of at least 0 or does
 * not occur in training, or unless the penalty is above 0.
 */
export function logisticReadout(states: Tensor, classes: Tensor, options: ReadoutOptions): LogisticReadout {
  const operation = "logisticReadout";
  checkSteps(operation, options, ["test", "penalty"]);
  const { train, test, testRows, penalty } = probeData(operation, states, classes, options);
  if (penalty === 0)
    throw new TensorError(
      `${operation}: penalty must be above 0: without one, the weights of separable classes are infinite`,
    );
  const [own, others] = [labelsOf(operation, train), labelsOf(operation, test)];
  const count =
    1 +
    Math.max(
      own.reduce((a, b) => Math.max(a, b), 1),
      others.reduce((a, b) => Math.max(a, b), 1),
    );
  const shares = sharesOf(operation, own, count);
  const readout = softmaxRegression({ columns: train.columns, labels: own }, count, penalty);
  const constant: Readout = {
    weights: shares.map(() => new Float64Array(test.columns.length)),
    bias: Float64Array.from(shares, logF64),
  };
  return {
    weights: tensorOf(readout.weights),
    bias: tensor(readout.bias),
    train: scoreOf(train, own, readout),
    test: scoreOf(test, others, readout),
    baseline: scoreOf(test, others, constant),
    testRows,
  };
}

function labelsOf(operation: string, { targets }: Side): Float64Array {
  const [labels, ...more] = targets;
  if (labels === undefined || more.length > 0)
    throw new TensorError(`${operation}: expected one class for each state, got ${targets.length}; pass [batch, time]`);
  const strange = labels.find((label) => !Number.isInteger(label) || label < 0);
  if (strange !== undefined)
    throw new TensorError(`${operation}: a class must be an integer of at least 0, got ${shown(strange)}`);
  return labels;
}

/** The fraction of training points of each class. */
function sharesOf(operation: string, labels: Float64Array, count: number): number[] {
  const shares = Array.from({ length: count }, () => 0);
  for (const label of labels) shares[label] = nth(shares, label) + 1 / labels.length;
  const absent = shares.indexOf(0);
  if (absent < 0) return shares;
  throw new TensorError(
    `${operation}: no training step is of class ${absent} (classes are numbered from 0 without gaps); keep other rows for testing`,
  );
}

function scoreOf({ columns }: Side, labels: Float64Array, readout: Readout): ClassificationScore {
  const { probabilities, loss } = predictions(columns, labels, readout);
  const right = labels.filter((label, i) => {
    const largest = probabilities.reduce((most, column) => Math.max(most, nth(column, i)), 0);
    return probabilities.findIndex((column) => nth(column, i) === largest) === label;
  });
  return { accuracy: right.length / labels.length, crossEntropy: loss / labels.length };
}
