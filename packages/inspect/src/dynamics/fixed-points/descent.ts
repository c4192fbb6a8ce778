/** The first stage of a search: all candidates descend on their speed at once. */
import type { Cell, State } from "@sluice/cells";
import {
  add,
  compile,
  div,
  lessEqual,
  mul,
  onesLike,
  reshape,
  scan,
  select,
  sqrt,
  square,
  sub,
  sum,
  tensor,
  valuesOf,
  vjp,
  zerosLike,
  type Backend,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import { autonomousMap, type Given } from "./autonomous.ts";

/** How candidates descend. */
export interface Descent {
  readonly iterations: number;
  readonly learningRate: number;
  readonly dtype: DType;
  readonly backend: Backend | undefined;
}

/** Candidates `[rows, n]` with Adam's means of their gradients and of the squares. */
type Descending = { readonly s: Tensor; readonly m: Tensor; readonly v: Tensor };

const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
/** A candidate rests once its speed q is this small: Newton's method is faster from there. */
const restingSpeed = 1e-9;
/** The most iterations of one run of the program. */
const longestStretch = 100;

/**
 * The states to which Adam (Kingma and Ba 2015, arXiv:1412.6980) leads the candidates as it minimizes the speed of
 * each, `q = |F(s) - s|^2 / 2`. The learning rate falls linearly to 0. One compiled loop runs again and again, until all
 * rest or the iterations are over.
 */
export async function descend<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  given: Given<P>,
  starts: readonly Float64Array[],
  { iterations, learningRate, dtype, backend }: Descent,
): Promise<readonly Float64Array[]> {
  const [rows, n] = [starts.length, nth(starts, 0).length];
  const s = tensor(
    starts.flatMap((start) => [...start]),
    [rows, n],
    { dtype },
  );
  let now: Descending = { s, m: zerosLike(s), v: zerosLike(s) };
  const rates = ratesOf(iterations, learningRate, dtype);
  const program = (own: Given<P>, from: Descending, steps: Tensor) => {
    const { next } = autonomousMap(cell, own, rows);
    const speedOf = (vectors: Tensor): Tensor => mul(0.5, sum(square(sub(next(vectors), vectors)), [1]));
    const { state } = scan(
      (at: Descending, rate: Tensor) => ({ state: adamStep(speedOf, at, rate), output: [] }),
      from,
      steps,
    );
    return { state, speed: speedOf(state.s) };
  };
  const compiled = await compile(program, [given, now, nth(rates, 0)], backend === undefined ? {} : { backend });
  try {
    for (const steps of rates) {
      const { state, speed } = await compiled(given, now, steps);
      now = state;
      if (valuesOf(speed).every((q) => !(q > restingSpeed))) break;
    }
  } finally {
    await compiled.dispose();
  }
  const values = valuesOf(now.s);
  return starts.map((_, i) => Float64Array.from(values.subarray(i * n, (i + 1) * n)));
}

/** One update of all candidates that do not rest. */
function adamStep(speedOf: (vectors: Tensor) => Tensor, { s, m, v }: Descending, rate: Tensor): Descending {
  const { result: speed, pullback } = vjp(speedOf, s);
  const [gradient] = pullback(onesLike(speed));
  const nextM = add(mul(beta1, m), mul(1 - beta1, gradient));
  const nextV = add(mul(beta2, v), mul(1 - beta2, square(gradient)));
  const moved = sub(s, div(mul(rate, nextM), add(sqrt(nextV), epsilon)));
  const rests = lessEqual(reshape(speed, [...speed.shape, 1]), restingSpeed);
  return { s: select(rests, s, moved), m: nextM, v: nextV };
}

/** The rates of all iterations with Adam's correction of the means, in stretches of one length; 0 beyond the last. */
function ratesOf(iterations: number, learningRate: number, dtype: DType): Tensor[] {
  const stretch = Math.min(longestStretch, iterations);
  let [power1, power2] = [1, 1];
  const rates = Array.from({ length: Math.ceil(iterations / stretch) * stretch }, (_, i) => {
    power1 *= beta1;
    power2 *= beta2;
    const fallen = Math.max(0, 1 - i / iterations);
    return (learningRate * fallen * Math.sqrt(1 - power2)) / (1 - power1);
  });
  return Array.from({ length: rates.length / stretch }, (_, i) =>
    tensor(rates.slice(i * stretch, (i + 1) * stretch), [stretch], { dtype }),
  );
}
