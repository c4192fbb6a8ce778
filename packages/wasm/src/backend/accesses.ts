import { type Plan, type Step, type View, viewsOf } from "@sluice/compiler";
import { writes } from "../kernels/step.ts";

/** Memory that a step touches, loops included, in whole buffers. */
export interface Accesses {
  readonly touched: readonly Range[];
  readonly written: readonly Range[];
}

interface Range {
  readonly start: number;
  readonly end: number;
}

export const noAccesses: Accesses = { touched: [], written: [] };

export function accessesOf(plan: Plan, step: Step): Accesses {
  return { touched: rangesOf(plan, viewsOf(step)), written: rangesOf(plan, writtenBy(step)) };
}

function writtenBy(step: Step): readonly View[] {
  return step.kind === "loop" ? step.body.flatMap(writtenBy) : writes(step);
}

/** Buffers may share addresses, so it is addresses that count. */
function rangesOf({ buffers }: Plan, views: readonly View[]): Range[] {
  return [...new Set(views.map(({ buffer }) => buffer))].map((buffer) => {
    const { offset, elements } = buffers[buffer]!;
    return { start: offset, end: offset + 4 * elements };
  });
}

/** Whether one writes what the other touches, so that they have to follow each other. */
export function conflict(a: Accesses, b: Accesses): boolean {
  return meet(a.written, b.touched) || meet(a.touched, b.written);
}

export function together(a: Accesses, b: Accesses): Accesses {
  return { touched: [...a.touched, ...b.touched], written: [...a.written, ...b.written] };
}

function meet(a: readonly Range[], b: readonly Range[]): boolean {
  return a.some((x) => b.some((y) => x.start < y.end && y.start < x.end));
}
