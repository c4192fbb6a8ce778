import { TensorError } from "@sluice/tensor";
import { MOST_ELEMENTS } from "../kernels/position.ts";
import { explained, type Place } from "./failure.ts";
import type { Instance, KernelFunction, Recorded, Resident } from "./library.ts";
import { modes } from "./modes.ts";

/** Values on the device, owned by whoever holds it; given back as often as it was taken. */
export interface Handle {
  readonly elements: number;
  readonly resident: Resident;
  owners: number;
}

/** A kernel ready to run. */
export interface Kernel {
  /** Of its result. */
  readonly elements: number;
  run(reads: readonly Handle[], positions: readonly (number | Float32Array)[]): Handle | Promise<Handle>;
  /** Writes a launch into the pipeline that is being made. */
  record(reads: readonly Recorded[], positions: readonly (number | Recorded)[]): Recorded;
}

/** The kernels that one executable uses. */
export interface KernelSet {
  /** The kernel of a source for arrays of these sizes. */
  kernel(code: string, reads: readonly number[], elements: number): Kernel;
  upload(values: Float32Array): Handle | Promise<Handle>;
  /** Of no more use; those that no other executable uses are destroyed. */
  release(): void;
}

interface SharedKernel {
  readonly kernel: Kernel;
  readonly destroy: () => void;
  users: number;
}

/** Makes sets whose kernels are shared: what several executables need is compiled once. */
export function kernelSets(instance: Instance, place: Place): () => KernelSet {
  const shared = new Map<string, SharedKernel>();
  return () => {
    const used = new Map<string, Kernel>();
    const set: KernelSet = {
      kernel(code, reads, elements) {
        const key = `${elements} ${reads.join()} ${code}`;
        const mine = used.get(key);
        if (mine !== undefined) return mine;
        let entry = shared.get(key);
        if (entry === undefined) {
          entry = { ...createKernel(instance, place, code, elements), users: 0 };
          shared.set(key, entry);
        }
        entry.users++;
        used.set(key, entry.kernel);
        return entry.kernel;
      },
      upload(values) {
        const handle = newHandle(values, values.length);
        if (modes[place.mode].isHost) return handle;
        return set
          .kernel("function (a0) {\n  return a0[this.thread.x];\n}", [values.length], values.length)
          .run([handle], []);
      },
      release() {
        for (const key of used.keys()) {
          const entry = shared.get(key)!;
          if (--entry.users > 0) continue;
          shared.delete(key);
          entry.destroy();
        }
        used.clear();
      },
    };
    return set;
  };
}

function newHandle(resident: Resident, elements: number): Handle {
  return { resident, elements, owners: 1 };
}

/** An error where an array has more elements than gpu.js can index. */
export function checkElements(elements: number): void {
  if (elements <= MOST_ELEMENTS) return;
  throw new TensorError(
    `gpu: an array of ${elements} elements is too large: gpu.js indexes in floats, which hold every whole number up to ${MOST_ELEMENTS} only. Use a smaller batch, fewer steps, scan's segment, or @sluice/wasm`,
  );
}

function createKernel(
  instance: Instance,
  place: Place,
  code: string,
  elements: number,
): { readonly kernel: Kernel; readonly destroy: () => void } {
  const kernel = instance.createKernel(code, {
    output: [elements],
    precision: "single",
    pipeline: true,
    immutable: true,
  });
  let ran = false;
  const finish = (resident: Resident): Handle => {
    if (!ran) checkExecuted(instance, place, kernel);
    ran = true;
    return newHandle(resident, elements);
  };
  return {
    kernel: {
      elements,
      run: (reads, positions) =>
        explained(place, "run a kernel", () => kernel(...reads.map(({ resident }) => resident), ...positions), finish),
      record: (reads, positions) => kernel(...reads, ...positions),
    },
    destroy: () => {
      if (ran) kernel.destroy();
      const at = instance.kernels.indexOf(kernel.kernel);
      if (at >= 0) instance.kernels.splice(at, 1);
    },
  };
}

/** gpu.js exchanges a kernel that it cannot run for one on the CPU, with a warning at most; here that is an error. */
function checkExecuted(instance: Instance, { mode }: Place, { kernel }: KernelFunction): void {
  if (kernel.constructor === instance.Kernel && (kernel.fallbackReason ?? undefined) === undefined) return;
  throw new TensorError(
    `gpu: gpu.js did not run a kernel in mode ${mode}: ${kernel.fallbackReason ?? "it took another mode"}. The result was not used; take another mode or backend`,
  );
}
