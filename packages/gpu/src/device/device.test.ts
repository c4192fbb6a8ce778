// What executed is read back: a kernel that gpu.js exchanged for another is an error.
import { expect, test } from "vitest";
import { createDevice } from "./device.ts";
import type { Instance, KernelFunction, Library } from "./library.ts";

class Wanted {}
class Other {}

/** A gpu.js whose kernels are of a class, with a reason. */
function libraryOf(constructor: unknown, fallbackReason?: string): Library {
  class Fake implements Instance {
    readonly Kernel = Wanted;
    readonly context = null;
    readonly kernels: unknown[] = [];
    createKernel(): KernelFunction {
      return Object.assign(() => Float32Array.of(1), { kernel: { constructor, ...(fallbackReason === undefined ? {} : { fallbackReason }) }, destroy: () => {} });
    }
    async destroy(): Promise<void> {}
    static isWebGPUAvailable = async () => false;
    static readonly isWebGL2Supported = true;
    static readonly isHeadlessGLSupported = false;
    static readonly isWebAssemblySupported = true;
  }
  return Fake;
}

const runOn = (library: Library): unknown => createDevice(library, "webgl2").kernels().kernel("", [], 1).run([], []);

test("the mode that was asked for runs", () => {
  expect(runOn(libraryOf(Wanted))).toMatchObject({ elements: 1 });
});

test("another kernel than that of the mode is an error", () => {
  expect(() => runOn(libraryOf(Other))).toThrow("gpu: gpu.js did not run a kernel in mode webgl2: it took another mode. The result was not used; take another mode or backend");
  expect(() => runOn(libraryOf(Wanted, "kernel maps are not supported"))).toThrow("gpu: gpu.js did not run a kernel in mode webgl2: kernel maps are not supported");
});
