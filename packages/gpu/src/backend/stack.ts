import type { Handle, KernelSet } from "../device/kernels.ts";
import { literal } from "../kernels/body.ts";
import type { Buffer, Machine, Work } from "./perform.ts";

/** Joins a range of each step's buffer into one, by position. */
export interface Stack<B extends Buffer> {
  /** Takes over the buffer. */
  add(part: B): Work<B>;
  finish(): Work<B, B>;
  /** Gives back what it still holds. */
  dispose(): void;
}

export interface StackOptions {
  /** The range of each buffer that is wanted. */
  readonly start: number;
  readonly elements: number;
  /** Steps come from the last position to the first. */
  readonly reverse: boolean;
}

/** Parts that one kernel joins. */
export const FAN = 6;

/**
 * A kernel writes its whole result, so a step cannot write its slice of the outputs of all steps; writing all of them
 * anew in each step would take time with the square of the number of steps. Here a few parts are joined at a time, and
 * what they give again a few at a time, as digits carry: every element is moved a number of times that grows with the
 * logarithm.
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
    const parts = levels[level]!;
    if (parts.length < FAN) return;
    levels[level] = [];
    const joined = yield* join(parts, level === 0 ? start : 0, (part) => (level === 0 ? elements : part.elements));
    (levels[level + 1] ??= []).push(joined);
    yield* carryOver(level + 1);
  }
  return {
    *add(part) {
      levels[0]!.push(part);
      yield* carryOver(0);
    },
    *finish() {
      const [single = [], ...joinedBefore] = levels;
      levels = [];
      const rest = single.length > 0 ? [yield* join(single, start, () => elements)] : [];
      // The earliest steps are in the highest level.
      let parts = [...joinedBefore.toReversed().flat(), ...rest];
      while (parts.length > 1) {
        const next: B[] = [];
        for (let i = 0; i < parts.length; i += FAN) {
          const some = parts.slice(i, i + FAN);
          next.push(some.length === 1 ? some[0]! : yield* join(some, 0, (part) => part.elements));
        }
        parts = next;
      }
      return parts[0]!;
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

/** Where results are arrays of this process. */
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
