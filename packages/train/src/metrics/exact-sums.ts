/*
 * Sums of many f64 numbers without rounding. A sum is the exact sum of its elements of all planes. It is therefore the
 * same for any order of adding, and for any division of the numbers into batches.
 */

/** Several exact sums: sum i is `planes[0][i] + planes[1][i] + ...`. */
export type Planes = readonly Float64Array[];

/** Exact sums to which numbers can be added. */
interface Adder {
  /** Adds x to sum `i`. Infinities and NaN add as in f64. */
  add(i: number, x: number): void;
  readonly planes: Planes;
}

/** `count` sums that begin as `planes`. These are copied. */
export function adderOf(planes: Planes, count: number): Adder {
  const own = planes.map((plane) => plane.slice());
  return {
    planes: own,
    add(i, x) {
      let rest = x;
      for (let level = 0; rest !== 0; level++) {
        const plane = (own[level] ??= new Float64Array(count));
        const before = plane[i] ?? 0;
        const total = before + rest;
        plane[i] = total;
        if (!(Math.abs(total) < Infinity)) return;
        rest = roundingOf(before, rest, total);
      }
    },
  };
}

/** The exact `a + b - total`, for the rounded sum `total` of a and b (Knuth's TwoSum). */
function roundingOf(a: number, b: number, total: number): number {
  const own = total - a;
  return a - (total - own) + (b - own);
}

/** Sum `i`, rounded once to the nearest f64 (Shewchuk 1997, as Python's `math.fsum`). */
export function roundedSum(planes: Planes, i: number): number {
  const leading = planes[0]?.[i] ?? 0;
  if (!Number.isFinite(leading)) return leading;
  const parts: number[] = [];
  for (const plane of planes) {
    let x = plane[i] ?? 0;
    let kept = 0;
    for (const part of parts) {
      const total = x + part;
      const rounding = roundingOf(x, part, total);
      if (rounding !== 0) parts[kept++] = rounding;
      x = total;
    }
    parts.splice(kept, parts.length - kept, x);
  }
  return totalOf(parts);
}

/** The rounded sum of numbers that do not overlap, from the smallest to the largest. */
function totalOf(parts: readonly number[]): number {
  let at = parts.length - 1;
  let total = parts[at] ?? 0;
  let rounding = 0;
  while (at > 0 && rounding === 0) {
    const before = total;
    const part = parts[--at] ?? 0;
    total = before + part;
    rounding = part - (total - before);
  }
  // Half way between two numbers, what is left of the sum decides, not the even one.
  const rest = parts[at - 1] ?? 0;
  if (Math.sign(rest) !== Math.sign(rounding) || rest === 0) return total;
  const further = total + 2 * rounding;
  return further - total === 2 * rounding ? further : total;
}
