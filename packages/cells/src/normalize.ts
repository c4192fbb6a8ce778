import type { Normalizer } from "@sluice/norm";
import { add, mul, reshape, TensorError, type Shape, type Tensor } from "@sluice/tensor";

/**
 * A term of a preactivation: a product `[batch, gates * hidden]`, a bias `[gates * hidden]`, or a product to which
 * something happens between its normalization and the sum: `r (LN(U h) + b)` is `{ product: matmul(h, U), bias: b,
 * times: r }`.
 */
export type Term = Tensor | { readonly product: Tensor; readonly bias?: Tensor; readonly times?: Tensor };

/**
 * The sum of the terms, normalized in the way the cell was given; the plain sum without a normalizer. The place names
 * its parameters. The place `cell` is the memory before the output nonlinearity and takes one tensor.
 */
export type Norm = (place: string, terms: Tensor | readonly Term[]) => Tensor;

/** The parameters of normalized tensors: place, then branch (`0`, `1`, ...) or `gates`. */
export type ParamsAt = (place: string, part: string, shape: Shape) => Readonly<Record<string, Tensor>>;

export function normOf(normalizer: Normalizer | undefined, hidden: number, paramsAt: ParamsAt): Norm {
  const apply = (place: string, part: string, x: Tensor): Tensor => {
    if (normalizer === undefined) return x;
    return normalizer.apply(paramsAt(place, part, x.shape.slice(1)), x);
  };
  const sum = (terms: readonly Term[], branch: (x: Tensor, i: number) => Tensor): Tensor => {
    const summands = terms.map((term, i) => {
      if ("kind" in term) return term.shape.length < 2 ? term : branch(term, i);
      const { product, bias, times } = term;
      const normalized = branch(product, i);
      const biased = bias === undefined ? normalized : add(normalized, bias);
      return times === undefined ? biased : mul(times, biased);
    });
    return summands.reduce((total, x) => add(total, x));
  };
  return (place, given) => {
    const terms: readonly Term[] = isTerms(given) ? given : [given];
    if (terms.length === 0) throw new TensorError(`norm: ${place} has no terms`);
    if (place === "cell") {
      const c = sum(terms, (x) => x);
      return normalizer?.placement.cell === true ? apply(place, "state", c) : c;
    }
    if (normalizer?.placement.preactivation === "gates") {
      const total = sum(terms, (x) => x);
      const width = total.shape.at(-1)!;
      if (width % hidden !== 0)
        throw new TensorError(
          `norm: the width ${width} of ${place} is not a multiple of hidden ${hidden}, so it has no gates to normalize`,
        );
      const gates = reshape(total, [...total.shape.slice(0, -1), width / hidden, hidden]);
      return reshape(apply(place, "gates", gates), total.shape);
    }
    return sum(terms, (x, i) => apply(place, String(i), x));
  };
}

function isTerms(terms: Tensor | readonly Term[]): terms is readonly Term[] {
  return Array.isArray(terms);
}
