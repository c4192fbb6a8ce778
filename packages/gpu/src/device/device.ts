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

/** The kernels that one executable uses. */
export interface KernelSet {
  /** The kernel of a source for arrays of these sizes. */
  kernel(code: string, reads: readonly number[], elements: number): Kernel;
  upload(values: Float32Array): Handle | Promise<Handle>;
  /** Of no more use; those that no other executable uses are destroyed. */
  release(): void;
}

/** One gpu.js instance and its kernels. */
export interface Device {
  readonly mode: GpuMode;
  /** Whether results are arrays of this process. */
  readonly isHost: boolean;
  kernels(): KernelSet;
  read(handle: Handle): Promise<Float32Array>;
  take(handle: Handle): Handle;
  give(handle: Handle): void;
  close(): Promise<void>;
}

interface SharedKernel {
  readonly kernel: Kernel;
  readonly destroy: () => void;
  users: number;
}

export function createDevice(library: Library, mode: GpuMode): Device {
  const { isHost } = modes[mode];
  const instance = new library({ mode });
  const shared = new Map<string, SharedKernel>();
  const lost = (): boolean => isLost(instance.context);

  const kernels = (): KernelSet => {
    const used = new Map<string, Kernel>();
    const set: KernelSet = {
      kernel(code, reads, elements) {
        const key = `${elements} ${reads.join()} ${code}`;
        const mine = used.get(key);
        if (mine !== undefined) return mine;
        let entry = shared.get(key);
        if (entry === undefined) {
          entry = { ...createKernel(instance, mode, code, elements, lost), users: 0 };
          shared.set(key, entry);
        }
        entry.users++;
        used.set(key, entry.kernel);
        return entry.kernel;
      },
      upload(values) {
        if (isHost) return newHandle(values, values.length);
        return set.kernel("function (a0) {\n  return a0[this.thread.x];\n}", [values.length], values.length).run([newHandle(values, values.length)], []);
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
  return {
    mode,
    isHost,
    kernels,
    async read({ resident }) {
      if (resident instanceof Float32Array) return resident;
      const values = await explained(mode, "read a result", lost, () => resident.toArray());
      if (lost()) throw lostError(mode);
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

function createKernel(instance: Instance, mode: GpuMode, code: string, elements: number, lost: () => boolean): { readonly kernel: Kernel; readonly destroy: () => void } {
  const kernel = instance.createKernel(code, { output: [elements], precision: "single", pipeline: true, immutable: true });
  let ran = false;
  const finish = (resident: Resident): Handle => {
    if (!ran) checkExecuted(instance, mode, kernel);
    ran = true;
    return newHandle(resident, elements);
  };
  return {
    kernel: { run: (reads, positions) => explained(mode, "run a kernel", lost, () => kernel(...reads.map(({ resident }) => resident), ...positions), finish) },
    destroy: () => {
      if (ran) kernel.destroy();
      const at = instance.kernels.indexOf(kernel.kernel);
      if (at >= 0) instance.kernels.splice(at, 1);
    },
  };
}

/** gpu.js exchanges a kernel that it cannot run for one on the CPU, with a warning at most; here that is an error. */
function checkExecuted(instance: Instance, mode: GpuMode, { kernel }: KernelFunction): void {
  if (kernel.constructor === instance.Kernel && (kernel.fallbackReason ?? undefined) === undefined) return;
  throw new TensorError(`gpu: gpu.js did not run a kernel in mode ${mode}: ${kernel.fallbackReason ?? "it took another mode"}. The result was not used; take another mode or backend`);
}

function explained<T>(mode: GpuMode, task: string, lost: () => boolean, work: () => T | Promise<T>): T | Promise<T>;
function explained<T, R>(mode: GpuMode, task: string, lost: () => boolean, work: () => T | Promise<T>, then: (value: T) => R): R | Promise<R>;
function explained(mode: GpuMode, task: string, lost: () => boolean, work: () => unknown, then: (value: unknown) => unknown = (value) => value): unknown {
  const explain = (error: unknown): never => {
    if (error instanceof TensorError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if (lost() || /\blost\b/.test(message)) throw lostError(mode);
    throw new TensorError(`gpu: gpu.js could not ${task} in mode ${mode}: ${message}`);
  };
  try {
    const result = work();
    return result instanceof Promise ? result.then(then).catch(explain) : then(result);
  } catch (error) {
    return explain(error);
  }
}

function lostError(mode: GpuMode): TensorError {
  return new TensorError(`gpu: the device of mode ${mode} was lost, and with it what it held. Go on from the last state that was read, with a new backend: gpu() again, or @sluice/wasm`);
}

function isLost(context: unknown): boolean {
  if (typeof context !== "object" || context === null || !("isContextLost" in context) || typeof context.isContextLost !== "function") return false;
  return context.isContextLost() === true;
}
