import { canonicalJson } from "../json.ts";
import { identified, type PlannedTrial } from "../plan.ts";
import type { Store } from "../run/store.ts";
import { valueAt } from "../settings.ts";
import { mean } from "../statistics/summary.ts";
import type { Study } from "../study.ts";
import type { Settings } from "../trial.ts";
import { triesOf, type Tuning } from "../tuning/tuning.ts";
import { secondsOf, type Seconds } from "./pace.ts";

/** What an estimate of time is made from, the best first. */
export const timeSources = [
  "finished trials",
  "probes",
  "finished trials with other settings",
  "the study's own estimate",
] as const;
/** What an estimate of time is made from; see {@link timeSources}. */
export type TimeSource = (typeof timeSources)[number];

/** What the trials of a task, a variant and its settings take. */
export interface TrialTime {
  readonly task: string;
  readonly variant: string;
  readonly config: Settings;
  /** How many are left to run. */
  readonly left: number;
  /** Of one trial, with its process; `null` if nothing is known. */
  readonly seconds: Seconds | null;
  /** `null` if nothing is known. */
  readonly from: TimeSource | null;
  /** How many trials were measured. */
  readonly measured: number;
}

/** What the trials of a run take that are left. */
export interface RunTime {
  /** Until all are done; `null` if some trial's time is not known. The lowest and highest assume it of all trials. */
  readonly seconds: Seconds | null;
  /** What it is made from: one source, or several. */
  readonly from: readonly TimeSource[];
  readonly trials: readonly TrialTime[];
}

/** A measured trial of a task and variant. */
export interface MeasuredTrial {
  readonly task: string;
  readonly variant: string;
  readonly seconds: Seconds;
}

/** The trials of a run, and what was measured of them. */
export interface TimedRun {
  readonly study: Study;
  readonly trials: readonly PlannedTrial[];
  readonly pending: readonly PlannedTrial[];
  readonly jobs: number;
}

/**
 * The time until a run is done: from the finished trials of the store, from `probes`, or else from the study's own
 * estimate.
 */
export async function runTime(run: TimedRun, store: Store, probes: readonly MeasuredTrial[] = []): Promise<RunTime> {
  const finished = await finishedTrials(store);
  const left = new Set(run.pending.map(({ id }) => id));
  const times = new Map(
    Array.from(cellsOf(run.trials), ([name, own]) => [
      name,
      cellTime(own, { study: run.study, left, finished, probes }),
    ]),
  );
  const seconds = run.pending.map((trial) => times.get(cellName(trial))?.seconds ?? null);
  const trials = [...times.values()];
  const known = trials.filter((time) => time.left > 0);
  return {
    seconds: until(seconds, run.jobs),
    from: timeSources.filter((source) => known.some(({ from }) => from === source)),
    trials,
  };
}

/** What a sweep takes that begins anew: its tuning trials, rung after rung, and then the trials of the run. */
export function sweepTime(
  { study, trials, jobs }: TimedRun,
  { trials: times }: RunTime,
  tuning: Tuning,
): Seconds | null {
  const { cells } = tuning;
  const rungs = Math.max(...cells.map((cell) => cell.rungs.length));
  const rounds = Array.from({ length: rungs }, (_, at) =>
    cells.flatMap((cell) => {
      const rung = cell.rungs[at];
      const seconds = secondsIn(times, cell);
      const config = trials.find(({ task, variant }) => task === cell.task && variant === cell.variant)?.config ?? {};
      if (rung === undefined) return [];
      const share = shareOf(study, rung.settings, config);
      return Array.from({ length: rung.count * triesOf(tuning, cell).length }, () => seconds && scaled(seconds, share));
    }),
  );
  const parts = [...rounds, trials.map((trial) => secondsIn(times, trial))].map((round) => until(round, jobs));
  return parts.reduce<Seconds | null>((sum, part) => sum && part && added(sum, part), { mean: 0, low: 0, high: 0 });
}

/** The share of a trial's steps that it has on a rung of successive halving. */
function shareOf({ tune }: Study, rung: Settings, config: Settings): number {
  if (tune === undefined || typeof tune.by === "string") return 1;
  const path = tune.by.halving.setting.split(".");
  const [some, all] = [valueAt(rung, path), valueAt(config, path)];
  return typeof some === "number" && typeof all === "number" && all > 0 ? some / all : 1;
}

