import { TensorError } from "@sluice/tensor";
import type { KernelRules } from "../schedule/group.ts";
import type { Library } from "./library.ts";

/** Where gpu.js runs kernels. */
export type GpuMode = "cpu" | "webasm" | "headlessgl" | "webgl2" | "webgpu";

interface ModeDescription {
  isAvailable(library: Library): boolean | Promise<boolean>;
  /** What it takes to have it. */
  readonly needs: string;
  readonly rules: KernelRules;
  /** Results are arrays of this process. */
  readonly isHost: boolean;
  /** How gpu.js does the launches of a pipeline as one; undefined where it does them one by one. */
  readonly pipelines?: "fused-encoder" | "fused-sync";
}

/**
 * From the fastest. `auto` takes the first that there is; `headlessgl` only where it is asked for, since it may take a
 * display.
 */
export const modes: Readonly<Record<GpuMode, ModeDescription>> = {
  webgpu: {
    isAvailable: (library) => library.isWebGPUAvailable(),
    needs: "a browser with WebGPU and an adapter; in Node the package webgpu, with create([]) as navigator.gpu",
    // WebGPU guarantees 8 storage buffers a kernel, of which one takes the result.
    rules: { reads: 7, positions: "numbers", packs: true },
    isHost: false,
    pipelines: "fused-encoder",
  },
  webgl2: {
    isAvailable: (library) => library.isWebGL2Supported,
    needs: "a browser with WebGL 2",
    // WebGL 2 guarantees 16 textures a kernel.
    rules: { reads: 12, positions: "numbers", packs: true },
    isHost: false,
  },
  headlessgl: {
    isAvailable: (library) => library.isHeadlessGLSupported,
    needs: "Node with the package gl, and a display (xvfb-run)",
    // WebGL 1 guarantees 8 textures a kernel.
    rules: { reads: 7, positions: "numbers", packs: true },
    isHost: false,
  },
  webasm: {
    isAvailable: (library) => library.isWebAssemblySupported,
    needs: "WebAssembly",
    // A number has a place of its own in a pipeline's memory, and gpu.js compiles a kernel anew for every place that an
    // argument is in. Its vectors of four threads go through both sides of an if, so a kernel of several values would
    // compute them all for each.
    rules: { reads: 32, positions: "arrays", packs: false },
    isHost: true,
    pipelines: "fused-sync",
  },
  cpu: {
    isAvailable: () => true,
    needs: "nothing",
    rules: { reads: 32, positions: "numbers", packs: true },
    isHost: true,
  },
};

const order: readonly GpuMode[] = ["webgpu", "webgl2", "headlessgl", "webasm", "cpu"];

/** A mode that is available, and why it was taken. */
export interface Chosen {
  readonly mode: GpuMode;
  readonly reason: string;
}

/** The mode asked for, or the best one for `auto`; an error that names those available and how to get the others. */
export async function chooseMode(library: Library, wanted: GpuMode | "auto"): Promise<Chosen> {
  if (wanted !== "auto") {
    if (await isAvailable(library, wanted)) return { mode: wanted, reason: "it was asked for" };
    const there = await availableModes(library);
    const missing = order.filter((mode) => !there.includes(mode)).map((mode) => `${mode} needs ${modes[mode].needs}`);
    throw new TensorError(`gpu: mode ${wanted} is not available here; ${there.join(", ")} are. ${missing.join("; ")}`);
  }
  const passed: string[] = [];
  for (const mode of order) {
    if (mode === "headlessgl") continue;
    if (await isAvailable(library, mode))
      return {
        mode,
        reason: passed.length === 0 ? "it is the fastest" : `it is the fastest available: no ${passed.join(", no ")}`,
      };
    passed.push(mode);
  }
  throw new Error("cpu is always available");
}

async function availableModes(library: Library): Promise<GpuMode[]> {
  const there = await Promise.all(order.map((mode) => isAvailable(library, mode)));
  return order.filter((_, i) => there[i]);
}

async function isAvailable(library: Library, mode: GpuMode): Promise<boolean> {
  try {
    return await modes[mode].isAvailable(library);
  } catch {
    // A probe that throws, such as a native package that does not load, has answered.
    return false;
  }
}
