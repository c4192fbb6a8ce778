import { literal } from "../kernels/body.ts";
import type { Device, Handle, KernelSet } from "../device/device.ts";

/** Joins a range of each step's buffer into one, by position. */
export interface Stack {
  /** Takes over the handle. */
  add(part: Handle): void | Promise<void>;
  finish(): Promise<Handle>;
  /** Gives back what it still holds. */
  dispose(): void;
}

interface StackOptions {
  /** The range of each buffer that is wanted. */
  readonly start: number;
  readonly elements: number;
  /** Steps come from the last position to the first. */
  readonly reverse: boolean;
}

/** Parts that one kernel joins. */
const FAN = 6;

/**
 * A kernel writes its whole result, so a step cannot write its slice of the outputs of all steps; writing all of them anew in each step would take time with the square of the number of steps.
 * Here a few parts are joined at a time, and what they give again a few at a time, as digits carry: every element is moved a number of times that grows with the logarithm.
 */
export function createStack(device: Device, kernels: KernelSet, options: StackOptions): Stack {
  if (device.isHost) return hostStack(device, kernels, options);
  const { start, elements, reverse } = options;
  let levels: Handle[][] = [[]];
  const join = async (parts: readonly Handle[], from: number, each: (handle: Handle) => number): Promise<Handle> => {
    const ordered = reverse ? parts.toReversed() : [...parts];
    const sizes = ordered.map(each);
    const total = sizes.reduce((sum, n) => sum + n, 0);
    const kernel = kernels.kernel(joinSource(sizes, from), ordered.map((handle) => handle.elements), total);
    const joined = await kernel.run(ordered, []);
    for (const handle of parts) device.give(handle);
    return joined;
  };
  const carryOver = async (level: number): Promise<void> => {
    const parts = levels[level]!;
    if (parts.length < FAN) return;
    levels[level] = [];
    const joined = await join(parts, level === 0 ? start : 0, (handle) => (level === 0 ? elements : handle.elements));
    (levels[level + 1] ??= []).push(joined);
    await carryOver(level + 1);
  };
  return {
    async add(handle) {
      levels[0]!.push(handle);
      await carryOver(0);
    },
    async finish() {
      const [single = [], ...joinedBefore] = levels;
      levels = [];
      const rest = single.length > 0 ? [await join(single, start, () => elements)] : [];
      // The earliest steps are in the highest level.
      let parts = [...joinedBefore.toReversed().flat(), ...rest];
      while (parts.length > 1) {
        const next: Handle[] = [];
        for (let i = 0; i < parts.length; i += FAN) {
          const some = parts.slice(i, i + FAN);
          next.push(some.length === 1 ? some[0]! : await join(some, 0, (handle) => handle.elements));
        }
        parts = next;
      }
      return parts[0]!;
    },
    dispose() {
      for (const handle of levels.flat()) device.give(handle);
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
function hostStack(device: Device, kernels: KernelSet, { start, elements, reverse }: StackOptions): Stack {
  const parts: Float32Array[] = [];
  return {
    add(handle) {
      const { resident } = handle;
      if (resident instanceof Float32Array) parts.push(resident.subarray(start, start + elements));
      device.give(handle);
    },
    async finish() {
      const whole = new Float32Array(parts.length * elements);
      parts.forEach((values, i) => whole.set(values, (reverse ? parts.length - 1 - i : i) * elements));
      return kernels.upload(whole);
    },
    dispose() {},
  };
}
