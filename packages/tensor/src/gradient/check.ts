import { isArray } from "../apply.ts";
import { isFloat } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { abs, add, mul } from "../primitives/arithmetic.ts";
import { sum } from "../primitives/reduce.ts";
import { evaluate } from "../program/evaluate.ts";
import type { Program } from "../program/program.ts";
import { trace } from "../program/trace.ts";
import { widen, widenArray } from "../program/widen.ts";
import { uniform } from "../random/distributions.ts";
import { randomBits } from "../primitives/random-bits.ts";
import { key, keyFor } from "../random/keys.ts";
import { sizeOf, stridesOf } from "../shape.ts";
import { describe, item, scalar, valuesOf, type ArrayTensor, type Tensor } from "../tensor.ts";
import { leavesOf, type Leaf, type Tree } from "../tree.ts";
import { differentiate } from "./grad.ts";

/** How thoroughly a gradient is checked. */
export interface GradientCheckOptions {
  /** The largest relative error that passes. Default 1e-6; a right gradient is usually below 1e-9. */
  readonly tolerance?: number;
  /** How many elements of each parameter are checked, drawn at random where it has more. Default 100. */
  readonly samples?: number;
  /** Seed of what is drawn: elements, and the weights of the outputs. Default 0. */
  readonly seed?: number;
}

/** What was found for one parameter, at its worst element. */
export interface ParameterCheck {
  /**
   * |derivative - difference|, relative to the parameter's largest derivative, or to 1e-5 of the outputs' magnitude where that is larger: below it, differences
   * are rounding. Infinity where one of the two is not finite.
   */
  readonly error: number;
  /** Position of the worst element. */
  readonly index: readonly number[];
  /** What the gradient says there. */
  readonly derivative: number;
  /** What the central difference says there. */
  readonly difference: number;
  /** How many elements were checked. */
  readonly checked: number;
}

/** What a check found. */
export interface GradientReport {
  readonly passed: boolean;
  readonly tolerance: number;
  /** The largest error of all parameters. */
  readonly error: number;
  /** By path: `layers.0.U`. */
  readonly parameters: Readonly<Record<string, ParameterCheck>>;
}

/**
 * Checks the gradient of `f` with respect to every element of `params` against central differences, in f64: `f` is traced once, and its f32 becomes f64, so a
 * cell or layer is checked as it is. `f` may return any tree of tensors: what is differentiated is a sum of all outputs' elements with fixed random
 * weights. Integer and boolean tensors are held fixed.
 *
 * Second order: `checkGradient(grad(f), params)`.
 */
export function checkGradient<P extends Tree>(f: (params: P) => Tree, params: P, options: GradientCheckOptions = {}): GradientReport {
  checkOptions("checkGradient", options, ["tolerance", "samples", "seed"]);
  const { tolerance = 1e-6, samples = 100, seed = 0 } = options;
  const leaves = leavesOf(params);
  const args = leaves.map(({ path, tensor }) => {
    if (isArray(tensor)) return widenArray(tensor);
    throw new TensorError(`checkGradient: ${path || "the parameter"} ${describe(tensor)} is a symbol without values`);
  });
  const program = widen(trace((p: P) => weighted(f(p), seed), [params]).program);
  const [value, magnitude] = evaluate(program, args).map(item);
  const targets = leaves.flatMap((leaf, i) => (isFloat(leaf.tensor.dtype) ? [i] : []));
  if (targets.length === 0) throw new TensorError("checkGradient: there is no f32 or f64 tensor among the parameters");
  const gradients = evaluate(differentiate(program, targets), [...args, scalar(1, "f64"), scalar(0, "f64")]).slice(2).filter(isArray);

  const floor = Number.isFinite(magnitude!) && Number.isFinite(value!) ? 1e-5 * magnitude! : 0;
  const parameters: Record<string, ParameterCheck> = {};
  targets.forEach((i, t) => {
    const { path } = leaves[i]!;
    parameters[path] = checkParameter({ program, args, position: i, gradient: gradients[t]!, floor, elements: elementsOf(leaves[i]!, samples, seed) });
  });
  const error = Object.values(parameters).reduce((worst, check) => Math.max(worst, check.error), 0);
  return { passed: error <= tolerance, tolerance, error, parameters };
}

