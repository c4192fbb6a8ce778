import { TensorError } from "@sluice/tensor";
import { explained, type FailureContext } from "./failure.ts";
import type { Instance, PipelineFunction, Recorded } from "./library.ts";
import { modes } from "./modes.ts";

/** A pipeline: launches that gpu.js runs as one. It takes and returns values; nothing stays on the device. */
export interface Pipeline {
  run(given: readonly Float32Array[]): Promise<readonly Float32Array[]>;
  dispose(): Promise<void>;
}

/** Makes a pipeline of the launches that `orchestrate` records. It records them once, at the first run. */
export function createPipeline(
  instance: Instance,
  context: FailureContext,
  given: number,
  orchestrate: (given: readonly Recorded[]) => readonly Recorded[],
): Pipeline {
  const orchestration = (...handles: readonly Recorded[]): readonly Recorded[] => orchestrate(handles);
  // gpu.js takes the number of arguments from the function's length.
  Object.defineProperty(orchestration, "length", { value: given });
  // gpu.js's threads synchronize after every launch, which costs more than they gain.
  const pipeline = instance.createPipeline(orchestration, { threads: false });
  return {
    async run(values) {
      const results = await explained({ ...context, stateless: true }, "run a pipeline", () => pipeline(...values));
      checkExecuted(context, pipeline);
      return results;
    },
    dispose: () => pipeline.destroy(),
  };
}

/** If gpu.js cannot run the pipeline as one, it launches one by one or uses another mode. Here that is an error. */
function checkExecuted({ mode }: FailureContext, { executorKind, backend, fallbackReason }: PipelineFunction): void {
  if (executorKind === modes[mode].pipelines && backend === mode && fallbackReason === null) return;
  throw new TensorError(
    `gpu: gpu.js did not run a pipeline in mode ${mode}: ${fallbackReason ?? `it used ${executorKind} in mode ${backend}`}. The result was discarded. Use gpu({ pipelines: false }) to launch kernels one by one`,
  );
}
