/** The steps at which a buffer is in use, from the first to the last; -1 is before all steps. */
export interface Lifetime {
  readonly start: number;
  readonly end: number;
}

/** Which addresses are in use at which steps. */
export interface Occupancy {
  /** The lowest address at which `bytes` bytes are free throughout a lifetime. */
  firstFit(lifetime: Lifetime, bytes: number): number;
  take(lifetime: Lifetime, from: number, to: number): void;
}

/** A span of time in a tree of spans, each divided into halves. */
interface Span {
  /** Addresses in use for the whole span, and addresses in use for a part of it. */
  readonly throughout: Ranges;
  readonly partly: Ranges;
  first?: Span;
  second?: Span;
}

/**
 * A tree of time spans. It finds the addresses in use during a lifetime in a number of steps that grows with the height
 * of the tree. With thousands of buffers, comparing all pairs would take longer than the rest of planning.
 */
export function occupancy(last: number): Occupancy {
  const root = newSpan();
  const visit = (lifetime: Lifetime, inside: (span: Span) => void, around: (span: Span) => void): void => {
    const walk = (span: Span, start: number, end: number): void => {
      if (lifetime.start <= start && end <= lifetime.end) return inside(span);
      around(span);
      const middle = Math.floor((start + end) / 2);
      if (lifetime.start <= middle) walk((span.first ??= newSpan()), start, middle);
      if (lifetime.end > middle) walk((span.second ??= newSpan()), middle + 1, end);
    };
    walk(root, -1, Math.max(0, last));
  };
  return {
    firstFit(lifetime, bytes) {
      const taken: Ranges[] = [];
      visit(
        lifetime,
        ({ throughout, partly }) => taken.push(throughout, partly),
        ({ throughout }) => taken.push(throughout),
      );
      const ranges = taken.filter(({ starts }) => starts.length > 0);
      let offset = 0;
      for (let since = 0, i = 0; since < ranges.length; i = (i + 1) % ranges.length) {
        const next = freeFrom(ranges[i]!, offset, bytes);
        since = next === offset ? since + 1 : 0;
        offset = next;
      }
      return offset;
    },
    take(lifetime, from, to) {
      if (from < to)
        visit(
          lifetime,
          ({ throughout }) => add(throughout, from, to),
          ({ partly }) => add(partly, from, to),
        );
    },
  };
}

function newSpan(): Span {
  return { throughout: { starts: [], ends: [] }, partly: { starts: [], ends: [] } };
}

/** Ranges of addresses in order, without overlap. */
interface Ranges {
  readonly starts: number[];
  readonly ends: number[];
}

/** The first position whose value is above `bound`, in a sorted list of values. */
function firstAbove(values: readonly number[], bound: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

function freeFrom({ starts, ends }: Ranges, offset: number, bytes: number): number {
  let free = offset;
  for (let i = firstAbove(ends, free); i < starts.length && starts[i]! < free + bytes; i++) free = ends[i]!;
  return free;
}

function add({ starts, ends }: Ranges, from: number, to: number): void {
  const first = firstAbove(ends, from - 1);
  const after = firstAbove(starts, to);
  if (first === after) {
    starts.splice(first, 0, from);
    ends.splice(first, 0, to);
    return;
  }
  const [start, end] = [Math.min(from, starts[first]!), Math.max(to, ends[after - 1]!)];
  starts.splice(first, after - first, start);
  ends.splice(first, after - first, end);
}
