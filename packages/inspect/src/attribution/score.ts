/** What is explained: a score of every row, and the sequences on which it is computed. */
import { isTensor, mapTree, tensor, TensorError, type ArrayTensor, type Backend, type Tensor } from "@sluice/tensor";
import {
  checkFunction,
  checkOptions,
  checkTensor,
  describe,
  isFloat,
  sameShape,
  showShape,
  sizeOf,
} from "@sluice/tensor/internal";
import { activeSteps, type StepOptions } from "../steps.ts";

/** What a {@link Score} passes to the layer's `apply` with `x`: the options that go with its rows. */
export interface ScoreInputs {
  /** i32 `[batch]`. */
  readonly lengths?: Tensor;
  /** bool `[batch, time]`. */
  readonly mask?: Tensor;
  /** `[batch, time, ...]` by name. */
  readonly extra?: Readonly<Record<string, Tensor>>;
}

/**
 * The number that is explained, for every row: `x` `[batch, time, features]` to `[batch]`, such as the logit of a class.
 * Row b may depend on row b of its arguments only, because the batch may be repeated to explain many changes at once.
 *
 *     const score: Score = (x, inputs) => take(model.apply(params, x, inputs).output, 3, 1);
 */
export type Score = (x: Tensor, inputs: ScoreInputs) => Tensor;

/** Options of {@link integratedGradients} and {@link occlusion} about the sequences and where they are computed. */
export interface AttributionOptions extends StepOptions {
  /** What the cells read besides `x`, `[batch, time, ...]` by name, such as elapsed times. It is not attributed to. */
  readonly extra?: Readonly<Record<string, Tensor>>;
  /** The names of the features, for tables and figures. Default: `feature 0`, `feature 1` and so on. */
  readonly features?: readonly string[];
  /** Where the program runs. Default: the reference backend. */
  readonly backend?: Backend;
}

/** The names of {@link AttributionOptions}. */
export const attributionOptions = ["lengths", "mask", "extra", "features", "backend"];

/** The arguments of an attribution, checked. */
export interface Explained {
  /** `[batch, time, ...features]`. */
  readonly x: ArrayTensor;
  readonly batch: number;
  readonly time: number;
  /** The name of every feature of a step. */
  readonly features: readonly string[];
  /** Whether row b has step t, `[batch * time]`. */
  readonly present: ArrayLike<number>;
  readonly inputs: RowInputs;
}

/** The tensors of {@link ScoreInputs} as a tree. */
export type RowInputs = {
  /** `lengths` and `mask`, where they are given. */
  readonly steps: Readonly<Record<string, Tensor>>;
  readonly extra: Readonly<Record<string, Tensor>>;
};

export function explainedOf(operation: string, score: Score, given: Tensor, options: AttributionOptions): Explained {
  checkFunction(operation, "the score", score);
  checkTensor(operation, "x", given);
  const x = arrayOf(operation, "x", given);
  const [batch, time, ...rest] = x.shape;
  if (batch === undefined || time === undefined || rest.length === 0 || !isFloat(x.dtype))
    throw new TensorError(
      `${operation}: x must be a float [batch, time, features], got ${describe(x)}; for token ids pass what the embedding makes of them`,
    );
  const { lengths, mask, extra } = options;
  const counts = lengths === undefined ? undefined : countsOf(operation, lengths);
  const active = activeSteps(operation, [batch, time], {
    ...(counts && { lengths: counts }),
    ...(mask && { mask }),
  });
  return {
    x,
    batch,
    time,
    features: namesOf(operation, options.features, sizeOf(rest)),
    present: arrayOf(operation, "the steps", active).data,
    inputs: {
      steps: { ...(counts && { lengths: counts }), ...(mask && { mask: arrayOf(operation, "mask", mask) }) },
      extra: extraOf(operation, extra ?? {}, [batch, time]),
    },
  };
}

/** The score of every row; an error if it is not `[batch]`. */
export function scoreOf(operation: string, score: Score, x: Tensor, { steps, extra }: RowInputs): Tensor {
  const { lengths, mask } = steps;
  const y: unknown = score(x, {
    ...(lengths && { lengths }),
    ...(mask && { mask }),
    ...(Object.keys(extra).length > 0 && { extra }),
  });
  checkTensor(operation, "the score", y);
  const rows = x.shape.slice(0, 1);
  if (sameShape(y.shape, rows) && isFloat(y.dtype)) return y;
  throw new TensorError(
    `${operation}: the score must be a float ${showShape(rows)}, one number for each row, got ${describe(y)}; select a class with take(output, class, 1)`,
  );
}

/** A number, or a tensor that broadcasts to `x`, as the f64 values of a tensor of its shape. */
export function valuesLike(operation: string, what: string, given: number | Tensor, x: ArrayTensor): Float64Array {
  const size = sizeOf(x.shape);
  if (typeof given === "number") return new Float64Array(size).fill(given);
  const { data, shape } = arrayOf(operation, what, given);
  const lead = x.shape.length - shape.length;
  const fits = lead >= 0 && shape.every((n, axis) => n === 1 || n === x.shape[lead + axis]);
  if (!fits)
    throw new TensorError(
      `${operation}: ${what} must be a number or broadcast to x ${showShape(x.shape)}, got ${showShape(shape)}`,
    );
  const steps = shape.map((n, axis) => (n === 1 ? 0 : sizeOf(shape.slice(axis + 1))));
  return Float64Array.from({ length: size }, (_, place) => {
    let [from, rest] = [0, place];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const n = x.shape[lead + axis] ?? 1;
      from += (rest % n) * (steps[axis] ?? 0);
      rest = Math.floor(rest / n);
    }
    return data[from] ?? NaN;
  });
}

function namesOf(operation: string, given: readonly string[] | undefined, count: number): readonly string[] {
  const names = given ?? Array.from({ length: count }, (_, i) => `feature ${i}`);
  if (names.length === count) return names;
  throw new TensorError(`${operation}: x has ${count} features, got ${names.length} names of features`);
}

function countsOf(operation: string, lengths: Tensor | readonly number[]): ArrayTensor {
  return isTensor(lengths)
    ? arrayOf(operation, "lengths", lengths)
    : tensor(lengths, [lengths.length], { dtype: "i32" });
}

function extraOf(
  operation: string,
  extra: Readonly<Record<string, Tensor>>,
  lead: readonly number[],
): Readonly<Record<string, Tensor>> {
  checkOptions(`${operation}: extra`, extra, Object.keys(extra));
  mapTree(extra, (value, name) => {
    if (sameShape(value.shape.slice(0, 2), lead)) return value;
    throw new TensorError(
      `${operation}: extra ${name} must be [${lead.join(", ")}, ...] (batch, time), got ${showShape(value.shape)}`,
    );
  });
  return extra;
}

/** An error where values are needed and a program is being recorded. */
function arrayOf(operation: string, what: string, x: Tensor): ArrayTensor {
  if (x.kind === "array") return x;
  throw new TensorError(
    `${operation}: ${what} is a symbol without values; call ${operation} outside of the functions that are compiled`,
  );
}
