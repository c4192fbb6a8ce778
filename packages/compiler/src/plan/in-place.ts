import type { DType } from "@sluice/tensor";
import type { ElementwiseStep, Step, View } from "./plan.ts";
import { sameView } from "./view.ts";

/** At the end of a block, `to` takes the value of `from`: a loop's state its next value, a weight its update. */
export interface Commit {
  readonly from: View;
  readonly to: View;
  readonly dtype: DType;
}

/**
 * Ends a block with its commits. Where the step that computes the new value is the last to read the old one, and reads it element by element, or is a product that does not read it, it writes
 * over it; otherwise the value is copied.
 */
export function commitInPlace(steps: readonly Step[], commits: readonly Commit[]): Step[] {
  let current = [...steps];
  const copied: Commit[] = [];
  for (const commit of commits) {
    const replaced = writeOver(current, commit);
    if (replaced === undefined) copied.push(commit);
    else current = replaced;
  }
  // A value that is copied may be read by the copy of another: all copies of one shape read before they write.
  const shapes = new Map<string, Commit[]>();
  for (const commit of copied) {
    const key = commit.to.shape.join();
    shapes.set(key, [...(shapes.get(key) ?? []), commit]);
  }
  return [...current, ...[...shapes.values()].map(copyStep)];
}

export function copyStep(copies: readonly Commit[]): ElementwiseStep {
  return {
    kind: "elementwise",
    shape: copies[0]!.to.shape,
    inputs: copies.map(({ from }) => from),
    instructions: copies.map(({ dtype }, input) => ({ op: "load", dtype, input })),
    stores: copies.map(({ to }, value) => ({ value, view: to })),
  };
}

function writeOver(steps: readonly Step[], { from, to }: Commit): Step[] | undefined {
  const writers = steps.flatMap((step, i) => (touches(step, from.buffer) ? [i] : []));
  const [at] = writers;
  const writer = at === undefined ? undefined : steps[at];
  if (writer === undefined || writers.length !== 1 || steps.slice(at! + 1).some((step) => touches(step, to.buffer))) return undefined;
  if (writer.kind === "matmul") {
    return sameView(writer.c, from) && !touches(writer, to.buffer) ? steps.with(at!, { ...writer, c: to }) : undefined;
  }
  if (writer.kind !== "elementwise" || writer.inputs.some((view) => view.buffer === from.buffer)) return undefined;
  if (!writer.stores.some(({ view }) => sameView(view, from))) return undefined;
  if (writer.stores.some(({ view }) => view.buffer === to.buffer)) return undefined;
  if (writer.inputs.some((view) => view.buffer === to.buffer && !sameView(view, to))) return undefined;
  const stores = writer.stores.map((store) => (sameView(store.view, from) ? { ...store, view: to } : store));
  return steps.map((step, i) => (i === at ? { ...writer, stores } : step));
}

function touches(step: Step, buffer: number): boolean {
  return viewsOf(step).some((view) => view.buffer === buffer);
}

/** Every window of memory that a step reads or writes, those of a loop's body included. */
export function viewsOf(step: Step): readonly View[] {
  switch (step.kind) {
    case "elementwise":
      return [...step.inputs, ...step.stores.map(({ view }) => view)];
    case "matmul":
      return [step.a, step.b, step.c, ...(step.packed ? [step.packed] : []), ...(step.positions ? [step.positions] : [])];
    case "pack":
      return [step.b, step.packed];
    case "reduce":
      return [step.x, step.y, ...(step.positions ? [step.positions] : [])];
    case "cumulativeSum":
      return [step.x, step.y];
    case "gather":
      return [step.x, step.indices, step.y];
    case "scatterAdd":
      return [step.indices, step.updates, step.y];
    case "randomBits":
      return [step.key, step.stream, step.y];
    case "activeRows":
      return [step.lengths, step.counts, step.work, step.positions];
    case "loop":
      return [...(step.active ? [step.active.counts, step.active.work] : []), ...step.body.flatMap(viewsOf)];
  }
}
