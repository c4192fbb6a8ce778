import {
  concat,
  mapTree,
  max,
  min,
  scan,
  sliceAxis,
  sub,
  zipTrees,
  type ScanOptions,
  type ScanResult,
  type Tree,
} from "@sluice/tensor";

export interface CarriedScanOptions extends Omit<ScanOptions, "resets" | "length"> {
  readonly length: number;
  /** The number of steps after which the state is also returned; less than `length` only if the scan runs forwards. */
  readonly carryAfter: number;
}

/** A type alias, so that it is itself a Tree. */
export type CarriedScan<S extends Tree, Y extends Tree> = ScanResult<S, Y> & { readonly carry: S };

/**
 * {@link scan} that also gives the state after `carryAfter` steps. If that is not the last step, it runs two loops; the
 * second starts where the first ends.
 */
export function carriedScan<S extends Tree, X extends Tree, Y extends Tree>(
  step: (state: S, x: X) => { state: S; output: Y },
  initial: S,
  xs: X,
  { carryAfter, length, lengths, ...options }: CarriedScanOptions,
): CarriedScan<S, Y> {
  if (carryAfter === length) {
    const whole = scan(step, initial, xs, { ...options, length, ...(lengths && { lengths }) });
    return { ...whole, carry: whole.state };
  }
  const part = (from: number, to: number): X => mapTree(xs, (x) => sliceAxis(x, 0, from, to));
  const first = scan(step, initial, part(0, carryAfter), {
    ...options,
    length: carryAfter,
    ...(lengths && { lengths: min(lengths, carryAfter) }),
  });
  const rest = scan(step, first.state, part(carryAfter, length), {
    ...options,
    length: length - carryAfter,
    ...(lengths && { lengths: max(sub(lengths, carryAfter), 0) }),
  });
  return {
    state: rest.state,
    output: zipTrees(first.output, rest.output, (a, b) => concat([a, b], 0)),
    carry: first.state,
  };
}
