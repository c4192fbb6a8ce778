import type { LoopStep, Step, View } from "./plan.ts";

/** A step that is no loop. */
type SimpleStep = Exclude<Step, LoopStep>;

/** What a step reads and what it writes: the one place that knows. A kind of step without a case does not compile. */
interface Accesses {
  readonly reads: readonly View[];
  readonly writes: readonly View[];
}

function accessesOf(step: SimpleStep): Accesses {
  switch (step.kind) {
    case "elementwise":
      return {
        reads: step.inputs,
        writes: [...step.stores, ...(step.reductions?.results ?? [])].map(({ view }) => view),
      };
    case "matmul":
      return { reads: given(step.a, step.b, step.packed, step.positions), writes: given(step.c, step.waiting) };
    case "pack":
      return { reads: [step.b], writes: [step.packed] };
    case "reduce":
      return { reads: given(step.x, step.positions), writes: [step.y] };
    case "cumulativeSum":
      return { reads: [step.x], writes: [step.y] };
    case "gather":
      return { reads: [step.x, step.indices], writes: [step.y] };
    case "scatterAdd":
      return { reads: [step.indices, step.updates], writes: [step.y] };
    case "randomBits":
      return { reads: [step.key, step.stream], writes: [step.y] };
    case "activeRows": {
      const { lengths, counts, work, ends, rowsBefore, positions, byRow } = step;
      return { reads: [lengths], writes: given(counts, work, ends, rowsBefore, positions, byRow) };
    }
  }
}

/** The windows of memory that a step writes. A loop writes what the steps of its body write. */
export function writesOf(step: Step): readonly View[] {
  return step.kind === "loop" ? step.body.flatMap(writesOf) : accessesOf(step).writes;
}

/** Every window of memory that a step reads or writes, including those of a loop's body. */
export function viewsOf(step: Step): readonly View[] {
  if (step.kind === "loop")
    return [...(step.active ? [step.active.counts, step.active.work] : []), ...step.body.flatMap(viewsOf)];
  const { reads, writes } = accessesOf(step);
  return [...reads, ...writes];
}

const given = (...views: readonly (View | undefined)[]): View[] => views.filter((view) => view !== undefined);
