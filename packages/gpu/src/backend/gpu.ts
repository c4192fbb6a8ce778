import { TensorError, type Backend } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { createDevice } from "../device/device.ts";
import { loadLibrary } from "../device/library.ts";
import { chooseMode, modes, type GpuMode } from "../device/modes.ts";
import { gpuExecutable } from "./executable.ts";

export interface GpuOptions {
  /** Where kernels run. Default `auto`: the fastest that is available, of webgpu, webgl2, webasm and cpu. */
  readonly mode?: GpuMode | "auto";
  /**
   * Whether a run may be one pipeline, which gpu.js does faster than launch by launch: in the modes webgpu and webasm,
   * where it saves time. State then lies in this process between runs. Default true; false keeps it on the device.
   */
  readonly pipelines?: boolean;
}

/** A backend that says where it runs. */
export interface GpuBackend extends Backend {
  readonly mode: GpuMode;
  /** Why this mode. */
  readonly reason: string;
}

/**
 * A backend on gpu.js: programs become its kernels. What runs is the mode asked for or an error, never another. f32,
 * i32 and bool; results are those of the definitions within the tolerances in `docs/backends.md`, not to the bit.
 */
export async function gpu(options: GpuOptions = {}): Promise<GpuBackend> {
  checkOptions("gpu", options, ["mode", "pipelines"], { backend: "mode", device: "mode" });
  const { mode: wanted = "auto", pipelines = true } = options;
  const known = [...Object.keys(modes), "auto"];
  if (!known.includes(wanted)) throw new TensorError(`gpu: unknown mode ${wanted}; known: ${known.join(", ")}`);
  const library = await loadLibrary();
  const { mode, reason } = await chooseMode(library, wanted);
  const device = createDevice(library, mode);
  let open = true;
  return {
    name: `gpu ${mode}`,
    mode,
    reason,
    async compile(program, compileOptions = {}) {
      if (!open) throw new Error("gpu: the backend was closed");
      return gpuExecutable(program, compileOptions, device, { pipelines, closed: () => !open });
    },
    async close() {
      if (!open) return;
      open = false;
      await device.close();
    },
  };
}
