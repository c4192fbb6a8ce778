import { nth } from "@sluice/tensor/internal";
import type { Handle, KernelSet } from "../device/kernels.ts";
import { literal } from "../kernels/body.ts";
import type { Buffer, Machine, Work } from "./perform.ts";

/** Joins a range of every step's buffer into one buffer, in order of position. */
export interface Stack<B extends Buffer> {
  /** Adds the next step's buffer, and owns it from now on. */
  add(part: B): Work<B>;
  finish(): Work<B, B>;
  /** Gives back the buffers that it still holds. */
  dispose(): void;
}

export interface StackOptions {
  /** The range of each buffer to join, in elements. */
  readonly start: number;
  readonly elements: number;
  /** Whether steps arrive from the last position to the first. */
  readonly reverse: boolean;
}

/** How many parts one kernel joins. */
export const FAN = 6;

/**
 * Stacks on the device. A kernel always writes its whole result, so a step cannot write only its slice of the stacked
 * output. Writing the whole output in every step would take time quadratic in the number of steps.
 *
 * Instead, a few parts are joined at a time, and their results again a few at a time, like carries in a counter. So
 * each element is copied O(log steps) times.
 */
export function deviceStack<B extends Buffer>(
  machine: Omit<Machine<B>, "stack">,
  kernels: KernelSet,
  { start, elements, reverse }: StackOptions,
): Stack<B> {
  let levels: B[][] = [[]];
  function* join(parts: readonly B[], from: number, each: (part: B) => number): Work<B, B> {
    const ordered = reverse ? parts.toReversed() : [...parts];
    const sizes = ordered.map(each);
    const total = sizes.reduce((sum, n) => sum + n, 0);
    const kernel = kernels.kernel(
      joinSource(sizes, from),
      ordered.map((part) => part.elements),
      total,
    );
    const joined = yield machine.launch(kernel, ordered, []);
    for (const part of parts) machine.give(part);
    return joined;
  }
  function* carryOver(level: number): Work<B> {
    const parts = nth(levels, level);
    if (parts.length < FAN) return;
    levels[level] = [];
    const joined = yield* join(parts, level === 0 ? start : 0, (part) => (level === 0 ? elements : part.elements));
    (levels[level + 1] ??= []).push(joined);
    yield* carryOver(level + 1);
  }
  return {
    *add(part) {
      nth(levels, 0).push(part);
      yield* carryOver(0);
    },
    *finish() {
      const [single = [], ...joinedBefore] = levels;
      levels = [];
      const rest = single.length > 0 ? [yield* join(single, start, () => elements)] : [];
      // The highest level has the earliest steps.
      let parts = [...joinedBefore.toReversed().flat(), ...rest];
      while (parts.length > 1) {
        const next: B[] = [];
        for (let i = 0; i < parts.length; i += FAN) {
          const some = parts.slice(i, i + FAN);
          next.push(...(some.length === 1 ? some : [yield* join(some, 0, (part) => part.elements)]));
        }
        parts = next;
      }
      return nth(parts, 0);
    },
    dispose() {
      for (const part of levels.flat()) machine.give(part);
      levels = [];
    },
  };
}

function joinSource(sizes: readonly number[], start: number): string {
  let end = 0;
  const lines = sizes.map((size, i) => {
    const before = end;
    end += size;
    const read = `return a${i}[i - ${literal(before)} + ${literal(start)}];`;
    return i === sizes.length - 1 ? `  ${read}` : `  if (i < ${literal(end)}) {\n    ${read}\n  }`;
  });
  return `function (${sizes.map((_, i) => `a${i}`).join(", ")}) {\n  const i = this.thread.x;\n${lines.join("\n")}\n}`;
}

/** Stacks in this process, for modes whose results are arrays of this process. */
export function hostStack(
  give: (handle: Handle) => void,
  kernels: KernelSet,
  { start, elements, reverse }: StackOptions,
): Stack<Handle> {
  const parts: Float32Array[] = [];
  return {
    *add(handle) {
      const { resident } = handle;
      if (resident instanceof Float32Array) parts.push(resident.subarray(start, start + elements));
      give(handle);
    },
    *finish() {
      const whole = new Float32Array(parts.length * elements);
      parts.forEach((values, i) => whole.set(values, (reverse ? parts.length - 1 - i : i) * elements));
      return yield kernels.upload(whole);
    },
    dispose() {},
  };
}
