import { TensorError } from "@sluice/tensor";
import { lookUp } from "@sluice/tensor/internal";
import { MOST_ELEMENTS } from "../kernels/position.ts";
import { explained, type FailureContext } from "./failure.ts";
import type { Instance, KernelFunction, Recorded, Resident } from "./library.ts";
import { modes } from "./modes.ts";

/** Values on the device, with a reference count. They are freed when given back as often as taken. */
export interface Handle {
  readonly elements: number;
  readonly resident: Resident;
  owners: number;
}

/** A kernel ready to run. */
export interface Kernel {
  /** The number of elements of its result. */
  readonly elements: number;
  run(reads: readonly Handle[], positions: readonly (number | Float32Array)[]): Handle | Promise<Handle>;
  /** Records a launch into the pipeline that is being made. */
  record(reads: readonly Recorded[], positions: readonly (number | Recorded)[]): Recorded;
}

/** The kernels that one executable uses. */
export interface KernelSet {
  /** The kernel for this source and these array sizes. */
  kernel(code: string, reads: readonly number[], elements: number): Kernel;
  upload(values: Float32Array): Handle | Promise<Handle>;
  /** Releases the kernels. Those that no other executable uses are destroyed. */
  release(): void;
}

interface SharedKernel {
  readonly kernel: Kernel;
  readonly destroy: () => void;
  users: number;
}

/**
 * Returns a function that makes kernel sets. The sets share kernels, so a kernel that several executables use is
 * compiled once.
 */
export function kernelSets(instance: Instance, context: FailureContext): () => KernelSet {
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
          entry = { ...createKernel(instance, context, code, elements), users: 0 };
          shared.set(key, entry);
        }
        entry.users++;
        used.set(key, entry.kernel);
        return entry.kernel;
      },
      upload(values) {
        const handle = newHandle(values, values.length);
        if (modes[context.mode].isHost) return handle;
        return set
          .kernel("function (a0) {\n  return a0[this.thread.x];\n}", [values.length], values.length)
          .run([handle], []);
      },
      release() {
        for (const key of used.keys()) {
          const entry = lookUp(shared, key, "no kernel");
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

/** Throws if an array has more elements than gpu.js can index. */
export function checkElements(elements: number): void {
  if (elements <= MOST_ELEMENTS) return;
  throw new TensorError(
    `gpu: an array of ${elements} elements is too large: gpu.js computes indices in floats, which are exact up to ${MOST_ELEMENTS} only. Use a smaller batch, fewer steps, scan's option segment, or @sluice/wasm`,
  );
}

function createKernel(
  instance: Instance,
  context: FailureContext,
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
    if (!ran) checkExecuted(instance, context, kernel);
    ran = true;
    return newHandle(resident, elements);
  };
  return {
    kernel: {
      elements,
      run: (reads, positions) =>
        explained(
          context,
          "run a kernel",
          () => kernel(...reads.map(({ resident }) => resident), ...positions),
          finish,
        ),
      record: (reads, positions) => kernel(...reads, ...positions),
    },
    destroy: () => {
      if (ran) kernel.destroy();
      const at = instance.kernels.indexOf(kernel.kernel);
      if (at >= 0) instance.kernels.splice(at, 1);
    },
  };
}

/** If gpu.js cannot run a kernel in the mode, it runs it on the CPU, with a warning at most. Here that is an error. */
function checkExecuted(instance: Instance, { mode }: FailureContext, { kernel }: KernelFunction): void {
  if (kernel.constructor === instance.Kernel && (kernel.fallbackReason ?? undefined) === undefined) return;
  throw new TensorError(
    `gpu: gpu.js did not run a kernel in mode ${mode}: ${kernel.fallbackReason ?? "it used another mode"}. The result was discarded; choose another mode or backend`,
  );
}
