import { TensorError } from "@sluice/tensor";
import { explained, type Place } from "./failure.ts";
import type { Instance, PipelineFunction, Recorded } from "./library.ts";
import { modes } from "./modes.ts";

/** Launches that gpu.js does as one: values in, values out, nothing stays on the device. */
export interface Pipeline {
  run(given: readonly Float32Array[]): Promise<readonly Float32Array[]>;
  dispose(): Promise<void>;
}

/** A pipeline of the launches that `orchestrate` records, once, at its first run. */
export function createPipeline(
  instance: Instance,
  place: Place,
  given: number,
  orchestrate: (given: readonly Recorded[]) => readonly Recorded[],
): Pipeline {
  const traced = (...handles: readonly Recorded[]): readonly Recorded[] => orchestrate(handles);
  // gpu.js counts the arguments by the function's length.
  Object.defineProperty(traced, "length", { value: given });
  // Its threads meet after every launch, which costs more than they bring.
  const pipeline = instance.createPipeline(traced, { threads: false });
  return {
    async run(values) {
      const results = await explained({ ...place, stateless: true }, "run a pipeline", () => pipeline(...values));
      checkExecuted(place, pipeline);
      return results;
    },
    dispose: () => pipeline.destroy(),
  };
}

/** gpu.js does launches one by one, or in another mode, where it cannot do them as one; here that is an error. */
function checkExecuted({ mode }: Place, { executorKind, backend, fallbackReason }: PipelineFunction): void {
  if (executorKind === modes[mode].pipelines && backend === mode && fallbackReason === null) return;
  throw new TensorError(
    `gpu: gpu.js did not run a pipeline in mode ${mode}: ${fallbackReason ?? `it took ${executorKind} in mode ${backend}`}. The result was not used; gpu({ pipelines: false }) launches kernels one by one`,
  );
}
