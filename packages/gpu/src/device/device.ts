import { TensorError } from "@sluice/tensor";
import { explained, isLost, lostError, type Place } from "./failure.ts";
import { checkElements, kernelSets, type Handle, type KernelSet } from "./kernels.ts";
import { largestArray, type Library, type Recorded } from "./library.ts";
import type { GpuMode } from "./modes.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";

/** One gpu.js instance and its kernels. */
export interface Device {
  readonly mode: GpuMode;
  /** An error where a buffer would be too large. */
  checkBuffer(elements: number): void;
  kernels(): KernelSet;
  /** A pipeline of what `orchestrate` records with {@link Kernel.record}. */
  pipeline(given: number, orchestrate: (given: readonly Recorded[]) => readonly Recorded[]): Pipeline;
  read(handle: Handle): Promise<Float32Array>;
  take(handle: Handle): Handle;
  give(handle: Handle): void;
  close(): Promise<void>;
}

export function createDevice(library: Library, mode: GpuMode): Device {
  const instance = new library({ mode });
  const place: Place = { mode, lost: () => isLost(instance.context) };
  const largest = largestArray(instance);
  return {
    mode,
    checkBuffer(elements) {
      checkElements(elements);
      if (elements <= largest) return;
      throw new TensorError(
        `gpu: an array of ${elements} elements is too large: the largest texture of mode ${mode} holds ${largest} here. Use a smaller batch, fewer steps, scan's segment, or @sluice/wasm`,
      );
    },
    kernels: kernelSets(instance, place),
    pipeline: (given, orchestrate) => createPipeline(instance, place, given, orchestrate),
    async read({ resident }) {
      if (resident instanceof Float32Array) return resident;
      const values = await explained(place, "read a result", () => resident.toArray());
      if (place.lost()) throw lostError(place);
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
