import { TensorError } from "@sluice/tensor";
import type { KernelRules } from "../schedule/group.ts";
import type { Library } from "./library.ts";

/** Where gpu.js runs kernels. */
export type GpuMode = "cpu" | "webasm" | "headlessgl" | "webgl2" | "webgpu";

interface ModeDescription {
  isAvailable(library: Library): boolean | Promise<boolean>;
  /** What the mode needs, for error messages. */
  readonly needs: string;
  readonly rules: KernelRules;
  /** Whether results are arrays of this process. */
  readonly isHost: boolean;
  /** How gpu.js runs the launches of a pipeline as one. Undefined if it launches them one by one. */
  readonly pipelines?: "fused-encoder" | "fused-sync";
}

/** The modes, fastest first. `auto` uses the first available one, but never `headlessgl`, which may need a display. */
export const modes: Readonly<Record<GpuMode, ModeDescription>> = {
  webgpu: {
    isAvailable: (library) => library.isWebGPUAvailable(),
    needs: "a browser with WebGPU and an adapter; in Node the package webgpu, with create([]) as navigator.gpu",
    // WebGPU guarantees 8 storage buffers per kernel. One of them is for the result.
    rules: { reads: 7, positions: "numbers", packs: true },
    isHost: false,
    pipelines: "fused-encoder",
  },
  webgl2: {
    isAvailable: (library) => library.isWebGL2Supported,
    needs: "a browser with WebGL 2",
    // WebGL 2 guarantees 16 textures per kernel.
    rules: { reads: 12, positions: "numbers", packs: true },
    isHost: false,
  },
  headlessgl: {
    isAvailable: (library) => library.isHeadlessGLSupported,
    needs: "Node with the package gl, and a display (xvfb-run)",
    // WebGL 1 guarantees 8 textures per kernel.
    rules: { reads: 7, positions: "numbers", packs: true },
    isHost: false,
  },
  webasm: {
    isAvailable: (library) => library.isWebAssemblySupported,
    needs: "WebAssembly",
    // Positions are arrays because gpu.js gives each number its own address in a pipeline's memory, and compiles a
    // kernel again for every address of an argument. Kernels do not pack several values because its vectors of four
    // threads execute both sides of an if, so every thread would compute all values.
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

/** An available mode, and why it was chosen. */
export interface Chosen {
  readonly mode: GpuMode;
  readonly reason: string;
}

/**
 * The given mode, or the best one for `auto`. Throws if the mode is not available; the message lists the available
 * modes and what the others need.
 */
export async function chooseMode(library: Library, wanted: GpuMode | "auto"): Promise<Chosen> {
  if (wanted !== "auto") {
    if (await isAvailable(library, wanted)) return { mode: wanted, reason: "it was requested" };
    const there = await availableModes(library);
    const missing = order.filter((mode) => !there.includes(mode)).map((mode) => `${mode} needs ${modes[mode].needs}`);
    throw new TensorError(
      `gpu: mode ${wanted} is not available here. Available: ${there.join(", ")}. ${missing.join("; ")}`,
    );
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
    // A probe that throws means "not available", for instance a native package that does not load.
    return false;
  }
}
