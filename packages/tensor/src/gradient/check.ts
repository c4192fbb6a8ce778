import { isArray } from "../apply.ts";
import { isFloat } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { nth, zip } from "../lists.ts";
import { checkOptions } from "../options.ts";
import { abs, add, mul } from "../primitives/arithmetic.ts";
import { sum } from "../primitives/reduce.ts";
import { evaluate } from "../program/evaluate.ts";
import type { Program } from "../program/program.ts";
import { recordProgram } from "../program/record.ts";
import { widen, widenArray } from "../program/widen.ts";
import { uniform } from "../random/distributions.ts";
import { randomBits } from "../primitives/random-bits.ts";
import { key, keyFor } from "../random/keys.ts";
import { positionOf, sizeOf } from "../shape.ts";
import { describe, item, scalar, valuesOf, type ArrayTensor, type Tensor } from "../tensor.ts";
import { leavesOf, type Leaf, type Tree } from "../tree.ts";
import { differenceOf, noiseOf } from "./difference.ts";
import { differentiate } from "./grad.ts";

/** Options of {@link checkGradient}. */
export interface GradientCheckOptions {
  /**
   * The required precision of the differences. An element whose difference is less certain than this does not count as
   * checked. The uncertainty is relative to the parameter's largest derivative or to the outputs' magnitude, whichever
   * is larger. Default 1e-6; usually it is below 1e-11. This is not a tolerance for errors of the gradient.
   */
  readonly tolerance?: number;
  /** How many elements of each parameter are checked; if it has more, they are drawn at random. Default 100. */
  readonly samples?: number;
  /** Seed of the random choices: elements, and the weights of the outputs. Default 0. */
  readonly seed?: number;
}

/** The result for one parameter, at its worst element. */
export interface ParameterCheck {
  /**
   * |derivative - difference| / uncertainty; at most 1 if rounding and truncation explain the difference. Infinity if
   * derivative or difference is not finite, or if the difference is too uncertain.
   */
  readonly error: number;
  /** Position of the worst element. */
  readonly index: readonly number[];
  /** The gradient at this element. */
  readonly derivative: number;
  /** The central difference at this element. */
  readonly difference: number;
  /** How much rounding and truncation may have changed the difference from the true derivative. */
  readonly uncertainty: number;
  /** How many elements were checked. */
  readonly checked: number;
}

/** The result of a check. */
export interface GradientReport {
  /** Whether every error is at most 1. */
  readonly passed: boolean;
  /** The largest error of all parameters. */
  readonly error: number;
  /** By path: `layers.0.U`. */
  readonly parameters: Readonly<Record<string, ParameterCheck>>;
}

/**
 * Compares the gradient of `f` with respect to every element of `params` with central differences, in f64. `f` is
 * recorded once and its f32 becomes f64, so you can check a cell or layer as it is. `f` may return any tree of tensors;
 * the check differentiates a sum of all their elements with fixed random weights. Integer and boolean tensors are held
 * fixed.
 *
 * There is no tolerance to choose. Each element is allowed the uncertainty of its own difference, the sum of two parts.
 * Rounding: the rounding error of f's values (measured, and at least 2^-52 of the sum of all outputs' magnitudes)
 * divided by the step. Truncation: estimated from two orders of the difference. So one small wrong element is found
 * among large ones, down to about 1e-12 of the outputs' magnitude.
 *
 * Second order: `checkGradient(grad(f), params)`.
 */
export function checkGradient<P extends Tree>(
  f: (params: P) => Tree,
  params: P,
  options: GradientCheckOptions = {},
): GradientReport {
  checkOptions("checkGradient", options, ["tolerance", "samples", "seed"]);
  const { tolerance = 1e-6, samples = 100, seed = 0 } = options;
  const leaves = leavesOf(params);
  const args = leaves.map(({ path, tensor }) => {
    if (isArray(tensor)) return widenArray(tensor);
    throw new TensorError(`checkGradient: ${path || "the parameter"} ${describe(tensor)} is a symbol without values`);
  });
  const program = widen(recordProgram((p: P) => weighted(f(p), seed), [params]).program);
  const magnitude = item(nth(evaluate(program, args), 1));
  const targets = leaves.flatMap((leaf, i) => (isFloat(leaf.tensor.dtype) ? [i] : []));
  if (targets.length === 0) throw new TensorError("checkGradient: there is no f32 or f64 tensor among the parameters");
  const gradients = evaluate(differentiate(program, targets), [...args, scalar(1, "f64"), scalar(0, "f64")])
    .slice(2)
    .filter(isArray);

  const noise = noiseOf((offset) => totalOf(program, moved(args, targets, offset)), magnitude);
  const parameters: Record<string, ParameterCheck> = {};
  for (const [position, gradient] of zip(targets, gradients)) {
    const leaf = nth(leaves, position);
    parameters[leaf.path] = checkParameter({
      program,
      args,
      position,
      gradient,
      noise,
      floor: magnitude,
      tolerance,
      elements: elementsOf(leaf, samples, seed),
    });
  }
  const error = Object.values(parameters).reduce((worst, check) => Math.max(worst, check.error), 0);
  return { passed: error <= 1, error, parameters };
}

