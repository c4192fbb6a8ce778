import { checkFunction } from "../arguments.ts";
import { TensorError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { concat, reshape, sliceAxis } from "../primitives/layout.ts";
import { normalizeAxes } from "../primitives/axes.ts";
import { sameShape, showShape } from "../shape.ts";
import { describe, type Tensor } from "../tensor.ts";
import { leavesOf, matchTree, tensorsOf, treeFrom, type Tree } from "../tree.ts";

type Combine = (a: readonly Tensor[], b: readonly Tensor[]) => readonly Tensor[];

/**
 * All prefixes `y_0 = x_0`, `y_t = combine(y_(t-1), x_t)` along an axis, for an associative `combine`, in about
 * `2 log2(n)` stages instead of n steps. The linear recurrence `h_t = a_t h_(t-1) + b_t` is
 *
 *     associativeScan((p, q) => ({ a: mul(p.a, q.a), b: add(mul(q.a, p.b), q.b) }), { a, b }).b
 *
 * `combine` receives trees nested like `elements`, shorter along the axis (negative: from the end), and works on all
 * positions at once. With `reverse` the prefixes begin at the end: `y_t = combine(y_(t+1), x_t)`.
 *
 * The grouping of a prefix's elements depends only on their positions, counted from the first. Additional elements
 * after them, such as padding, therefore do not change a bit; with `reverse`, if they are identities, whose combination
 * with an element is exactly the element. In total `combine` processes about 2 n elements.
 *
 * Blelloch, "Prefix Sums and Their Applications" (1990).
 */
export function associativeScan<E extends Tree>(
  combine: (a: E, b: E) => E,
  elements: E,
  options: { readonly axis?: number; readonly reverse?: boolean } = {},
): E {
  checkFunction("associativeScan", "combine", combine);
  checkOptions("associativeScan", options, ["axis", "reverse"]);
  const { axis = 0, reverse = false } = options;
  const leaves = leavesOf(elements);
  const [first] = leaves;
  if (first === undefined) return elements;
  const axes = leaves.map(({ tensor }) => normalizeAxes("associativeScan", tensor, axis)[0] ?? 0);
  const length = first.tensor.shape[axes[0] ?? 0] ?? 0;
  leaves.forEach(({ path, tensor }, i) => {
    if (tensor.shape[axes[i] ?? 0] === length) return;
    throw new TensorError(
      `associativeScan: ${path} ${describe(tensor)} and ${first.path} ${describe(first.tensor)} differ in length along axis ${axis}`,
    );
  });
  const combined: Combine = (a, b) => {
    const given = combine(treeFrom(elements, a), treeFrom(elements, b));
    const found = matchTree("associativeScan: what combine gives", elements, given);
    found.forEach((y, i) => checkAlike(y, a[i], leaves[i]?.path ?? ""));
    return found;
  };
  const all = { tensors: tensorsOf(elements), axes, length };
  return treeFrom(elements, reverse ? suffixes(combined, all) : prefixes(combined, all));
}

/** The tensors of the elements, and the axis of each along which they follow one another. */
interface Sequence {
  readonly tensors: readonly Tensor[];
  readonly axes: readonly number[];
  readonly length: number;
}

/**
 * Combines pairs, finds the prefixes of the pairs, and combines each of them with one more element to get the prefixes
 * in between: `y_(2k+1)` is the prefix of k + 1 pairs, and `y_(2k) = combine(y_(2k-1), x_(2k))`.
 */
function prefixes(combine: Combine, elements: Sequence): readonly Tensor[] {
  if (elements.length < 2) return elements.tensors;
  const { axes } = elements;
  const { half, evens, odds, last } = pairsOf(elements);
  const whole = prefixes(combine, { tensors: combine(evens, odds), axes, length: half });
  const between = half === 1 ? [] : [combine(part(whole, axes, 0, half - 1), part(evens, axes, 1, half))];
  const filled = interleave(joined([part(evens, axes, 0, 1), ...between], axes), whole, axes);
  return last === undefined ? filled : joined([filled, combine(part(whole, axes, half - 1, half), last)], axes);
}

/**
 * The same from the end, with the same pairs: `y_(2k)` begins with the whole pair k, and
 * `y_(2k+1) = combine(y_(2k+2), x_(2k+1))`. The last of an odd number of elements is a pair of its own: it is what the
 * pair would be if an identity followed.
 */
function suffixes(combine: Combine, elements: Sequence): readonly Tensor[] {
  const { axes, length } = elements;
  if (length < 2) return elements.tensors;
  const { half, evens, odds, last } = pairsOf(elements);
  const pairs = combine(odds, evens);
  const [tensors, count] = last === undefined ? [pairs, half] : [joined([pairs, last], axes), half + 1];
  const whole = suffixes(combine, { tensors, axes, length: count });
  const between = count === 1 ? [] : [combine(part(whole, axes, 1, count), part(odds, axes, 0, count - 1))];
  // A pair of one element has no second one: any value fills its place, which is cut off.
  const end = last ?? part(odds, axes, half - 1, half);
  return part(interleave(whole, joined([...between, end], axes), axes), axes, 0, length);
}

/** The first and the second element of each pair `(x_(2k), x_(2k+1))`, and the element that is left, if one is. */
function pairsOf({ tensors, axes, length }: Sequence) {
  const half = Math.floor(length / 2);
  const pairs = part(tensors, axes, 0, 2 * half).map((x, i) => split(x, axes[i] ?? 0, half));
  const inner = axes.map((axis) => axis + 1);
  const nth = (n: number): Tensor[] => part(pairs, inner, n, n + 1).map((x, i) => squeeze(x, inner[i] ?? 1));
  const last = 2 * half === length ? undefined : part(tensors, axes, length - 1, length);
  return { half, evens: nth(0), odds: nth(1), last };
}

function part(xs: readonly Tensor[], axes: readonly number[], start: number, stop: number): Tensor[] {
  return xs.map((x, i) => sliceAxis(x, axes[i] ?? 0, start, stop));
}

function joined(parts: readonly (readonly Tensor[])[], axes: readonly number[]): readonly Tensor[] {
  return axes.map((axis, i) =>
    concat(
      parts.flatMap((xs) => xs.slice(i, i + 1)),
      axis,
    ),
  );
}

/** [..., 2 n, ...] as [..., n, 2, ...]. */
function split(x: Tensor, axis: number, half: number): Tensor {
  return reshape(x, [...x.shape.slice(0, axis), half, 2, ...x.shape.slice(axis + 1)]);
}

function squeeze(x: Tensor, axis: number): Tensor {
  return reshape(x, x.shape.toSpliced(axis, 1));
}

/** a_0, b_0, a_1, b_1, ... */
function interleave(a: readonly Tensor[], b: readonly Tensor[], axes: readonly number[]): readonly Tensor[] {
  const apart = (xs: readonly Tensor[]): Tensor[] =>
    xs.map((x, i) => reshape(x, x.shape.toSpliced((axes[i] ?? 0) + 1, 0, 1)));
  const inner = axes.map((axis) => axis + 1);
  return joined([apart(a), apart(b)], inner).map((x, i) => {
    const axis = axes[i] ?? 0;
    return reshape(x, x.shape.toSpliced(axis, 2, 2 * (x.shape[axis] ?? 0)));
  });
}

function checkAlike(given: Tensor, like: Tensor | undefined, path: string): void {
  if (like !== undefined && given.dtype === like.dtype && sameShape(given.shape, like.shape)) return;
  throw new TensorError(
    `associativeScan: combine returns ${given.dtype} ${describe(given)}${path === "" ? "" : ` for ${path}`}, expected ${like?.dtype} ${showShape(like?.shape ?? [])}, the same as its arguments`,
  );
}
