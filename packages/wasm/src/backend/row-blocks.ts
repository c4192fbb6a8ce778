import { type Step, type View, viewsOf } from "@sluice/compiler";
import { sizeOf } from "@sluice/tensor/internal";
import type { Kernel } from "../kernels/index.ts";

/** What the kernels of a step touch stays in a second-level cache from one kernel to the next up to about this size. */
export const CACHE_BYTES = 1572864;

/**
 * How many rows of a loop go through all of its steps before the next rows begin. The rows must not depend on each
 * other. Undefined: all of them go through at once.
 *
 * Each kernel of a step reads what kernels before it have written. Where that is too much for the cache, as in a cell
 * with a matrix for a memory, the kernels of a few rows still find it there. Each block reads the weights again, so a
 * loop with large ones stays whole. A block touches a third of the cache: as much again may be weights, and the rest is
 * for what comes from and goes to other steps.
 */
export function rowBlock(
  rows: number,
  tasks: readonly { readonly step: Step; readonly kernel: Kernel }[],
  cacheBytes: number,
): number | undefined {
  const touched = new Map<string, { readonly bytes: number; readonly shared: boolean }>();
  for (const { step } of tasks) {
    const whole = sharedOf(step);
    for (const view of touchedBy(step)) {
      const bytes = bytesOf(view);
      const place = `${view.buffer} ${view.offset}`;
      if (bytes <= (touched.get(place)?.bytes ?? 0)) continue;
      touched.set(place, { bytes, shared: whole.includes(view) || view.shape[0] !== rows || view.strides[0] === 0 });
    }
  }
  let [ofRows, shared] = [0, 0];
  for (const each of touched.values()) {
    if (each.shared) shared += each.bytes;
    else ofRows += each.bytes;
  }
  const most = cacheBytes / 3;
  if (ofRows + shared <= cacheBytes || shared > most) return undefined;
  const grain = Math.max(...tasks.map(({ kernel }) => kernel.grain));
  const block = Math.max(1, Math.floor((most * rows) / ofRows / grain)) * grain;
  return block < rows ? block : undefined;
}

/** What a step reads and writes: of a matrix in panels the panels. */
function touchedBy(step: Step): readonly View[] {
  const instead = step.kind === "matmul" && step.packed !== undefined ? step.b : undefined;
  return viewsOf(step).filter((view) => view !== instead);
}

/** What all rows read of a step's operands: the matrix of a product, and the table of a gather. */
function sharedOf(step: Step): readonly (View | undefined)[] {
  if (step.kind === "matmul" && step.c.shape.length === 2) return [step.b, step.packed];
  return step.kind === "gather" ? [step.x] : [];
}

/** The size of what a view shows. An axis with a stride of 0 shows the same again. */
const bytesOf = ({ shape, strides }: View): number => 4 * sizeOf(shape.filter((_, axis) => strides[axis] !== 0));
