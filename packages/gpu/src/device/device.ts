import { TensorError } from "@sluice/tensor";
import { explained, isLost, lostError, type FailureContext } from "./failure.ts";
import { checkElements, kernelSets, type Handle, type KernelSet } from "./kernels.ts";
import { largestArray, type Library, type Recorded } from "./library.ts";
import type { GpuMode } from "./modes.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";

/** A gpu.js instance and its kernels. */
export interface Device {
  readonly mode: GpuMode;
  /** Throws if a buffer would be too large. */
  checkBuffer(elements: number): void;
  kernels(): KernelSet;
  /** Makes a pipeline of the launches that `orchestrate` records with {@link Kernel.record}. */
  pipeline(given: number, orchestrate: (given: readonly Recorded[]) => readonly Recorded[]): Pipeline;
  read(handle: Handle): Promise<Float32Array>;
  take(handle: Handle): Handle;
  give(handle: Handle): void;
  close(): Promise<void>;
}

export function createDevice(library: Library, mode: GpuMode): Device {
  const instance = new library({ mode });
  const context: FailureContext = { mode, lost: () => isLost(instance.context) };
  const largest = largestArray(instance);
  return {
    mode,
    checkBuffer(elements) {
      checkElements(elements);
      if (elements <= largest) return;
      throw new TensorError(
        `gpu: an array of ${elements} elements is too large: the largest texture of mode ${mode} holds ${largest} on this device. Use a smaller batch, fewer steps, scan's option segment, or @sluice/wasm`,
      );
    },
    kernels: kernelSets(instance, context),
    pipeline: (given, orchestrate) => createPipeline(instance, context, given, orchestrate),
    async read({ resident }) {
      if (resident instanceof Float32Array) return resident;
      const values = await explained(context, "read a result", () => resident.toArray());
      if (context.lost()) throw lostError(context);
      return values;
    },
    take(handle) {
      handle.owners++;
      return handle;
    },
    give(handle) {
      if (--handle.owners === 0 && !(handle.resident instanceof Float32Array)) handle.resident.delete();
    },
    close: () => instance.destroy(),
  };
}
