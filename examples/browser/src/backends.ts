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
  /** Why it cannot run here; undefined where nothing speaks against it. */
  unavailable?(): string | undefined | Promise<string | undefined>;
  /** Rejects where it cannot run here after all. */
  make(options: { readonly threads: number }): Promise<Backend>;
}

export const backends: readonly BackendChoice[] = [
  {
    name: "wasm",
    label: "WebAssembly",
    note: "The default: one program for the whole training step, generated in this page.",
    threads: true,
    exact: true,
    unavailable: () => (typeof WebAssembly === "undefined" ? "This browser has no WebAssembly, or it is switched off." : undefined),
    make: async ({ threads }) => wasm({ threads }),
  },
  {
    name: "webgpu",
    label: "WebGPU",
    note: "Kernels of gpu.js on the graphics card.",
    threads: false,
    exact: false,
    unavailable: whyNoWebGpu,
    make: async () => (await import("@sluice/gpu")).gpu({ mode: "webgpu" }),
  },
  {
    name: "webgl2",
    label: "WebGL 2",
    note: "The same kernels as fragment shaders, where there is no WebGPU.",
    threads: false,
    exact: false,
    unavailable: () => (new OffscreenCanvas(1, 1).getContext("webgl2") === null ? "This browser has no WebGL 2, or no graphics card that it trusts." : undefined),
    make: async () => (await import("@sluice/gpu")).gpu({ mode: "webgl2" }),
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
  if (found === undefined) throw new Error(`There is no backend ${name}; there are ${backends.map((choice) => choice.name).join(", ")}.`);
  return found;
}

async function whyNoWebGpu(): Promise<string | undefined> {
  if (!("gpu" in navigator)) return "This browser has no WebGPU, or this page did not come from localhost or by https.";
  const adapter = await navigator.gpu.requestAdapter();
  return adapter === null ? "This browser has WebGPU, but no graphics card for it." : undefined;
}
