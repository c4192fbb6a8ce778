import { createRequire } from "node:module";

/**
 * Makes WebGPU available to gpu.js in this process as `navigator.gpu`, from the package webgpu, found next to the
 * repository or by NODE_PATH. Returns the reason if that fails, otherwise undefined.
 */
export function installWebGpu(): string | undefined {
  try {
    const load = createRequire(import.meta.url);
    const { version } = load("webgpu/package.json") as { readonly version: string };
    // The version that gpu.js 2.24 names shares functions of Abseil with Node 24, which has another version of them,
    // and ends with it.
    if (version.startsWith("0.2.")) return `webgpu ${version} does not work with Node 24; use 0.6`;
    const { create, globals } = load("webgpu") as {
      create(flags: readonly string[]): unknown;
      readonly globals: object;
    };
    Object.assign(globalThis, globals);
    Object.defineProperty(navigator, "gpu", { value: create([]), configurable: true });
    return undefined;
  } catch (error) {
    return `the package webgpu did not load: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`;
  }
}