/** {@link checkGradient} that throws where the check does not pass, and says for each parameter that fails where and by how much. */
export function assertGradient<P extends Tree>(f: (params: P) => Tree, params: P, options: GradientCheckOptions = {}): GradientReport {
  const report = checkGradient(f, params, options);
  if (report.passed) return report;
  const failed = Object.entries(report.parameters).filter(([, check]) => !(check.error <= report.tolerance));
  const lines = failed.map(
    ([path, { error, index, derivative, difference }]) =>
      `${path === "" ? "the parameter" : path}: relative error ${error.toExponential(1)} at [${index.join(",")}]: gradient ${derivative}, central difference ${difference}`,
  );
  throw new TensorError(`gradient differs from central differences by more than ${report.tolerance}\n  ${lines.join("\n  ")}`);
}

/** The weighted sum of all float outputs, and the same of their absolute values. */
function weighted(result: Tree, seed: number): [Tensor, Tensor] {
  const outputs = leavesOf(result).filter(({ tensor }) => isFloat(tensor.dtype));
  if (outputs.length === 0) throw new TensorError("checkGradient: the function returns no f32 or f64 tensor");
  const [only] = outputs;
  const terms = outputs.map(({ path, tensor: { shape, dtype }, tensor }) => {
    if (outputs.length === 1 && only!.tensor.shape.length === 0) return tensor;
    return mul(tensor, uniform(keyFor(key(seed), `output ${path}`), shape, { low: 0.5, high: 1.5, dtype }));
  });
  const total = (parts: readonly Tensor[]): Tensor => parts.map((x) => sum(x)).reduce((a, b) => add(a, b));
  return [total(terms), total(terms.map(abs))];
}

interface Checked {
  readonly program: Program;
  readonly args: readonly ArrayTensor[];
  /** Which of `args` is checked. */
  readonly position: number;
  readonly gradient: ArrayTensor;
  readonly floor: number;
  readonly elements: readonly number[];
}

/** Steps of the differences, relative to max(1, |x|): a smaller one is tried where a larger one disagrees, as next to a kink of relu or a pole. */
const steps = [1e-3, 1e-4, 1e-5];

function checkParameter({ program, args, position, gradient, floor, elements }: Checked): ParameterCheck {
  const x = args[position]!;
  const probe = (element: number, offset: number): number => {
    const data = x.data.slice();
    data[element] = data[element]! + offset;
    return item(evaluate(program, args.with(position, { ...x, data }))[0]!);
  };
  /** Of fourth order: its error falls with the fourth power of the step. */
  const difference = (element: number, step: number): number => {
    const h = step * Math.max(1, Math.abs(x.data[element]!));
    return (8 * (probe(element, h) - probe(element, -h)) - (probe(element, 2 * h) - probe(element, -2 * h))) / (12 * h);
  };
  const found = elements.map((element) => ({ element, derivative: gradient.data[element]!, difference: difference(element, steps[0]!) }));
  const scale = Math.max(floor, ...found.flatMap((y) => [Math.abs(y.derivative), Math.abs(y.difference)]).filter(Number.isFinite));
  const errorOf = (derivative: number, other: number): number => {
    if (!Number.isFinite(derivative) || !Number.isFinite(other)) return Infinity;
    return derivative === other ? 0 : Math.abs(derivative - other) / scale;
  };
  let worst: ParameterCheck = { error: 0, index: [], derivative: 0, difference: 0, checked: elements.length };
  for (const { element, derivative, difference: first } of found) {
    let best = first;
    for (const step of steps.slice(1)) {
      if (errorOf(derivative, best) < 1e-8) break;
      const next = difference(element, step);
      if (errorOf(derivative, next) < errorOf(derivative, best)) best = next;
    }
    const error = errorOf(derivative, best);
    if (error > worst.error || worst.index.length === 0) {
      worst = { error, index: indexOf(element, x.shape), derivative, difference: best, checked: elements.length };
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

function indexOf(element: number, shape: readonly number[]): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(element / stride) % shape[axis]!);
}
