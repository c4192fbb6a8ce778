/** What the kernels of a pass that reduces along an axis are written from. */
import type { PassReductions } from "@sluice/compiler";
import { nth, SUM_BLOCK } from "@sluice/tensor/internal";
import type { Local } from "../assembler/index.ts";
import { blocksOf, placesFor } from "../pairwise.ts";
import { type Axis, type Iteration, iterationOf } from "./nest.ts";
import { type Pass, type Stored, widthsFor } from "./pass.ts";
import { type Rule, ruleOf } from "./reduction-rule.ts";
import { type Walk, walkOf } from "./walk.ts";

/** A pass that reduces values along an axis as it computes them. */
export interface Reducing {
  readonly pass: Pass;
  readonly results: readonly Stored[];
  readonly rule: Rule;
  /** The axes that stay. */
  readonly iteration: Iteration;
  /** How they are walked over, unless the axis that goes is the innermost. */
  readonly walk: Walk;
  /** The axis that goes. */
  readonly along: Axis;
  readonly isInnermost: boolean;
  /** How many elements are computed together. */
  readonly widths: readonly number[];
  /** The places for totals of blocks that wait: 0 unless the order matters (sums in f32). */
  readonly places: number;
  /** Whether it goes row by row, with the sums of all columns in memory. */
  readonly byRows: boolean;
}

export type Pointers = readonly Local<"i32">[];

/** The most elements of a block of a short axis, however few are computed together otherwise. */
const MOST_WITH_SHORT = 16;

export function reducingOf(pass: Pass, { op, dtype, axis }: PassReductions, streams: boolean): Reducing {
  const length = nth(pass.shape, axis);
  const isInnermost = axis === pass.shape.length - 1;
  const iteration = iterationOf(
    pass.shape.toSpliced(axis, 1),
    pass.strides.map((strides) => strides.toSpliced(axis, 1)),
  );
  const walk = walkOf(iteration.axes, pass);
  const terms = isInnermost ? Math.ceil(length / 4) : length;
  return {
    pass,
    results: pass.results,
    rule: ruleOf(op, dtype),
    iteration,
    walk,
    along: { length, split: false, perRow: 1, strides: pass.strides.map((strides) => nth(strides, axis)) },
    isInnermost,
    widths: widthsFor(pass, 16),
    places: op === "sum" && dtype === "f32" ? placesFor(blocksOf(terms, SUM_BLOCK)) : 0,
    byRows: streams && !isInnermost && length >= MANY && walk.inner !== undefined && isWide(walk.inner),
  };
}

/** What it needs of memory. */
export function scratchBytesOf({ byRows, places, results, isInnermost, walk, widths }: Reducing): number {
  if (byRows) return (1 + places) * results.length * sumsBytes(walk.inner);
  return places * results.length * (isInnermost ? 16 : 4 * Math.max(MOST_WITH_SHORT, nth(widths, 0)));
}

/** The size of the sums of all columns. */
export const sumsBytes = (inner: Axis | undefined): number => 16 * Math.ceil((inner?.length ?? 1) / 4);

/** A row that fills several lines of the cache. Shorter rows, and those that threads divide, go column by column. */
const isWide = ({ length, split, within }: Axis): boolean => !split && within === undefined && length >= MANY;
const MANY = 32;
