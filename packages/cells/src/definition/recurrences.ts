/** The recurrences that are linear in the state, for definitions of associative cells. */
import { add, matmul, mul, sub, type Tensor } from "@sluice/tensor";
import type { AssociativeSteps } from "../cell/recurrence.ts";

/** h_t = a_t h_{t-1} + b_t, element by element, for the state of this name. Elements: a and b, shaped as the state. */
export function linearRecurrence<K extends string>(
  state: K,
): AssociativeSteps<"a" | "b", { readonly [N in K]: Tensor }> {
  return {
    identity: { a: 1, b: 0 },
    combine: (first, second) => ({ a: mul(first.a, second.a), b: add(mul(second.a, first.b), second.b) }),
    apply: ({ a, b }, before) => named(state, add(mul(a, before[state]), b)),
  };
}

/**
 * h_t = a_t h_{t-1} + b_t, element by element in complex numbers, as in the linear recurrent unit (Orvieto et al. 2023,
 * arXiv:2303.06349) and S5: `real` and `imaginary` name the two states. Elements: the parts of a and b.
 */
export function complexRecurrence<R extends string, I extends string>(
  real: R,
  imaginary: I,
): AssociativeSteps<"aReal" | "aImaginary" | "bReal" | "bImaginary", { readonly [N in R | I]: Tensor }> {
  type Complex = readonly [real: Tensor, imaginary: Tensor];
  const product = ([a, b]: Complex, [c, d]: Complex): Complex => [sub(mul(a, c), mul(b, d)), add(mul(a, d), mul(b, c))];
  return {
    identity: { aReal: 1, aImaginary: 0, bReal: 0, bImaginary: 0 },
    combine(first, second) {
      const a: Complex = [second.aReal, second.aImaginary];
      const [aReal, aImaginary] = product([first.aReal, first.aImaginary], a);
      const [bReal, bImaginary] = product(a, [first.bReal, first.bImaginary]);
      return { aReal, aImaginary, bReal: add(bReal, second.bReal), bImaginary: add(bImaginary, second.bImaginary) };
    },
    apply({ aReal, aImaginary, bReal, bImaginary }, before) {
      const [nextReal, nextImaginary] = product([aReal, aImaginary], [before[real], before[imaginary]]);
      return { ...named(real, add(nextReal, bReal)), ...named(imaginary, add(nextImaginary, bImaginary)) };
    },
  };
}

/**
 * S_t = A_t S_{t-1} + B_t, a product of matrices, for the state of this name, `[..., rows, columns]`. Elements: A `[...,
 * rows, rows]` less the identity matrix, so that zeros leave the state as it is, and B, shaped as the state.
 */
export function matrixRecurrence<K extends string>(
  state: K,
): AssociativeSteps<"A" | "B", { readonly [N in K]: Tensor }> {
  const moved = (A: Tensor, S: Tensor): Tensor => add(S, matmul(A, S));
  return {
    identity: { A: 0, B: 0 },
    combine: (first, second) => ({
      A: add(moved(second.A, first.A), second.A),
      B: add(moved(second.A, first.B), second.B),
    }),
    apply: ({ A, B }, before) => named(state, add(moved(A, before[state]), B)),
  };
}

function named<K extends string>(name: K, value: Tensor): { readonly [N in K]: Tensor };
function named(name: string, value: Tensor): Readonly<Record<string, Tensor>> {
  return { [name]: value };
}
