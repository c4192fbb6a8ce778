/** The linear system of a Legendre memory unit, in plain numbers: sums, products and quotients alone. */
import { TensorError } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";

/** How the system becomes steps of one unit of time: zero-order hold, or Euler's rule. */
export type LmuDiscretization = "zoh" | "euler";

/** A `[order, order]` and B `[order]`, row by row. */
export interface DelayNetwork {
  readonly A: Float64Array;
  readonly B: Float64Array;
}

/**
 * The best approximation of a delay of `theta` steps by `order` states (Voelker et al. 2019), in steps
 * m_t = A m_{t-1} + B u_t:
 *
 *     a_ij = (2 i + 1) (-1 for i < j, (-1)^(i - j + 1) for i >= j) / theta
 *     b_i  = (2 i + 1) (-1)^i / theta
 *     A = exp(a), B = a^-1 (exp(a) - 1) b      zoh: the last column of exp([a b; 0 0]) is B
 *     A = 1 + a,  B = b                        euler
 */
export function delayNetwork(order: number, theta: number, discretization: LmuDiscretization): DelayNetwork {
  const size = order + 1;
  const system = new Float64Array(size * size);
  for (let i = 0; i < order; i++) {
    const scale = (2 * i + 1) / theta;
    for (let j = 0; j < order; j++) system[i * size + j] = i < j || (i - j) % 2 === 0 ? -scale : scale;
    system[i * size + order] = i % 2 === 0 ? scale : -scale;
  }
  const steps = stepsOf(system, size, discretization);
  const A = new Float64Array(order * order);
  const B = new Float64Array(order);
  for (let i = 0; i < order; i++) {
    A.set(steps.subarray(i * size, i * size + order), i * order);
    B[i] = at(steps, i * size + order);
  }
  return { A, B };
}

function stepsOf(system: Float64Array, size: number, discretization: LmuDiscretization): Float64Array {
  switch (discretization) {
    case "zoh":
      return exponential(system, size);
    case "euler":
      return system.map((value, i) => value + (i % (size + 1) === 0 ? 1 : 0));
    default:
      throw new TensorError(
        `lmu: unknown discretization ${String(discretization)}; ${suggestion(String(discretization), ["zoh", "euler"])}`,
      );
  }
}

/** Terms of the series: the last is below 0.5^18 / 18!, less than 2^-70. */
const TERMS = 18;

/** The exponential of a matrix: its series at a 2^-n-th of the matrix, squared n times. */
function exponential(matrix: Float64Array, size: number): Float64Array {
  let [halvings, scale] = [0, 1];
  for (let largest = rowSum(matrix, size); largest * scale > 0.5; halvings++) scale /= 2;
  const small = matrix.map((value) => value * scale);
  let term = identityOf(size);
  let total = term;
  for (let n = 1; n <= TERMS; n++) {
    term = product(term, small, size).map((value) => value / n);
    const added = term;
    total = total.map((value, i) => value + at(added, i));
  }
  for (let n = 0; n < halvings; n++) total = product(total, total, size);
  return total;
}

/** The largest sum of sizes in a row. */
function rowSum(matrix: Float64Array, size: number): number {
  let largest = 0;
  for (let i = 0; i < size; i++) {
    let total = 0;
    for (let j = 0; j < size; j++) total += Math.abs(at(matrix, i * size + j));
    largest = Math.max(largest, total);
  }
  return largest;
}

const identityOf = (size: number): Float64Array =>
  Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));

function product(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const made = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const left = at(a, i * size + k);
      for (let j = 0; j < size; j++) made[i * size + j] = at(made, i * size + j) + left * at(b, k * size + j);
    }
  }
  return made;
}

const at = (values: Float64Array, i: number): number => values[i] ?? NaN;
