import { type Plan, type Step, type View, viewsOf, writesOf } from "@sluice/compiler";
import { nth } from "@sluice/tensor/internal";

/**
 * The memory that a step reads or writes (`touched`) and writes (`written`), in whole buffers. A loop counts with all
 * its steps.
 */
export interface Accesses {
  readonly touched: readonly Range[];
  readonly written: readonly Range[];
}

interface Range {
  readonly start: number;
  readonly end: number;
}

export function accessesOf(plan: Plan, step: Step): Accesses {
  return { touched: rangesOf(plan, viewsOf(step)), written: rangesOf(plan, writesOf(step)) };
}

/** Compares addresses, not buffers, because buffers may share addresses. */
function rangesOf({ buffers }: Plan, views: readonly View[]): Range[] {
  return [...new Set(views.map(({ buffer }) => buffer))].map((buffer) => {
    const { offset, elements } = nth(buffers, buffer);
    return { start: offset, end: offset + 4 * elements };
  });
}

/** The memory that several steps touched and wrote. */
export interface Pending {
  add(accesses: Accesses): void;
  /**
   * Whether a step must wait for these: because it writes memory that they touched, or touches memory that they wrote.
   */
  conflicts(accesses: Accesses): boolean;
  isEmpty(): boolean;
}

export function pending(): Pending {
  const [touched, written] = [rangeSet(), rangeSet()];
  return {
    add(accesses) {
      accesses.touched.forEach(touched.add);
      accesses.written.forEach(written.add);
    },
    conflicts: (accesses) => accesses.written.some(touched.meets) || accesses.touched.some(written.meets),
    isEmpty: () => touched.isEmpty(),
  };
}

/** A sorted set of ranges. Overlapping ranges are joined, so a search among thousands of steps is a bisection. */
function rangeSet(): { add(range: Range): void; meets(range: Range): boolean; isEmpty(): boolean } {
  const ranges: Range[] = [];
  /** The first range that ends after a position. */
  const from = (position: number): number => {
    let [low, high] = [0, ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (nth(ranges, middle).end > position) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return {
    add({ start, end }) {
      const first = from(start);
      const met: Range[] = [];
      for (let after = first; ; after++) {
        const range = ranges[after];
        if (range === undefined || range.start >= end) break;
        met.push(range);
      }
      const joined = {
        start: Math.min(start, met[0]?.start ?? start),
        end: Math.max(end, met.at(-1)?.end ?? end),
      };
      if (start < end) ranges.splice(first, met.length, joined);
    },
    meets({ start, end }) {
      const next = ranges[from(start)];
      return start < end && next !== undefined && next.start < end;
    },
    isEmpty: () => ranges.length === 0,
  };
}
