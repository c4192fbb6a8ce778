import type { ExecutionTarget, Progress } from "./protocol.ts";
import { openRemote, type Remote } from "./remote.ts";
import type { Settings } from "./settings.ts";
import type { Evaluation } from "./training.ts";

export type Phase = "ready" | "starting" | "training" | "pausing" | "paused" | "done" | "failed";

/** The state of a run: everything that the page shows. */
export interface RunState {
  readonly settings: Settings;
  readonly phase: Phase;
  /** The loss of every step so far. */
  readonly losses: readonly number[];
  readonly heldOut: readonly { readonly step: number; readonly error: number }[];
  /** The answers of the last evaluation. */
  readonly answers: Evaluation["answers"];
  /** How long the last replies took. */
  readonly pace: readonly Pace[];
  /** Names of the backends that did steps of this run. */
  readonly backends: readonly string[];
  /** SHA-256 of the weights. Known only while training is paused or done. */
  readonly hash?: string | undefined;
  /** Why it failed. */
  readonly failure?: string | undefined;
}

interface Pace {
  readonly steps: number;
  /** Milliseconds that the training steps took. */
  readonly training: number;
  /** Milliseconds from request to reply, including evaluation and messages. */
  readonly milliseconds: number;
}

export interface Run {
  readonly state: RunState;
  /**
   * Starts or continues the run on `target`. If the target changed, the run continues from the same weights. Does
   * nothing while the run is training or done.
   */
  start(target: ExecutionTarget): Promise<void>;
  /** Pauses after the steps that the worker is doing now. */
  pause(): void;
  /** Ends the run for good. Its state stays readable. */
  end(): void;
}

/** Whether the run is training, or about to. */
export function isBusy({ phase }: Pick<RunState, "phase">): boolean {
  return phase === "starting" || phase === "training" || phase === "pausing";
}

/** Whether the visitor can start another run without losing this one's progress. */
export function isOpen({ phase, losses }: Pick<RunState, "phase" | "losses">): boolean {
  return phase === "done" || (!isBusy({ phase }) && losses.length === 0);
}

const PACE_REPLIES = 20;

/** Makes a run that has not started. Calls `changed` at every change of its state. */
export function createRun(settings: Settings, changed: (state: RunState) => void): Run {
  let state: RunState = { settings, phase: "ready", losses: [], heldOut: [], answers: [], pace: [], backends: [] };
  let worker: { readonly remote: Remote; readonly target: ExecutionTarget } | undefined;
  let saved: { readonly step: number; readonly bytes: Uint8Array } | undefined;
  let ended = false;

  function change(to: Partial<RunState>): void {
    state = { ...state, ...to };
    changed(state);
  }

  async function take(reply: Promise<Progress>): Promise<void> {
    const asked = performance.now();
    const progress = await reply;
    const { step, saved: bytes } = progress;
    if (ended) return;
    if (bytes !== undefined) saved = { step, bytes };
    change(afterReply(state, progress, performance.now() - asked));
  }

  /** After a failure, the run continues from the state that was saved last. */
  function fail(error: unknown): void {
    worker?.remote.end();
    worker = undefined;
    change(afterFailure(state, error, saved?.step ?? 0));
  }

  async function open(target: ExecutionTarget): Promise<Remote> {
    if (worker !== undefined && sameTarget(worker.target, target)) return worker.remote;
    worker?.remote.end();
    worker = undefined;
    const remote = openRemote();
    worker = { remote, target };
    await take(remote.start(settings, target, saved?.bytes));
    return remote;
  }

  async function start(target: ExecutionTarget): Promise<void> {
    if (isBusy(state) || state.phase === "done") return;
    change({ phase: "starting", failure: undefined, hash: undefined, pace: [] });
    try {
      const remote = await open(target);
      const known = state.backends.includes(target.backend);
      if (state.phase === "starting")
        change({ phase: "training", backends: known ? state.backends : [...state.backends, target.backend] });
      while (state.phase === "training" && state.losses.length < settings.steps && !ended) await take(remote.train());
      await take(remote.save());
      if (!ended) change({ phase: state.losses.length < settings.steps ? "paused" : "done" });
    } catch (error) {
      if (!ended) fail(error);
    }
  }

  return {
    get state() {
      return state;
    },
    start,
    pause() {
      if (state.phase === "starting" || state.phase === "training") change({ phase: "pausing" });
    },
    end() {
      ended = true;
      worker?.remote.end();
    },
  };
}

/** What a reply that took so many milliseconds adds to the state. */
function afterReply(
  { losses: before, pace, heldOut, answers }: RunState,
  { step, losses, milliseconds: training, evaluation, hash }: Progress,
  milliseconds: number,
): Partial<RunState> {
  const known = heldOut.at(-1)?.step === step;
  return {
    losses: [...before, ...losses],
    pace: losses.length === 0 ? pace : [...pace, { steps: losses.length, training, milliseconds }].slice(-PACE_REPLIES),
    heldOut: evaluation === undefined || known ? heldOut : [...heldOut, { step, error: evaluation.error }],
    answers: evaluation?.answers ?? answers,
    hash,
  };
}

/** The state after a failure: that of the step that was saved last. */
function afterFailure({ losses, heldOut }: RunState, error: unknown, step: number): Partial<RunState> {
  return {
    phase: "failed",
    failure: error instanceof Error ? error.message : String(error),
    losses: losses.slice(0, step),
    heldOut: heldOut.filter((point) => point.step <= step),
  };
}

function sameTarget(a: ExecutionTarget, b: ExecutionTarget): boolean {
  return a.backend === b.backend && a.threads === b.threads;
}
