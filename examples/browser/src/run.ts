import type { Place, Progress } from "./protocol.ts";
import { openRemote, type Remote } from "./remote.ts";
import type { Settings } from "./settings.ts";
import type { Evaluation } from "./training.ts";

export type Phase = "ready" | "starting" | "training" | "pausing" | "paused" | "done" | "failed";

/** All that is shown of a run. */
export interface RunState {
  readonly settings: Settings;
  readonly phase: Phase;
  /** Of every step so far. */
  readonly losses: readonly number[];
  readonly heldOut: readonly { readonly step: number; readonly error: number }[];
  /** Of the last evaluation. */
  readonly answers: Evaluation["answers"];
  /** Of the last replies. */
  readonly pace: readonly Pace[];
  /** Backends that have made steps of it, by name. */
  readonly backends: readonly string[];
  /** SHA-256 over the weights, while nothing is trained. */
  readonly hash?: string | undefined;
  /** Why it failed. */
  readonly failure?: string | undefined;
}

interface Pace {
  readonly steps: number;
  /** That the steps took. */
  readonly training: number;
  /** From question to answer: with evaluation, and what the page and the worker have to tell each other. */
  readonly milliseconds: number;
}

export interface Run {
  readonly state: RunState;
  /**
   * Begins, or goes on, there; elsewhere than before it goes on from the same weights. Does nothing while it trains.
   */
  start(place: Place): Promise<void>;
  /** Stops after the steps that are being made. */
  pause(): void;
  /** Ends it for good. Its state stays as it is. */
  end(): void;
}

/** Whether it trains, or is about to. */
export function isBusy({ phase }: Pick<RunState, "phase">): boolean {
  return phase === "starting" || phase === "training" || phase === "pausing";
}

/** Whether nothing would be lost by beginning another run. */
export function isOpen({ phase, losses }: Pick<RunState, "phase" | "losses">): boolean {
  return phase === "done" || (!isBusy({ phase }) && losses.length === 0);
}

const PACE_REPLIES = 20;

/** A run that has not begun. `changed` is called at every change of its state. */
export function createRun(settings: Settings, changed: (state: RunState) => void): Run {
  let state: RunState = { settings, phase: "ready", losses: [], heldOut: [], answers: [], pace: [], backends: [] };
  let worker: { readonly remote: Remote; readonly place: Place } | undefined;
  let saved: { readonly step: number; readonly bytes: Uint8Array } | undefined;
  let ended = false;

  function change(to: Partial<RunState>): void {
    state = { ...state, ...to };
    changed(state);
  }

  async function take(reply: Promise<Progress>): Promise<void> {
    const asked = performance.now();
    const { step, losses, milliseconds: training, evaluation, saved: bytes, hash } = await reply;
    if (ended) return;
    if (bytes !== undefined) saved = { step, bytes };
    const pace = { steps: losses.length, training, milliseconds: performance.now() - asked };
    const known = state.heldOut.at(-1)?.step === step;
    change({
      losses: [...state.losses, ...losses],
      pace: losses.length === 0 ? state.pace : [...state.pace, pace].slice(-PACE_REPLIES),
      heldOut:
        evaluation === undefined || known ? state.heldOut : [...state.heldOut, { step, error: evaluation.error }],
      answers: evaluation?.answers ?? state.answers,
      hash,
    });
  }

  /** The state that was saved last is where a run goes on after a failure. */
  function fail(error: unknown): void {
    worker?.remote.end();
    worker = undefined;
    const step = saved?.step ?? 0;
    change({
      phase: "failed",
      failure: error instanceof Error ? error.message : String(error),
      losses: state.losses.slice(0, step),
      heldOut: state.heldOut.filter((point) => point.step <= step),
    });
  }

  async function open(place: Place): Promise<Remote> {
    if (worker !== undefined && samePlace(worker.place, place)) return worker.remote;
    worker?.remote.end();
    worker = undefined;
    const remote = openRemote();
    worker = { remote, place };
    await take(remote.start(settings, place, saved?.bytes));
    return remote;
  }

  async function start(place: Place): Promise<void> {
    if (isBusy(state) || state.phase === "done") return;
    change({ phase: "starting", failure: undefined, hash: undefined, pace: [] });
    try {
      const remote = await open(place);
      const known = state.backends.includes(place.backend);
      if (state.phase === "starting")
        change({ phase: "training", backends: known ? state.backends : [...state.backends, place.backend] });
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

function samePlace(a: Place, b: Place): boolean {
  return a.backend === b.backend && a.threads === b.threads;
}
