import { TensorError, type Backend } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { createDevice } from "../device/device.ts";
import { loadLibrary } from "../device/library.ts";
import { chooseMode, modes, type GpuMode } from "../device/modes.ts";
import { gpuExecutable } from "./executable.ts";

/** Options of {@link gpu}. */
export interface GpuOptions {
  /** Where kernels run. Default `auto`: the first available of webgpu, webgl2, webasm and cpu. */
  readonly mode?: GpuMode | "auto";
  /**
   * Whether a run may be one pipeline, where that is faster (modes webgpu and webasm). Between runs state is then in
   * this process's memory. Default true. With false, state stays on the device.
   */
  readonly pipelines?: boolean;
}

/** A backend on gpu.js that says where it runs. */
export interface GpuBackend extends Backend {
  /** The mode that it runs in. */
  readonly mode: GpuMode;
  /** Why it runs in this mode. */
  readonly reason: string;
}

/**
 * Makes a backend that runs programs as kernels of gpu.js. It supports f32, i32 and bool. Results agree with the other
 * backends within the tolerances in `docs/backends.md`, not bit for bit.
 *
 * Rejects with a TensorError if the mode is unknown or not available; the message lists the available modes. If gpu.js
 * falls back to another mode, the run rejects.
 */
export async function gpu(options: GpuOptions = {}): Promise<GpuBackend> {
  checkOptions("gpu", options, ["mode", "pipelines"], { backend: "mode", device: "mode" });
  const { mode: wanted = "auto", pipelines = true } = options;
  const known = [...Object.keys(modes), "auto"];
  if (!known.includes(wanted))
    throw new TensorError(`gpu: unknown mode ${wanted}; expected one of ${known.join(", ")}`);
  const library = await loadLibrary();
  const { mode, reason } = await chooseMode(library, wanted);
  const device = createDevice(library, mode);
  let open = true;
  return {
    name: `gpu ${mode}`,
    varies: "a device chooses the order of sums and the rounding of functions",
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
