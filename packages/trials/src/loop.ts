import type { Bytes, Tree } from "@sluice/tensor";
import {
  DivergedError,
  withScale,
  type LossResult,
  type Numbered,
  type Parts,
  type Trainer,
  type Weighted,
} from "@sluice/train";
import type { Measured } from "./evaluate-model.ts";
import type { Feed } from "./feed.ts";
import { meansOf, noSteps, withStep, type HistoryRow, type StepSums } from "./history.ts";
import type { ModelWeights } from "./model.ts";
import { exampleOf, NotFiniteError, type NotFiniteOrigin } from "./not-finite.ts";
import { saveRun, type SavedRun } from "./saved-run.ts";
import { turns } from "./turns.ts";
import { bestOf, plateauScale, reaches, runsOut, type Improvement, type ReduceOnPlateau } from "./stopping.ts";

/** Why training ended. */
export type Stopped = "epochs" | "steps" | "patience" | "until" | "aborted";

/** A training step, as passed to `onStep`. */
export interface StepTaken<M extends string = string> {
  /** Steps so far, including this one. */
  readonly step: number;
  /** The maximum number of steps; Infinity while a stream has not come to the end of its last epoch. */
  readonly steps: number;
  /** Examples in the batch. */
  readonly examples: number;
  readonly loss: number;
  /** The metrics that are functions. Streaming metrics are absent: they are of a whole evaluation. */
  readonly metrics: { readonly [name in M]?: number };
  readonly gradientNorm: number;
  /** Values reported by the gradient transforms, by path. */
  readonly transforms: Readonly<Record<string, number>>;
  /** The duration of the step in seconds; no result depends on it. */
  readonly seconds: number;
}

/** The state of a run. */
export interface Run<P extends Tree> {
  /** A copy of the weights. */
  weights(): Promise<ModelWeights<P>>;
  /** Everything that `resume` needs to go on from here. */
  checkpoint(): Promise<Bytes>;
}

/** `B` is the batch. */
export interface LoopOptions<P extends Tree, B extends Parts = Parts> {
  readonly training: Trainer<P, Weighted<B>, LossResult, Tree, Tree>;
  readonly feed: Feed<B>;
  /** The maximum number of steps, as far as it is known, and the reason reported when they are all taken. */
  readonly steps: () => number;
  readonly end: "epochs" | "steps";
  /** Steps between rows; undefined means one epoch. */
  readonly every: number | undefined;
  /** Absent without validation data. */
  readonly validation: ValidationOf<P> | undefined;
  readonly watched: Watched;
  readonly improvement: Improvement;
  readonly patience: number | undefined;
  readonly until: number | undefined;
  readonly reduceOnPlateau: ReduceOnPlateau | undefined;
  readonly signal: { readonly aborted: boolean } | undefined;
  readonly onStep: ((step: StepTaken, run: Run<P>) => void | Promise<void>) | undefined;
  readonly onRow: ((row: HistoryRow, run: Run<P>) => void | Promise<void>) | undefined;
}

interface ValidationOf<P extends Tree> {
  measure(weights: ModelWeights<P>): Promise<Measured>;
  /** Where the first value that is not finite came from. */
  origin(weights: ModelWeights<P>): Promise<NotFiniteOrigin | undefined>;
}

interface Watched {
  readonly metric: string;
  /** The watched value of an evaluation. */
  readonly of: (validation: Measured) => number;
  /** Whether it decides which weights the user gets. */
  readonly decides: boolean;
}

export interface LoopEnd<P extends Tree> {
  readonly stopped: Stopped;
  readonly run: SavedRun<P>;
}

/**
 * Trains a run to its end. Apart from the trainer's state, every decision follows from the history, so a run saved at
 * any step continues to the same bits.
 */
export async function trainOn<P extends Tree>(from: SavedRun<P>, options: LoopOptions<P>): Promise<LoopEnd<P>> {
  const { training, feed, onStep, onRow } = options;
  const turn = turns();
  let at: Standing<P> = from;
  let decided = decidedEnd(at, options);
  const saved = async (): Promise<SavedRun<P>> => ({ ...at, ends: feed.ends(), training: await training.state() });
  const run: Run<P> = { weights: () => weightsOf(training), checkpoint: async () => saveRun(await saved()) };
  for (;;) {
    await feed.reach(training.step);
    if (isDue(training.step, options) && at.history.at(-1)?.step !== training.step) {
      const weights = await weightsOf(training);
      const row = await evaluated(at, weights, options);
      at = await afterRow(at, { row, weights }, options);
      decided = decidedEnd(at, options);
      await onRow?.(row, run);
    }
    const stopped = whyStopped(decided, options);
    if (stopped !== undefined) {
      if (stopped !== "aborted") checkWatched(at, options);
      return { stopped, run: await saved() };
    }
    const { taken, sums } = await stepped(at, options);
    at = { ...at, sums };
    await onStep?.(taken, run);
    await turn();
  }
}

/** A run without its trainer's state. */
type Standing<P extends Tree> = Omit<SavedRun<P>, "training">;