const scaled = ({ mean, low, high }: Seconds, by: number): Seconds => ({
  mean: mean * by,
  low: low * by,
  high: high * by,
});
const added = (a: Seconds, b: Seconds): Seconds => ({
  mean: a.mean + b.mean,
  low: a.low + b.low,
  high: a.high + b.high,
});

const cellName = ({ task, variant, config }: PlannedTrial): string => canonicalJson([task, variant, config]);

/** The trials of each task, variant and settings. */
function cellsOf(trials: readonly PlannedTrial[]): ReadonlyMap<string, [PlannedTrial, ...PlannedTrial[]]> {
  const cells = new Map<string, [PlannedTrial, ...PlannedTrial[]]>();
  for (const trial of trials) {
    const name = cellName(trial);
    const own = cells.get(name);
    if (own === undefined) cells.set(name, [trial]);
    else own.push(trial);
  }
  return cells;
}

interface Known {
  readonly study: Study;
  /** Ids of the trials that are left. */
  readonly left: ReadonlySet<string>;
  readonly finished: readonly FinishedTrial[];
  readonly probes: readonly MeasuredTrial[];
}

function cellTime(
  own: readonly [PlannedTrial, ...PlannedTrial[]],
  { study, left, finished, probes }: Known,
): TrialTime {
  const [{ task, variant, config }] = own;
  const isOwn = (trial: { readonly task: string; readonly variant: string }): boolean =>
    trial.task === task && trial.variant === variant;
  const settings = canonicalJson(config);
  const others = finished.filter(isOwn);
  const same = others.filter((trial) => trial.settings === settings);
  const probed = probes.filter(isOwn);
  const estimate = study.estimate?.(config);
  const common = { task, variant, config, left: own.filter(({ id }) => left.has(id)).length };
  if (same.length > 0) return { ...common, ...measuredBy("finished trials", same) };
  if (probed.length > 0) return { ...common, ...probedBy(probed) };
  if (others.length > 0) return { ...common, ...measuredBy("finished trials with other settings", others) };
  if (estimate === undefined) return { ...common, seconds: null, from: null, measured: 0 };
  return { ...common, seconds: secondsOf([estimate]), from: "the study's own estimate", measured: 0 };
}

const measuredBy = (from: TimeSource, trials: readonly FinishedTrial[]) => ({
  seconds: secondsOf(trials.map(({ seconds }) => seconds)),
  from,
  measured: trials.length,
});

const probedBy = (probes: readonly MeasuredTrial[]) => ({
  seconds: {
    mean: mean(probes.map(({ seconds }) => seconds.mean)),
    low: Math.min(...probes.map(({ seconds }) => seconds.low)),
    high: Math.max(...probes.map(({ seconds }) => seconds.high)),
  },
  from: "probes" as const,
  measured: probes.length,
});

/** What the trials of a run take: those of a task and variant have the same settings. */
const secondsIn = (
  times: readonly TrialTime[],
  at: { readonly task: string; readonly variant: string },
): Seconds | null => times.find(({ task, variant }) => task === at.task && variant === at.variant)?.seconds ?? null;

/** The seconds until trials are done of which `jobs` run at a time, each begun when a place is free. */
function until(trials: readonly (Seconds | null)[], jobs: number): Seconds | null {
  const known = trials.flatMap((seconds) => seconds ?? []);
  if (known.length < trials.length) return null;
  const end = (of: keyof Seconds): number => {
    const places = Array.from({ length: jobs }, () => 0);
    for (const seconds of known) {
      const free = places.indexOf(Math.min(...places));
      places[free] = (places[free] ?? 0) + seconds[of];
    }
    return Math.max(...places);
  };
  return { mean: end("mean"), low: end("low"), high: end("high") };
}

interface FinishedTrial {
  readonly task: string;
  readonly variant: string;
  /** As canonical JSON. */
  readonly settings: string;
  /** With the start of its process. */
  readonly seconds: number;
}

/** The finished trials of a store, with any code and data. */
async function finishedTrials(store: Store): Promise<readonly FinishedTrial[]> {
  const timed: FinishedTrial[] = [];
  for (const identity of (await store.identities()).identities) {
    if (identity.imported !== undefined) continue;
    const { status, seconds, startup = 0 } = await store.readTrial(identified(identity));
    const { task, variant, config } = identity;
    if (status === "done" && seconds !== undefined)
      timed.push({ task, variant, settings: canonicalJson(config), seconds: startup + seconds });
  }
  return timed;
}
