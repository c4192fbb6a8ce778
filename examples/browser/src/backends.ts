import { reference, type Backend } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";

/** A backend that training can run on. */
export interface BackendChoice {
  readonly name: string;
  readonly label: string;
  readonly note: string;
  /** Whether it can use several threads. */
  readonly threads: boolean;
  /** Whether the weights have the same bits on every machine. */
  readonly exact: boolean;
  /** Finds out whether it can run here, and on which device. Without this function, it always can. */
  look?(): Found | Promise<Found>;
  /** Makes the backend. Rejects if it cannot run here after all. */
  make(options: { readonly threads: number }): Promise<Backend>;
}

export interface Found {
  /** Why it cannot run here. */
  readonly unavailable?: string;
  /** The device that it runs on, as the browser names it. */
  readonly device?: string;
}

export const backends: readonly BackendChoice[] = [
  {
    name: "wasm",
    label: "WebAssembly",
    note: "The default: this page generates one WebAssembly program for the whole training step.",
    threads: true,
    exact: true,
    look: lookForWebAssembly,
    make: async ({ threads }) => wasm({ threads }),
  },
  {
    name: "webgpu",
    label: "WebGPU",
    note: "gpu.js kernels on the GPU.",
    threads: false,
    exact: false,
    look: lookForWebGpu,
    make: async () => (await import("@sluice/gpu")).gpu({ mode: "webgpu" }),
  },
  {
    name: "webgl2",
    label: "WebGL 2",
    note: "The same kernels as fragment shaders, for browsers without WebGPU.",
    threads: false,
    exact: false,
    look: lookForWebGl2,
    make: async () => (await import("@sluice/gpu")).gpu({ mode: "webgl2" }),
  },
  {
    name: "webasm",
    label: "gpu.js on WebAssembly",
    note: "The same kernels on the CPU.",
    threads: false,
    exact: false,
    look: lookForWebAssembly,
    make: async () => (await import("@sluice/gpu")).gpu({ mode: "webasm" }),
  },
  {
    name: "cpu",
    label: "gpu.js in JavaScript",
    note: "The same kernels as plain JavaScript functions.",
    threads: false,
    exact: false,
    make: async () => (await import("@sluice/gpu")).gpu({ mode: "cpu" }),
  },
  {
    name: "reference",
    label: "Plain JavaScript",
    note: "The reference backend: computes one operation after another, exactly as defined. Slow; choose short sequences.",
    threads: false,
    exact: true,
    make: async () => reference(),
  },
];

export function backendNamed(name: string): BackendChoice {
  const found = backends.find((choice) => choice.name === name);
  if (found === undefined)
    throw new Error(`There is no backend ${name}. Choose one of ${backends.map((choice) => choice.name).join(", ")}.`);
  return found;
}

function lookForWebAssembly(): Found {
  return typeof WebAssembly === "undefined"
    ? { unavailable: "This browser has no WebAssembly, or it is switched off." }
    : {};
}

async function lookForWebGpu(): Promise<Found> {
  if (!("gpu" in navigator))
    return { unavailable: "This browser has no WebGPU, or the page was not loaded from localhost or over https." };
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) return { unavailable: "No GPU available to WebGPU on this machine." };
  const { vendor, architecture, description } = adapter.info;
  return { device: description === "" ? `${vendor} ${architecture}`.trim() : description };
}

function lookForWebGl2(): Found {
  const context = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (context === null) return { unavailable: "This browser has no WebGL 2, or no GPU that it can use for it." };
  const unmasked = context.getExtension("WEBGL_debug_renderer_info");
  return unmasked === null ? {} : { device: String(context.getParameter(unmasked.UNMASKED_RENDERER_WEBGL)) };
}
