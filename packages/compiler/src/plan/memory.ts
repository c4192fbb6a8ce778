import { nth, zip } from "@sluice/tensor/internal";
import type { Lowered } from "./lower.ts";
import { viewsOf } from "./accesses.ts";
import { occupancy, type Lifetime } from "./occupancy.ts";
import type { Buffer, Step } from "./plan.ts";

const ALIGNMENT = 64;
/**
 * Sizes are often multiples of 4096. The same rows of all buffers of a pass would then map to the same set of the
 * first-level cache, which holds only a few lines. A gap of five lines between buffers prevents this: 5 and the 64 sets
 * have no common factor.
 */
const APART = { from: 4096, bytes: 5 * 64 };

/**
 * Addresses for all buffers. With `reuse`, two buffers that are never in use at the same time may share addresses.
 * Inputs, outputs and constants keep theirs throughout.
 */
export function assignMemory(lowered: Lowered, reuse: boolean): { buffers: Buffer[]; bytes: number } {
  const lifetimes = reuse ? lifetimesOf(lowered) : lowered.buffers.map((): Lifetime => ({ start: 0, end: 0 }));
  const order = lowered.buffers.map((_, i) => i).toSorted((a, b) => size(lowered, b) - size(lowered, a) || a - b);
  const placed = occupancy(lifetimes.reduce((last, lifetime) => Math.max(last, lifetime?.end ?? 0), 0));
  const offsets = new Array<number>(lowered.buffers.length).fill(0);
  let total = 0;
  for (const buffer of order) {
    const lifetime = lifetimes[buffer];
    if (lifetime === undefined) continue;
    const bytes = size(lowered, buffer);
    const offset = placed.firstFit(lifetime, bytes);
    placed.take(lifetime, offset, offset + bytes);
    offsets[buffer] = offset;
    total = Math.max(total, offset + bytes);
  }
  return {
    buffers: zip(lowered.buffers, offsets).map(([{ elements, dtype }, offset]) => ({ elements, dtype, offset })),
    bytes: total,
  };
}

function size(lowered: Lowered, buffer: number): number {
  const bytes = Math.ceil((nth(lowered.buffers, buffer).elements * 4) / ALIGNMENT) * ALIGNMENT;
  return bytes < APART.from ? bytes : bytes + APART.bytes;
}

/**
 * From the first to the last step that touches a buffer. If a loop and something outside of it touch a buffer, it is in
 * use for the whole loop. So is every buffer of a loop whose rows are divided among threads, because one thread may be
 * some steps ahead of another.
 */
function lifetimesOf({ buffers, inputs, outputs, constants, steps }: Lowered): (Lifetime | undefined)[] {
  const lifetimes = new Array<Lifetime | undefined>(buffers.length).fill(undefined);
  const extend = (buffer: number, start: number, end: number): void => {
    const known = lifetimes[buffer];
    lifetimes[buffer] = known ? { start: Math.min(known.start, start), end: Math.max(known.end, end) } : { start, end };
  };
  const homes = homesOf(steps);
  const inLoop = new Map<Step | null, number[]>();
  for (const [buffer, home] of homes) {
    const known = inLoop.get(home);
    if (known === undefined) inLoop.set(home, [buffer]);
    else known.push(buffer);
  }
  let clock = 0;
  const walk = (block: readonly Step[], path: readonly Step[]): void => {
    for (const step of block) {
      const start = clock++;
      if (step.kind === "loop") walk(step.body, [...path, step]);
      const end = clock++;
      if (step.kind === "loop" && step.rows !== undefined)
        for (const buffer of inLoop.get(step) ?? []) extend(buffer, start, end);
      for (const { buffer } of viewsOf(step)) {
        // Inside a loop, only buffers that nothing outside touches have a shorter life than the loop.
        if (homes.get(buffer) === (path.at(-1) ?? null)) extend(buffer, start, end);
      }
    }
  };
  walk(steps, []);
  for (const view of [...inputs, ...outputs]) extend(view.buffer, -1, clock);
  for (const { buffer } of constants) extend(buffer, -1, clock);
  return lifetimes;
}

/** The innermost loop (null: none) that contains every step that touches a buffer. */
function homesOf(steps: readonly Step[]): Map<number, Step | null> {
  const paths = new Map<number, readonly Step[]>();
  const walk = (block: readonly Step[], path: readonly Step[]): void => {
    for (const step of block) {
      if (step.kind === "loop") walk(step.body, [...path, step]);
      else {
        for (const { buffer } of viewsOf(step)) {
          const known = paths.get(buffer);
          paths.set(buffer, known ? known.slice(0, commonLength(known, path)) : path);
        }
      }
    }
  };
  walk(steps, []);
  return new Map([...paths].map(([buffer, path]) => [buffer, path.at(-1) ?? null]));
}

function commonLength(a: readonly Step[], b: readonly Step[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
