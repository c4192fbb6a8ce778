import { reference, type Backend } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";

/** Where training can run. */
export interface BackendChoice {
  readonly name: string;
  readonly label: string;
  readonly note: string;
  /** Whether it divides its work among threads. */
  readonly threads: boolean;
  /** Whether weights have the same bits on every machine. */
  readonly exact: boolean;
  /** What is here for it; without it, nothing speaks against it. */
  look?(): Found | Promise<Found>;
  /** Rejects where it cannot run here after all. */
  make(options: { readonly threads: number }): Promise<Backend>;
}

export interface Found {
  /** Why it cannot run here. */
  readonly unavailable?: string;
  /** What it runs on, as the browser names it. */
  readonly device?: string;
}

export const backends: readonly BackendChoice[] = [
  {
    name: "wasm",
    label: "WebAssembly",
    note: "The default: one program for the whole training step, generated in this page.",
    threads: true,
    exact: true,
    look: lookForWebAssembly,
    make: async ({ threads }) => wasm({ threads }),
  },
  {
    name: "webgpu",
    label: "WebGPU",
    note: "Kernels of gpu.js on the graphics card.",
    threads: false,
    exact: false,
    look: lookForWebGpu,
    make: async () => (await import("@sluice/gpu")).gpu({ mode: "webgpu" }),
  },
  {
    name: "webgl2",
    label: "WebGL 2",
    note: "The same kernels as fragment shaders, where there is no WebGPU.",
    threads: false,
    exact: false,
    look: lookForWebGl2,
    make: async () => (await import("@sluice/gpu")).gpu({ mode: "webgl2" }),
  },
  {
    name: "webasm",
    label: "gpu.js on WebAssembly",
    note: "The same kernels without a graphics card.",
    threads: false,
    exact: false,
    look: lookForWebAssembly,
    make: async () => (await import("@sluice/gpu")).gpu({ mode: "webasm" }),
  },
  {
    name: "cpu",
    label: "gpu.js in JavaScript",
    note: "The same kernels as plain functions.",
    threads: false,
    exact: false,
    make: async () => (await import("@sluice/gpu")).gpu({ mode: "cpu" }),
  },
  {
    name: "reference",
    label: "Plain JavaScript",
    note: "The reference: each operation as it is defined, one after the other. Slow; choose short sequences.",
    threads: false,
    exact: true,
    make: async () => reference(),
  },
];

export function backendNamed(name: string): BackendChoice {
  const found = backends.find((choice) => choice.name === name);
  if (found === undefined)
    throw new Error(`There is no backend ${name}; there are ${backends.map((choice) => choice.name).join(", ")}.`);
  return found;
}

function lookForWebAssembly(): Found {
  return typeof WebAssembly === "undefined"
    ? { unavailable: "This browser has no WebAssembly, or it is switched off." }
    : {};
}

async function lookForWebGpu(): Promise<Found> {
  if (!("gpu" in navigator))
    return { unavailable: "This browser has no WebGPU, or this page did not come from localhost or by https." };
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) return { unavailable: "This browser has WebGPU, but no graphics card for it." };
  const { vendor, architecture, description } = adapter.info;
  return { device: description === "" ? `${vendor} ${architecture}`.trim() : description };
}

function lookForWebGl2(): Found {
  const context = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (context === null) return { unavailable: "This browser has no WebGL 2, or no graphics card that it trusts." };
  const unmasked = context.getExtension("WEBGL_debug_renderer_info");
  return unmasked === null ? {} : { device: String(context.getParameter(unmasked.UNMASKED_RENDERER_WEBGL)) };
}