function isDue<P extends Tree>(step: number, { steps, every, validation, feed }: LoopOptions<P>): boolean {
  if (step === steps()) return true;
  if (step === 0) return validation !== undefined;
  return every === undefined ? feed.stepsIn(feed.epochsAt(step)) === step : step % every === 0;
}

async function evaluated<P extends Tree>(
  { sums }: Standing<P>,
  weights: ModelWeights<P>,
  { training, feed, validation: own }: LoopOptions<P>,
): Promise<HistoryRow> {
  const { step } = training;
  const validation = await own?.measure(weights);
  if (validation !== undefined && Number.isNaN(validation.loss))
    throw new NotFiniteError(`the validation loss is NaN after ${step} steps`, {
      split: "validation",
      step,
      origin: await own?.origin(weights),
    });
  return {
    step,
    epoch: feed.epochsAt(step),
    ...(sums.steps === 0 ? {} : { training: meansOf(sums) }),
    ...(validation === undefined ? {} : { validation }),
  };
}

async function afterRow<P extends Tree>(
  before: Standing<P>,
  { row, weights }: { readonly row: HistoryRow; readonly weights: ModelWeights<P> },
  options: LoopOptions<P>,
): Promise<Standing<P>> {
  const { training, improvement, reduceOnPlateau } = options;
  const history = [...before.history, row];
  const values = watchedIn(history, options);
  if (reduceOnPlateau !== undefined) {
    const rule = { ...reduceOnPlateau, ...improvement };
    const scale = plateauScale(values, rule);
    if (scale !== plateauScale(values.slice(0, -1), rule))
      await training.setState(withScale(await training.state(), scale));
  }
  const isBest = bestOf(values, improvement) === values.length - 1;
  return { ...before, history, sums: noSteps, best: isBest ? weights : before.best };
}

/**
 * An error where the watched value decides something, but was never a finite number: the best evaluation would be the
 * one of the untrained weights.
 */
function checkWatched<P extends Tree>({ history }: Standing<P>, options: LoopOptions<P>): void {
  const { watched, patience, until, reduceOnPlateau, improvement, training } = options;
  if (!watched.decides && [patience, until, reduceOnPlateau].every((given) => given === undefined)) return;
  const values = watchedIn(history, options);
  const best = values[bestOf(values, improvement)];
  if (best === undefined || Number.isFinite(best)) return;
  const reason = history.flatMap(({ validation }) => validation?.notDefined?.[watched.metric] ?? []).at(-1);
  throw new NotFiniteError(
    `${watched.metric} was ${best} in the best evaluation of data.validation${reason === undefined ? "" : ` (${reason})`}, so no weights are the best; watch another metric`,
    { split: "validation", step: training.step },
  );
}

/** Whether the evaluations end training: the goal is reached, or patience has run out. Only a new row changes this. */
function decidedEnd<P extends Tree>(
  { history }: Standing<P>,
  options: LoopOptions<P>,
): "until" | "patience" | undefined {
  const { patience, until, improvement } = options;
  const values = watchedIn(history, options);
  if (until !== undefined && values.some((value) => reaches(value, until, improvement))) return "until";
  return patience !== undefined && runsOut(values, { patience, ...improvement }) ? "patience" : undefined;
}

function whyStopped<P extends Tree>(
  decided: "until" | "patience" | undefined,
  { training, steps, end, signal }: LoopOptions<P>,
): Stopped | undefined {
  if (training.step >= steps()) return end;
  if (decided !== undefined) return decided;
  return signal?.aborted === true ? "aborted" : undefined;
}

async function stepped<P extends Tree>(
  { sums }: Standing<P>,
  { training, feed, steps }: LoopOptions<P>,
): Promise<{ readonly taken: StepTaken; readonly sums: StepSums }> {
  const numbered = await feed.at(training.step);
  const { batch, examples } = numbered;
  const started = performance.now();
  const {
    loss,
    metrics,
    gradientNorm,
    transforms,
    weight = 1,
  } = await training.run(batch).catch((error: unknown) => {
    throw error instanceof DivergedError ? withExample(error, numbered) : error;
  });
  const seconds = (performance.now() - started) / 1000;
  return {
    taken: { step: training.step, steps: steps(), examples, loss, metrics, gradientNorm, transforms, seconds },
    sums: withStep(sums, { loss, metrics, gradientNorm, weight }),
  };
}

/** The error with the example of the training data that caused it, if the cause is in the data. */
function withExample({ divergence }: DivergedError, numbered: Numbered<Weighted<Parts>>): DivergedError {
  const { origin } = divergence;
  const example = origin && exampleOf(origin, numbered);
  return new DivergedError({ ...divergence, ...(example === undefined ? {} : { example }) });
}

async function weightsOf<P extends Tree>({ state }: LoopOptions<P>["training"]): Promise<ModelWeights<P>> {
  const { params, buffers } = await state();
  return { params, buffers };
}

/** The watched values of all evaluations. */
function watchedIn(history: readonly HistoryRow[], { watched }: Pick<LoopOptions<Tree>, "watched">): number[] {
  return history.flatMap(({ validation }) => (validation === undefined ? [] : [watched.of(validation)]));
}
