import { TensorError } from "@sluice/tensor";
import { MOST_ELEMENTS } from "../kernels/position.ts";
import type { Instance, KernelFunction, Library, Resident } from "./library.ts";
import { modes, type GpuMode } from "./modes.ts";

/** Values on the device, owned by whoever holds it; given back as often as it was taken. */
export interface Handle {
  readonly elements: number;
  readonly resident: Resident;
  owners: number;
}

/** A kernel ready to run. */
export interface Kernel {
  run(reads: readonly Handle[], positions: readonly number[]): Handle | Promise<Handle>;
}

/** One gpu.js instance and its kernels. */
export interface Device {
  readonly mode: GpuMode;
  /** The kernel of a source for arrays of these sizes; made once. */
  kernel(code: string, reads: readonly number[], elements: number): Kernel;
  upload(values: Float32Array): Handle | Promise<Handle>;
  read(handle: Handle): Promise<Float32Array>;
  take(handle: Handle): Handle;
  give(handle: Handle): void;
  close(): Promise<void>;
}

export function createDevice(library: Library, mode: GpuMode): Device {
  const instance = new library({ mode });
  const kernels = new Map<string, Kernel>();
  const newHandle = (resident: Resident, elements: number): Handle => ({ resident, elements, owners: 1 });
  const device: Device = {
    mode,
    kernel(code, reads, elements) {
      const key = `${elements} ${reads.join()} ${code}`;
      const known = kernels.get(key);
      if (known !== undefined) return known;
      checkSize(elements);
      const made = createKernel(instance, mode, code, elements, newHandle);
      kernels.set(key, made);
      return made;
    },
    upload(values) {
      if (modes[mode].isHost) return newHandle(values, values.length);
      checkSize(values.length);
      return device.kernel("function (a0) {\n  return a0[this.thread.x];\n}", [values.length], values.length).run([newHandle(values, values.length)], []);
    },
    async read({ resident }) {
      return resident instanceof Float32Array ? resident : resident.toArray();
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
  return device;
}

function checkSize(elements: number): void {
  if (elements <= MOST_ELEMENTS) return;
  throw new TensorError(`gpu: an array of ${elements} elements is too large; gpu.js counts in floats, which hold every index up to ${MOST_ELEMENTS} only. Use a smaller batch, fewer steps, or @sluice/wasm`);
}

function createKernel(instance: Instance, mode: GpuMode, code: string, elements: number, newHandle: (resident: Resident, elements: number) => Handle): Kernel {
  const kernel = instance.createKernel(code, { output: [elements], precision: "single", pipeline: true, immutable: true });
  let checked = false;
  const finish = (resident: Resident): Handle => {
    if (!checked) checkExecuted(instance, mode, kernel);
    checked = true;
    return newHandle(resident, elements);
  };
  return {
    run(reads, positions) {
      const result = kernel(...reads.map(({ resident }) => resident), ...positions);
      return result instanceof Promise ? result.then(finish) : finish(result);
    },
  };
}

/** gpu.js exchanges a kernel that it cannot run for one on the CPU, with a warning at most; here that is an error. */
function checkExecuted(instance: Instance, mode: GpuMode, { kernel }: KernelFunction): void {
  if (kernel.constructor === instance.Kernel && (kernel.fallbackReason ?? undefined) === undefined) return;
  throw new TensorError(`gpu: gpu.js did not run a kernel in mode ${mode}: ${kernel.fallbackReason ?? "it took another mode"}. The result was not used; take another mode or backend`);
}
