/**
 * What is used of gpu.js 2.24: its own typings leave out WebGPU's results and the kernel that runs. Nothing else
 * imports it.
 */
export interface Library {
  new (settings: { readonly mode: string }): Instance;
  isWebGPUAvailable(): Promise<boolean>;
  readonly isWebGL2Supported: boolean;
  readonly isHeadlessGLSupported: boolean;
  readonly isWebAssemblySupported: boolean;
}

/** One gpu.js GPU: a context and its kernels. */
export interface Instance {
  /** The class of the kernels that it makes. */
  readonly Kernel: unknown;
  readonly context: unknown;
  /** All its kernels; in mode cpu those that were destroyed too. */
  readonly kernels: unknown[];
  createKernel(source: string, settings: KernelSettings): KernelFunction;
  createPipeline(
    orchestrate: (...given: readonly Recorded[]) => readonly Recorded[],
    settings: { readonly threads: false },
  ): PipelineFunction;
  destroy(): Promise<void>;
}

interface KernelSettings {
  readonly output: readonly [number];
  /** Floats; `unsigned` would pack them into bytes. */
  readonly precision: "single";
  /** The result stays on the device. */
  readonly pipeline: true;
  /** Each result has memory of its own. */
  readonly immutable: true;
}

export interface KernelFunction {
  (...args: readonly (Resident | number)[]): Resident | Promise<Resident>;
  /** While a pipeline is made. */
  (...args: readonly (Recorded | number)[]): Recorded;
  /** The kernel that runs, which gpu.js may have exchanged for another. */
  readonly kernel: { readonly constructor: unknown; readonly fallbackReason?: string | null };
  destroy(): void;
}

/** A run of launches, and after its first run how gpu.js does them. */
export interface PipelineFunction {
  (...args: readonly Float32Array[]): Promise<readonly Float32Array[]>;
  readonly executorKind: string;
  readonly backend: string | null;
  /** Why it is not the kind that it could be. */
  readonly fallbackReason: string | null;
  destroy(): Promise<void>;
}

declare const recorded: unique symbol;

/** Stands for an argument or a result while a pipeline is made; whoever looks into it gets an error. */
export interface Recorded {
  readonly [recorded]: true;
}

/** A result on the device: a texture, a buffer, or, where the device is this process, an array. */
export type Resident = Float32Array | { toArray(): Float32Array | Promise<Float32Array>; delete(): void };

export async function loadLibrary(): Promise<Library> {
  const found: unknown = await import("#gpu.js");
  for (const candidate of [found, property(found, "default")]) {
    for (const library of [property(candidate, "GPU"), candidate]) if (isLibrary(library)) return library;
  }
  throw new Error("gpu: the module gpu.js has no GPU class; is it version 2.24?");
}

/**
 * The most elements that an array may have, as far as the textures that it becomes in the modes on GL say: they are
 * about square.
 */
export function largestArray({ Kernel }: Instance): number {
  const side = property(property(Kernel, "features"), "maxTextureSize");
  return typeof side === "number" ? side * side : Infinity;
}

function property(of: unknown, name: string): unknown {
  return (typeof of === "object" || typeof of === "function") && of !== null && name in of
    ? Reflect.get(of, name)
    : undefined;
}

function isLibrary(value: unknown): value is Library {
  return typeof value === "function" && "isWebGPUAvailable" in value;
}
