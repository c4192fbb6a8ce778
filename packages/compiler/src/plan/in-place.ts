import type { DType } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import type { ElementwiseStep, Step, View } from "./plan.ts";
import { viewsOf, writesOf } from "./accesses.ts";
import { isContiguous, sameView } from "./view.ts";

/**
 * The number of windows of memory that one pass may use. A backend makes a function of a pass, and each window may be
 * one of its parameters, of which WebAssembly allows 1,000.
 */
export const MOST_VIEWS = 500;

/** At the end of a block, `to` takes the value of `from`: a loop's state takes its next value, a weight its update. */
export interface Commit {
  readonly from: View;
  readonly to: View;
  readonly dtype: DType;
}

/**
 * Ends a block with its commits. The new value overwrites the old one if the step that computes it is the last to read
 * the old one, and reads it element by element, or is a product that does not read it. Later steps then read the new
 * value there. Otherwise the value is copied.
 */
export function commitInPlace(steps: readonly Step[], commits: readonly Commit[]): Step[] {
  const current = [...steps];
  const touching = new Map<number, Set<number>>();
  const stepsOf = (buffer: number): Set<number> => {
    const known = touching.get(buffer) ?? new Set();
    touching.set(buffer, known);
    return known;
  };
  steps.forEach((step, i) => {
    for (const { buffer } of viewsOf(step)) stepsOf(buffer).add(i);
  });
  const shapes = new Map<string, Commit[]>();
  for (const commit of commits) {
    const { from, to } = commit;
    const [at, ...others] = stepsOf(from.buffer);
    const isLast =
      at !== undefined &&
      !((globalThis as { old?: boolean }).old && others.length > 0) &&
      !((globalThis as { old?: boolean }).old && others.length > 0) &&
      [...stepsOf(to.buffer)].every((i) => i <= at);
    const replaced = isLast ? writeOver(nth(current, at), commit) : undefined;
    const readers = others.map((i) => ({ i, step: readingFrom(nth(current, i), commit) }));
    if (at === undefined || replaced === undefined || readers.some(({ step }) => step === undefined)) {
      const key = to.shape.join();
      const known = shapes.get(key);
      if (known === undefined) shapes.set(key, [commit]);
      else known.push(commit);
      continue;
    }
    current[at] = replaced;
    if (!touches(replaced, from.buffer)) stepsOf(from.buffer).delete(at);
    stepsOf(to.buffer).add(at);
    for (const { i, step } of readers) {
      if (step === undefined) continue;
      current[i] = step;
      stepsOf(from.buffer).delete(i);
      stepsOf(to.buffer).add(i);
    }
  }
  return [...current, ...[...shapes.values()].flatMap(copySteps)];
}

/**
 * Copies of one shape, in as few passes as possible. No copy reads what another one writes, because new values have
 * their own buffers.
 */
function copySteps(copies: readonly Commit[]): ElementwiseStep[] {
  const each = MOST_VIEWS / 2;
  return Array.from({ length: Math.ceil(copies.length / each) }, (_, i) =>
    copyStep(copies.slice(i * each, (i + 1) * each)),
  );
}

export function copyStep(copies: readonly Commit[]): ElementwiseStep {
  return {
    kind: "elementwise",
    shape: nth(copies, 0).to.shape,
    inputs: copies.map(({ from }) => from),
    instructions: copies.map(({ dtype }, input) => ({ op: "load", dtype, input })),
    stores: copies.map(({ to }, value) => ({ value, view: to })),
  };
}

/**
 * The step with its result written over the old value; undefined if that is not safe. It is safe if no other step
 * touches the new value and no later step touches the old one.
 */
function writeOver(writer: Step, { from, to }: Commit): Step | undefined {
  if (writer.kind === "matmul")
    return sameView(writer.c, from) && !touches(writer, to.buffer) ? { ...writer, c: to } : undefined;
  if (writer.kind !== "elementwise" || writer.inputs.some((view) => view.buffer === from.buffer)) return undefined;
  if (!writer.stores.some(({ view }) => sameView(view, from))) return undefined;
  if (writer.stores.some(({ view }) => view.buffer === to.buffer)) return undefined;
  if (writer.inputs.some((view) => view.buffer === to.buffer && !sameView(view, to))) return undefined;
  return {
    ...writer,
    stores: writer.stores.map((store) => (sameView(store.view, from) ? { ...store, view: to } : store)),
  };
}

/** A step that reads the new value where the old one was; undefined if it does more with the new one than read it. */
function readingFrom(step: Step, { from, to }: Commit): Step | undefined {
  if (!isWhole(from) || !isWhole(to) || (step.kind !== "loop" && touchesAny(writesOf(step), from.buffer)))
    return undefined;
  const moved = (view: View): View => (view.buffer === from.buffer ? { ...view, buffer: to.buffer } : view);
  switch (step.kind) {
    case "elementwise":
      return { ...step, inputs: step.inputs.map(moved) };
    case "matmul":
      return step.packed === undefined
        ? { ...step, a: moved(step.a), b: moved(step.b) }
        : { ...step, a: moved(step.a) };
    case "reduce":
    case "cumulativeSum":
      return { ...step, x: moved(step.x) };
    default:
      return undefined;
  }
}

/** Whether a view is all of a buffer, in order and in every step of the loops around it. */
const isWhole = (view: View): boolean =>
  view.offset === 0 && isContiguous(view) && view.loops.every((stride) => stride === 0);

const touchesAny = (views: readonly View[], buffer: number): boolean => views.some((view) => view.buffer === buffer);

function touches(step: Step, buffer: number): boolean {
  return touchesAny(viewsOf(step), buffer);
}
