import { seedKey, type PlannedTrial } from "../plan.ts";
import type { Signal } from "../signal.ts";
import type { Study } from "../study.ts";
import type { Progress, TrialContext } from "../trial.ts";
import { refuseTestMetrics } from "./result.ts";
import type { TrialSession } from "./store.ts";

export interface ContextParts {
  readonly trial: PlannedTrial;
  readonly session: TrialSession;
  readonly metrics: Study["metrics"];
  readonly threads: number;
  readonly dataFolder: string | null;
  readonly signal: Signal;
  /** Seconds of work so far, including earlier sessions. */
  seconds(): number;
  report(progress: Progress): void;
  onDiverged(where: { readonly step: number; readonly tensor: string }): void;
}

const REPORT_EVERY = 0.1;

/** The context of a trial, on top of its session. */
export function trialContext({ trial, session, ...parts }: ContextParts): TrialContext {
  const { restored } = session;
  let reportedAt = -1;
  return {
    study: trial.study,
    task: trial.task,
    variant: trial.variant,
    seedIndex: trial.seed,
    seed: seedKey(trial.study, trial.seed, {
      // A tuning trial of a fold has the division of the data of the trial that is reported: another seed might give
      // another one, in which tuning would see the test rows of the fold.
      tuning: trial.tuning !== undefined && trial.fold === undefined,
    }),
    fold: trial.fold ?? null,
    tuning: trial.tuning !== undefined,
    config: trial.config,
    threads: parts.threads,
    dataFolder: parts.dataFolder,
    signal: parts.signal,
    restored: restored === null ? null : { step: restored.step, bytes: restored.bytes, state: restored.state },
    log: (text) => session.log(text),
    metric(row) {
      refuseTestMetrics(trial, parts.metrics, row);
      session.metric(row);
    },
    series: (name, series) => session.series(name, series),
    file: (name, bytes) => session.file(name, bytes),
    checkpoint: (step, bytes, state = null) => session.checkpoint({ step, bytes, state, seconds: parts.seconds() }),
    async progress(progress) {
      const now = parts.seconds();
      if (now - reportedAt < REPORT_EVERY && progress.step < progress.steps) return;
      reportedAt = now;
      parts.report(progress);
      // Without a turn of the event loop, an abort would wait for the end of a loop that never awaits anything.
      await new Promise((turn) => setTimeout(turn, 0));
    },
    diverged(where) {
      parts.onDiverged(where);
      throw new Error(`diverged at step ${where.step}: ${where.tensor} is not finite`);
    },
  };
}
