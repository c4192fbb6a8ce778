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
 * The grouping of a prefix's elements depends only on their positions. Additional elements after them, such as padding,
 * therefore do not change a bit. In total `combine` processes about 2 n elements.
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
  return treeFrom(elements, prefixes(combined, tensorsOf(elements), { axes, length, reverse }));
}

interface Along {
  /** The axis of each tensor. */
  readonly axes: readonly number[];
  readonly length: number;
  readonly reverse: boolean;
}

/**
 * Combines pairs, finds the prefixes of the pairs, and combines each of them with one more element to get the prefixes
 * in between. Pairs are counted from the end where prefixes begin, so an odd element is at the other end.
 */
function prefixes(combine: Combine, elements: readonly Tensor[], along: Along): readonly Tensor[] {
  const { axes, length, reverse } = along;
  if (length < 2) return elements;
  const half = Math.floor(length / 2);
  const [from, odd] = [reverse ? length - 2 * half : 0, length - 2 * half];
  const part = (xs: readonly Tensor[], start: number, stop: number): Tensor[] =>
    xs.map((x, i) => sliceAxis(x, axes[i] ?? 0, start, stop));
  const pairs = part(elements, from, from + 2 * half).map((x, i) => split(x, axes[i] ?? 0, half));
  // The two elements of each pair: the one that comes first in the order of the scan, and the other.
  const [earlier, later] = [reverse ? 1 : 0, reverse ? 0 : 1].map((which) =>
    pairs.map((pair, i) => squeeze(sliceAxis(pair, (axes[i] ?? 0) + 1, which, which + 1), (axes[i] ?? 0) + 1)),
  ) as [Tensor[], Tensor[]];
  const whole = prefixes(combine, combine(earlier, later), { axes, length: half, reverse });

  const start = reverse ? half - 1 : 0;
  const begun = part(earlier, start, start + 1);
  const between =
    half === 1
      ? []
      : reverse
        ? [combine(part(whole, 1, half), part(earlier, 0, half - 1))]
        : [combine(part(whole, 0, half - 1), part(earlier, 1, half))];
  const joined = (parts: readonly (readonly Tensor[])[]): readonly Tensor[] =>
    axes.map((axis, i) =>
      concat(
        (reverse ? parts.toReversed() : parts).flatMap((xs) => xs.slice(i, i + 1)),
        axis,
      ),
    );
  const first = joined([begun, ...between]);
  const filled = axes.map((axis, i) => interleave(reverse ? whole[i] : first[i], reverse ? first[i] : whole[i], axis));
  if (odd === 0) return filled;
  const end = reverse ? 0 : length - 1;
  const last = reverse ? part(whole, 0, 1) : part(whole, half - 1, half);
  return joined([filled, combine(last, part(elements, end, end + 1))]);
}

/** [..., 2 n, ...] as [..., n, 2, ...]. */
function split(x: Tensor, axis: number, half: number): Tensor {
  return reshape(x, [...x.shape.slice(0, axis), half, 2, ...x.shape.slice(axis + 1)]);
}

function squeeze(x: Tensor, axis: number): Tensor {
  return reshape(x, x.shape.toSpliced(axis, 1));
}

/** a_0, b_0, a_1, b_1, ... */
function interleave(a: Tensor | undefined, b: Tensor | undefined, axis: number): Tensor {
  const [x, y] = [a, b].map((z) => z && reshape(z, z.shape.toSpliced(axis + 1, 0, 1)));
  if (x === undefined || y === undefined) throw new Error("both halves have the same tensors");
  return reshape(concat([x, y], axis + 1), x.shape.toSpliced(axis, 2, 2 * (x.shape[axis] ?? 0)));
}

function checkAlike(given: Tensor, like: Tensor | undefined, path: string): void {
  if (like !== undefined && given.dtype === like.dtype && sameShape(given.shape, like.shape)) return;
  throw new TensorError(
    `associativeScan: combine returns ${given.dtype} ${describe(given)}${path === "" ? "" : ` for ${path}`}, expected ${like?.dtype} ${showShape(like?.shape ?? [])}, the same as its arguments`,
  );
}
