import {
  compileStep,
  item,
  type ArrayTensor,
  type Backend,
  type Bytes,
  type ExecutableStatistics,
  type Tree,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { loadState, saveState } from "../checkpoint/state.ts";
import { diagnoseStep, DivergedError } from "./diverged.ts";
import { flatNumbers, metricsOf, type MetricsOf } from "./numbers.ts";
import type { NoBuffers } from "./buffers.ts";
import type { NoCarry } from "./carry.ts";
import type { LossResult, Reported } from "./loss.ts";
import {
  trainStep,
  trainStepAliases,
  trainStepOptions,
  type StepReport,
  type TrainState,
  type TrainStepOptions,
} from "./train-step.ts";

/** Options of {@link trainer}. */
export interface TrainerOptions<
  P extends Tree,
  B extends Tree,
  R extends LossResult,
  C extends Tree = NoCarry,
  F extends Tree = NoBuffers,
> extends TrainStepOptions<P, B, R, C, F> {
  /** Initial parameters: f32 arrays. */
  readonly params: P;
  /** The run's key: `key(seed)`. */
  readonly key: ArrayTensor;
  /** An example batch: every batch must have its shapes and dtypes. */
  readonly batch: B;
  /** Default: the reference backend. */
  readonly backend?: Backend;
  /**
   * Memory budget of a step in bytes, such as 256e6, including weights, moments and batch. If the values kept for the
   * gradient exceed it, as for long sequences, loops run in segments that the backward pass recomputes, for at most
   * about a third more time. Default: everything is kept.
   */
  readonly memory?: number;
}

/** One step in numbers. */
export interface StepResult<R extends LossResult> {
  /** The number of this step, from 0. */
  readonly step: number;
  readonly loss: number;
  readonly metrics: MetricsOf<R>;
  readonly penalty: number;
  /** Norm over all gradients together, before any transform. */
  readonly gradientNorm: number;
  /** Values reported by the gradient transforms, by path: `{ "globalNorm.norm": 3.2, ... }`. */
  readonly transforms: Readonly<Record<string, number>>;
  /**
   * Values reported by the transform of `perExample`, as means over the examples, by path; empty without `perExample`.
   */
  readonly examples: Readonly<Record<string, number>>;
  /** A gradient transform skipped the update. */
  readonly skipped: boolean;
  /** The loss has weight 0: nothing in the batch counts, and weights and moments are unchanged. */
  readonly empty: boolean;
  /** The weight that the loss returned. */
  readonly weight?: number;
}

/** A compiled training step with its state on a backend. */
export interface Trainer<
  P extends Tree,
  B extends Tree,
  R extends LossResult,
  C extends Tree = NoCarry,
  F extends Tree = NoBuffers,
> {
  /** The number of steps so far. */
  readonly step: number;
  /**
   * Runs one step. Await it before the next. Rejects with a {@link DivergedError} if loss or gradient is not finite;
   * the state is then unchanged.
   */
  run(batch: B): Promise<StepResult<R>>;
  /** A copy of the state from the backend. */
  state(): Promise<TrainState<P, C, F>>;
  /** A copy of the parameters. */
  params(): Promise<P>;
  /** Copies of the model's buffers, for evaluation. */
  buffers(): Promise<F>;
  /** Replaces the state by one with the same paths, shapes and dtypes. */
  setState(state: TrainState<P, C, F>): Promise<void>;
  /** The state as a safetensors file. After `load`, training continues with the same bits as an uninterrupted run. */
  save(metadata?: Readonly<Record<string, string>>): Promise<Bytes>;
  /** Restores the state that `save` returned. */
  restore(bytes: Uint8Array): Promise<void>;
  /** Frees memory on the backend. Later calls reject. */
  dispose(): Promise<void>;
  readonly statistics: ExecutableStatistics;
}

/** Compiles a {@link trainStep} as one program whose weights and moments stay on the backend. */
export async function trainer<
  P extends Tree,
  B extends Tree,
  R extends LossResult,
  C extends Tree = NoCarry,
  F extends Tree = NoBuffers,
>(options: TrainerOptions<P, B, R, C, F>): Promise<Trainer<P, B, R, C, F>> {
  checkOptions("trainer", options, [...trainStepOptions, "params", "key", "batch", "backend", "memory"], {
    ...trainStepAliases,
    seed: "key",
    example: "batch",
  });
  const { params, key, batch: example, backend, memory, ...rest } = options;
  const step = trainStep(rest);
  const initial = step.init(params, key);
  const session = await compileStep(
    (state: TrainState<P, C, F>, batch: B) => step.step(state, batch),
    initial,
    [example],
    {
      ...(backend === undefined ? {} : { backend }),
      ...(memory === undefined ? {} : { memory }),
    },
  );
  let made = 0;

  const setState = async (state: TrainState<P, C, F>): Promise<void> => {
    await session.setState(state);
    made = item(state.step);
  };
  return {
    get step() {
      return made;
    },
    async run(batch) {
      const { result, report } = await session.run(batch);
      const numbers = numbersOf<R>(result, report);
      if (item(report.diverged) !== 0) {
        const origin = diagnoseStep(step, await session.state(), batch);
        throw new DivergedError({ step: made, loss: numbers.loss, gradientNorm: numbers.gradientNorm, origin });
      }
      return { step: made++, ...numbers };
    },
    state: () => session.state(),
    params: async () => (await session.state()).params,
    buffers: async () => (await session.state()).buffers,
    setState,
    save: async (metadata) => saveState(await session.state(), metadata === undefined ? {} : { metadata }),
    restore: async (bytes) => setState(await loadState(bytes, initial)),
    dispose: () => session.dispose(),
    statistics: session.statistics,
  };
}

/** The results of one step as numbers. */
function numbersOf<R extends LossResult>(result: Reported<R>, report: StepReport): Omit<StepResult<R>, "step"> {
  return {
    loss: item(result.loss),
    metrics: metricsOf<R>(result),
    penalty: item(report.penalty),
    gradientNorm: item(report.gradientNorm),
    transforms: flatNumbers(report.transforms),
    examples: flatNumbers(report.examples),
    skipped: item(report.skipped) !== 0,
    empty: item(report.empty) !== 0,
    ...(result.weight === undefined ? {} : { weight: item(result.weight) }),
  };
}
