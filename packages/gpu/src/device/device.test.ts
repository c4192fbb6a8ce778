// What executed is read back: a kernel or a pipeline that gpu.js exchanged for another is an error.
import { expect, test } from "vitest";
import { createDevice } from "./device.ts";
import type { Instance, KernelFunction, Library, PipelineFunction, Recorded, Resident } from "./library.ts";

class Wanted {}
class Other {}

interface Faked {
  /** Of kernels. */
  readonly kernel?: unknown;
  readonly executorKind?: string;
  readonly backend?: string;
  readonly fallbackReason?: string;
}

/** A gpu.js whose kernels are of a class, and pipelines of a kind, with a reason. */
function libraryOf({
  kernel = Wanted,
  executorKind = "fused-encoder",
  backend = "webgpu",
  fallbackReason,
}: Faked): Library {
  function one(...args: readonly (Resident | number)[]): Resident;
  function one(...args: readonly (Recorded | number)[]): Recorded;
  function one(): unknown {
    return Float32Array.of(1);
  }
  class Fake implements Instance {
    readonly Kernel = Wanted;
    readonly context = null;
    readonly kernels: unknown[] = [];
    createKernel(): KernelFunction {
      return Object.assign(one, {
        kernel: { constructor: kernel, ...(fallbackReason === undefined ? {} : { fallbackReason }) },
        destroy: () => {},
      });
    }
    createPipeline(): PipelineFunction {
      return Object.assign(async () => [Float32Array.of(1)], {
        executorKind,
        backend,
        fallbackReason: fallbackReason ?? null,
        destroy: async () => {},
      });
    }
    async destroy(): Promise<void> {}
    static isWebGPUAvailable = async () => false;
    static readonly isWebGL2Supported = true;
    static readonly isHeadlessGLSupported = false;
    static readonly isWebAssemblySupported = true;
  }
  return Fake;
}

const runOn = (faked: Faked): unknown =>
  createDevice(libraryOf(faked), "webgl2").kernels().kernel("", [], 1).run([], []);
const pipelineOn = (faked: Faked): Promise<unknown> =>
  createDevice(libraryOf(faked), "webgpu")
    .pipeline(0, () => [])
    .run([]);

test("the mode that was asked for runs", async () => {
  expect(runOn({})).toMatchObject({ elements: 1 });
  expect(await pipelineOn({})).toEqual([Float32Array.of(1)]);
});

test("another kernel than that of the mode is an error", () => {
  expect(() => runOn({ kernel: Other })).toThrow(
    "gpu: gpu.js did not run a kernel in mode webgl2: it used another mode. The result was discarded; choose another mode or backend",
  );
  expect(() => runOn({ fallbackReason: "kernel maps are not supported" })).toThrow(
    "gpu: gpu.js did not run a kernel in mode webgl2: kernel maps are not supported",
  );
});

test("a pipeline that is not done as one, or elsewhere, is an error", async () => {
  await expect(
    pipelineOn({ executorKind: "generic", fallbackReason: "pipeline argument 0 is a GPU-resident handle" }),
  ).rejects.toThrow(
    "gpu: gpu.js did not run a pipeline in mode webgpu: pipeline argument 0 is a GPU-resident handle. The result was discarded. Use gpu({ pipelines: false }) to launch kernels one by one",
  );
  await expect(pipelineOn({ executorKind: "generic" })).rejects.toThrow("it used generic in mode webgpu");
  await expect(pipelineOn({ backend: "cpu" })).rejects.toThrow("it used fused-encoder in mode cpu");
});
