/**
 * The parts of gpu.js 2.24 that this package uses. gpu.js's own types lack the results of WebGPU and the kernel that
 * runs. Only this file imports gpu.js.
 */
export interface Library {
  new (settings: { readonly mode: string }): Instance;
  isWebGPUAvailable(): Promise<boolean>;
  readonly isWebGL2Supported: boolean;
  readonly isHeadlessGLSupported: boolean;
  readonly isWebAssemblySupported: boolean;
}

/** A gpu.js instance: a context and its kernels. */
export interface Instance {
  /** The class of its kernels. */
  readonly Kernel: unknown;
  readonly context: unknown;
  /** All its kernels. In mode cpu the destroyed ones stay in the list. */
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
  /** Results are floats; `unsigned` would pack them into bytes. */
  readonly precision: "single";
  /** The result stays on the device. */
  readonly pipeline: true;
  /** Each result gets its own memory. */
  readonly immutable: true;
}

export interface KernelFunction {
  (...args: readonly (Resident | number)[]): Resident | Promise<Resident>;
  /** Records a launch, while a pipeline is being made. */
  (...args: readonly (Recorded | number)[]): Recorded;
  /** The kernel that runs. gpu.js may have replaced it. */
  readonly kernel: { readonly constructor: unknown; readonly fallbackReason?: string | null };
  destroy(): void;
}

/** A pipeline. After its first run it says how gpu.js runs it. */
export interface PipelineFunction {
  (...args: readonly Float32Array[]): Promise<readonly Float32Array[]>;
  readonly executorKind: string;
  readonly backend: string | null;
  /** Why gpu.js fell back to a slower kind of run. */
  readonly fallbackReason: string | null;
  destroy(): Promise<void>;
}

declare const recorded: unique symbol;

/** A placeholder for an argument or a result while a pipeline is being made. Reading its values throws. */
export interface Recorded {
  readonly [recorded]: true;
}

/** A result: a texture or buffer on the device, or an array if the device is this process. */
export type Resident = Float32Array | { toArray(): Float32Array | Promise<Float32Array>; delete(): void };

export async function loadLibrary(): Promise<Library> {
  const found: unknown = await import("#gpu.js");
  for (const candidate of [found, property(found, "default")]) {
    for (const library of [property(candidate, "GPU"), candidate]) if (isLibrary(library)) return library;
  }
  throw new Error("gpu: the module gpu.js has no GPU class; expected version 2.24");
}

/**
 * The most elements that an array may have. In the GL modes an array becomes a nearly square texture, so the largest
 * texture limits it.
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
