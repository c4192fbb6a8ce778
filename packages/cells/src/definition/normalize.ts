import type { NormalizedPart, Normalizer, NormalizerContext } from "@sluice/norm";
import { add, isTensor, mul, reshape, TensorError, type Shape, type Tensor } from "@sluice/tensor";
import { checkOptions, describe, sameShape, shown } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";

/**
 * A term of a preactivation: a product `[batch, gates * hidden]`, a bias `[gates * hidden]`, or a product that is
 * changed between its normalization and the sum: `r (LN(U h) + b)` is `{ product: matmul(h, U), bias: b, times: r }`.
 */
export type Term = Tensor | { readonly product: Tensor; readonly bias?: Tensor; readonly times?: Tensor };

/**
 * The sum of the terms, normalized by the cell's normalizer; the plain sum if it has none. The place names its
 * parameters. The place `cell` is the memory before the output nonlinearity and takes one tensor. `gates` is the number
 * of gates of equal width in the sum, which some placements normalize one by one; default: its width divided by
 * `hidden`.
 */
export type Norm = (
  place: string,
  terms: Tensor | readonly Term[],
  options?: { readonly gates?: number | undefined },
) => Tensor;

/** Where a normalized tensor occurs: the place, then the branch (`0`, `1`, ...), `gates` or `state`; and what it is. */
export interface NormalizedPlace {
  readonly place: string;
  readonly part: string;
  readonly kind: NormalizedPart;
}

/** The arguments of a normalizer at one place, and the record of what it observes there. */
interface NormalizerAt {
  readonly params: Readonly<Record<string, Tensor>>;
  readonly context: NormalizerContext;
  readonly observe: (observed: Readonly<Record<string, Tensor>>) => void;
}

export interface NormOptions {
  readonly hidden: number;
  /** The arguments at a place, for tensors of this shape without the batch axis. */
  readonly at: (where: NormalizedPlace, shape: Shape) => NormalizerAt;
  /** The kind of the product that a term is, or is a slice of; undefined if it is another tensor. */
  readonly kindOf: (term: Tensor, at: Pick<NormalizedPlace, "place" | "part">) => NormalizedPart | undefined;
}

export function normOf(normalizer: Normalizer | undefined, { hidden, at, kindOf }: NormOptions): Norm {
  const apply = (where: NormalizedPlace, x: Tensor): Tensor => {
    if (normalizer === undefined) return x;
    const { params, context, observe } = at(where, x.shape.slice(1));
    return outputOf(normalizer, normalizer.apply(params, x, context), x, observe);
  };
  return (place, given, options = {}) => {
    checkOptions(`norm: ${place}`, options, ["gates"]);
    const terms: readonly Term[] = isTerms(given) ? given : [given];
    if (terms.length === 0) throw new TensorError(`norm: ${place} has no terms`);
    if (place === "cell") {
      const c = sum(terms, (x) => x);
      return normalizer?.placement.cell === true ? apply({ place, part: "state", kind: "cell" }, c) : c;
    }
    if (normalizer?.placement.preactivation === "gates") {
      const total = sum(terms, (x) => x);
      const gates = byGate(place, total, options.gates ?? axisSize(total, -1) / hidden);
      return reshape(apply({ place, part: "gates", kind: "gates" }, gates), total.shape);
    }
    const onlyInputs = normalizer?.placement.preactivation === "input";
    return sum(terms, (x, i) => {
      const part = String(i);
      const kind = kindOf(x, { place, part }) ?? "other";
      return onlyInputs && kind !== "input" ? x : apply({ place, part, kind }, x);
    });
  };
}

/** `[batch, width]` as `[batch, gates, width / gates]`. */
function byGate(place: string, total: Tensor, gates: number): Tensor {
  const width = axisSize(total, -1);
  if (!Number.isInteger(gates) || gates < 1 || width % gates !== 0)
    throw new TensorError(
      `norm: the width ${width} of ${place} does not divide into ${shown(gates)} gates; give their number, { gates }, if they are not as wide as hidden`,
    );
  return reshape(total, [...total.shape.slice(0, -1), gates, width / gates]);
}

function sum(terms: readonly Term[], branch: (x: Tensor, i: number) => Tensor): Tensor {
  const summands = terms.map((term, i) => {
    if ("kind" in term) return term.shape.length < 2 ? term : branch(term, i);
    const { product, bias, times } = term;
    const normalized = branch(product, i);
    const biased = bias === undefined ? normalized : add(normalized, bias);
    return times === undefined ? biased : mul(times, biased);
  });
  return summands.reduce((total, x) => add(total, x));
}

/** The tensor that a normalizer returned. What it observed is recorded. */
function outputOf(
  { name }: Normalizer,
  returned: ReturnType<Normalizer["apply"]>,
  x: Tensor,
  observe: NormalizerAt["observe"],
): Tensor {
  const given: unknown = returned;
  const output = isTensor(returned) ? returned : returned?.output;
  if (!isTensor(output))
    throw new TensorError(`${name}: apply returned ${shown(given)}, expected a tensor, or { output, observed }`);
  if (!sameShape(output.shape, x.shape))
    throw new TensorError(`${name}: apply was given ${describe(x)} and returned ${describe(output)}, of another shape`);
  if (!isTensor(returned)) observe(returned.observed);
  return output;
}

function isTerms(terms: Tensor | readonly Term[]): terms is readonly Term[] {
  return Array.isArray(terms);
}