/**
 * Runs {@link checkGradient} and throws if the check fails. The error says where and by how much, for each parameter
 * that fails.
 */
export function assertGradient<P extends Tree>(
  f: (params: P) => Tree,
  params: P,
  options: GradientCheckOptions = {},
): GradientReport {
  const report = checkGradient(f, params, options);
  if (report.passed) return report;
  const failed = Object.entries(report.parameters).filter(([, check]) => !(check.error <= 1));
  const lines = failed.map(
    ([path, { index, derivative, difference, uncertainty }]) =>
      `${path === "" ? "the parameter" : path} at [${index.join(",")}]: gradient ${derivative}, central difference ${difference} ± ${uncertainty.toPrecision(2)}`,
  );
  throw new TensorError(`the gradient differs from central differences\n  ${lines.join("\n  ")}`);
}

/** The weighted sum of all float outputs, and the weighted sum of their absolute values. */
function weighted(result: Tree, seed: number): [Tensor, Tensor] {
  const outputs = leavesOf(result).filter(({ tensor }) => isFloat(tensor.dtype));
  if (outputs.length === 0) throw new TensorError("checkGradient: the function returns no f32 or f64 tensor");
  const terms = outputs.map(({ path, tensor: { shape, dtype }, tensor }) => {
    if (outputs.length === 1 && shape.length === 0) return tensor;
    return mul(tensor, uniform(keyFor(key(seed), `output ${path}`), shape, { low: 0.5, high: 1.5, dtype }));
  });
  const total = (parts: readonly Tensor[]): Tensor => parts.map((x) => sum(x)).reduce((a, b) => add(a, b));
  return [total(terms), total(terms.map(abs))];
}

/** The sum that is differentiated, for some values of the parameters. */
function totalOf(program: Program, args: readonly ArrayTensor[]): number {
  return item(nth(evaluate(program, args), 0));
}

/**
 * Unit of an element's steps. It is large enough that a difference is not lost in the element's rounding and, for a
 * small element, not smaller than f's own scale.
 */
const unitOf = (x: number): number => Math.max(1, Math.abs(x));

/** `args` with every element of the targets moved by a multiple of its own unit. */
function moved(args: readonly ArrayTensor[], targets: readonly number[], offset: number): readonly ArrayTensor[] {
  return args.map((x, i) => {
    if (!targets.includes(i)) return x;
    const direction = valuesOf(
      uniform(keyFor(key(0), `direction ${i}`), [x.data.length], { low: -1, high: 1, dtype: "f64" }),
    );
    return { ...x, data: Float64Array.from(x.data, (value, j) => value + offset * unitOf(value) * nth(direction, j)) };
  });
}

interface Checked {
  readonly program: Program;
  readonly args: readonly ArrayTensor[];
  /** The position in `args` of the checked parameter. */
  readonly position: number;
  readonly gradient: ArrayTensor;
  /** Rounding error of the program's value. */
  readonly noise: number;
  /** Magnitude of the outputs. */
  readonly floor: number;
  readonly tolerance: number;
  readonly elements: readonly number[];
}

function checkParameter({
  program,
  args,
  position,
  gradient,
  noise,
  floor,
  tolerance,
  elements,
}: Checked): ParameterCheck {
  const x = nth(args, position);
  const found = elements.map((element) => {
    const [value, derivative] = [nth(x.data, element), nth(gradient.data, element)];
    const at = (offset: number): number => {
      const data = x.data.slice();
      data[element] = value + offset;
      return totalOf(program, args.with(position, { ...x, data }));
    };
    return {
      element,
      derivative,
      ...differenceOf(at, { noise, unit: unitOf(value), expected: derivative }),
    };
  });
  const scale = found.reduce(
    (largest, { derivative }) => (Number.isFinite(derivative) ? Math.max(largest, Math.abs(derivative)) : largest),
    floor,
  );
  let worst: ParameterCheck = {
    error: 0,
    index: [],
    derivative: 0,
    difference: 0,
    uncertainty: 0,
    checked: elements.length,
  };
  for (const { element, derivative, value: difference, uncertainty } of found) {
    const apart = Math.abs(derivative - difference);
    const told = Number.isFinite(apart) && uncertainty <= tolerance * scale;
    const error = apart === 0 ? 0 : told ? apart / uncertainty : Infinity;
    if (error > worst.error || worst.index.length === 0) {
      worst = {
        error,
        index: positionOf(element, x.shape),
        derivative,
        difference,
        uncertainty,
        checked: elements.length,
      };
    }
  }
  return worst;
}

function elementsOf({ path, tensor }: Leaf, samples: number, seed: number): number[] {
  const size = sizeOf(tensor.shape);
  if (size <= samples) return Array.from({ length: size }, (_, i) => i);
  const drawn = valuesOf(randomBits(keyFor(key(seed), `elements ${path}`), [samples]));
  return [...new Set(Array.from(drawn, (bits) => (bits >>> 0) % size))];
}
