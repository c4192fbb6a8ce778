import { z } from "zod";
import { isAnnotated, NO_ANNOTATIONS, type Annotations } from "../annotations.ts";
import { claimKinds } from "../claims/claim.ts";
import { judgeClaims, judged, type JudgedClaim } from "../claims/judge.ts";
import { verdictSchema } from "../claims/schema.ts";
import type { Environment } from "../environment.ts";
import { messageOf } from "../error.ts";
import { resultsOf, type Results, type StoredSeries, type TrialRecord } from "../results.ts";
import type { Manifest } from "../manifest.ts";
import { readRun, type StoredTrial } from "../run/read-run.ts";
import type { ReducedTrial, Store } from "../run/store.ts";
import type { Metric, Study } from "../study.ts";
import type { Settings } from "../trial.ts";
import { decidingMetric } from "../tuning/tune.ts";
import { tunedCells, tuningKey, type TunedCell } from "../tuning/tuned.ts";
import { curvesOf, type Curves } from "./curves.ts";

/** Everything the report prints, read from a store. */
export interface ReportModel {
  readonly manifest: Manifest;
  readonly results: Results;
  /** Training curves by the id of the trial and the metric. */
  readonly curves: ReadonlyMap<string, Curves>;
  readonly configs: readonly { readonly task: string; readonly variant: string; readonly config: Settings }[];
  /** What a sweep tried and chose, with its trials; `null` for a run. */
  readonly tuned: readonly TunedCell[] | null;
  readonly claims: readonly JudgedClaim[];
  /** A note above the claims if they could not be judged again. */
  readonly claimsNote: string | null;
  /** What people say about the run. */
  readonly annotations: Annotations;
  /** What people say about its trials, by their ids; only those about which something is said. */
  readonly trialAnnotations: ReadonlyMap<string, Annotations>;
  readonly environments: readonly ReportedEnvironment[];
  /** What could not be read, with the reason. */
  readonly problems: readonly string[];
  /** Trials of other code, data or settings in the same folder. */
  readonly others: number;
}

/** Where the trials ran, for some of them. */
export interface ReportedEnvironment {
  readonly environment: Environment;
  readonly trials: number;
  /** Where the uncommitted changes of one of the trials are stored; `null` if there are none. */
  readonly changes: string | null;
}

/** Reads a store. Without `study` the claims keep the verdicts of the last run. */
export async function readModel(store: Store, study: Study | null): Promise<ReportModel> {
  const { manifest, trials: all, others, problems: unread } = await readRun(store);
  // Tuning trials have a part of their own; nothing else in the report is based on them.
  const trials = all.filter(({ trial }) => trial.tuning === undefined);
  const problems = [...unread];
  const records = trials.map(({ record }) => record);
  const curves = new Map<string, Curves>();
  const series = new Map<string, readonly StoredSeries[]>();
  for (const record of records) {
    const { curves: drawn, series: own, problems: damaged } = await readReduced(store, record);
    curves.set(record.id, drawn);
    series.set(record.id, own);
    problems.push(...damaged);
  }
  const environments = await distinctEnvironments(store, records, problems);
  const annotations = await annotationsOf(store, null, problems);
  const trialAnnotations = new Map<string, Annotations>();
  for (const record of records) {
    const told = record.status === "waiting" ? NO_ANNOTATIONS : await annotationsOf(store, record, problems);
    if (isAnnotated(told)) trialAnnotations.set(record.id, told);
  }
  const { tasks, variants, metrics } = manifest;
  const results = resultsOf({ tasks, variants, metrics, trials: records, series });
  const configs = tasks.flatMap((task) =>
    variants.flatMap((variant) => {
      const found = trials.find(({ trial }) => trial.task === task && trial.variant === variant);
      return found === undefined ? [] : [{ task, variant, config: found.trial.config }];
    }),
  );
  return {
    manifest,
    results,
    curves,
    configs,
    tuned: tunedIn(manifest, all),
    ...(await judge(store, study, { results, budget: manifest.budget })),
    annotations,
    trialAnnotations,
    environments,
    problems,
    others,
  };
}

async function annotationsOf(store: Store, record: TrialRecord | null, problems: string[]): Promise<Annotations> {
  try {
    return (await store.readAnnotations?.(record)) ?? NO_ANNOTATIONS;
  } catch (error) {
    problems.push(messageOf(error));
    return NO_ANNOTATIONS;
  }
}

/** Reduced at once, because the rows of all trials may not fit into memory together. */
async function readReduced(store: Store, record: TrialRecord): Promise<ReducedTrial> {
  if (store.readReduced !== undefined) return store.readReduced(record);
  const { rows, ...rest } = await store.readCurves(record);
  return { curves: curvesOf(rows), ...rest };
}

/** The tuning trials of a sweep, and what they decided. */
function tunedIn({ tuning, metrics }: Manifest, trials: readonly StoredTrial[]): readonly TunedCell[] | null {
  if (tuning === undefined || !tuning.cells.every(({ task }) => decides(metrics[decidingMetric(tuning.tune, task)])))
    return null;
  const records = new Map<string, TrialRecord>();
  for (const { trial, record } of trials) {
    const { task, variant, seed, fold, tuning: settings } = trial;
    const unit = fold === undefined ? { seed } : { seed, fold };
    if (settings !== undefined) records.set(tuningKey({ task, variant, tuning: settings, ...unit }), record);
  }
  // The next rung is known once the one before has ended, even if the sweep was stopped between them.
  return tunedCells(tuning, { metrics, records }).map(({ tried, ...cell }) => ({
    ...cell,
    tried: tried.filter((one) => one.records.some((record) => record !== undefined)),
  }));
}

const decides = (metric: Metric | undefined): boolean => metric !== undefined && metric.better !== "neither";

const storedClaim = verdictSchema.extend({
  text: z.string(),
  kind: z.enum(claimKinds).default("published"),
  corrected: z.number().optional(),
});

async function judge(
  store: Store,
  study: Study | null,
  { results, budget }: { readonly results: Results; readonly budget: string },
): Promise<{ claims: JudgedClaim[]; claimsNote: string | null }> {
  if (study !== null) return { claims: judgeClaims(study.claims, results, { budget }), claimsNote: null };
  try {
    const last = z.object({ claims: z.array(storedClaim) }).parse(await store.readDocument());
    const claims = last.claims.map(({ p, corrected, ...claim }) =>
      judged({
        ...claim,
        ...(p === undefined ? {} : { p }),
        ...(corrected === undefined ? {} : { corrected }),
      }),
    );
    return {
      claims,
      claimsNote: "The study's module could not be loaded here: these are the verdicts of the last run.",
    };
  } catch (error) {
    return {
      claims: [],
      claimsNote: `The study's module could not be loaded here, so its claims were not tested, nor are the verdicts of the last run known: ${messageOf(error)}`,
    };
  }
}

async function distinctEnvironments(
  store: Store,
  records: readonly TrialRecord[],
  problems: string[],
): Promise<ReportedEnvironment[]> {
  const distinct = new Map<string, ReportedEnvironment>();
  for (const record of records) {
    // An imported trial says itself where it ran.
    if (record.status === "waiting" || record.imported !== undefined) continue;
    const { environment, changes, problems: own } = await store.readEnvironment(record);
    problems.push(...own);
    if (environment === null) continue;
    const { threads: _, command: _command, ...place } = environment;
    const key = JSON.stringify(place);
    const entry = distinct.get(key);
    distinct.set(
      key,
      entry === undefined ? { environment, trials: 1, changes } : { ...entry, trials: entry.trials + 1 },
    );
  }
  return [...distinct.values()];
}
