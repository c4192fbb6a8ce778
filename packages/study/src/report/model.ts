import { basename, join } from "node:path";
import { z } from "zod";
import { judgeClaims, type JudgedClaim } from "../claims/judge.ts";
import { verdictSchema } from "../claims/schema.ts";
import type { Environment } from "../environment.ts";
import { messageOf } from "../error.ts";
import { resultsOf, type Results, type StoredSeries, type TrialRecord } from "../results.ts";
import { readEnvironment } from "../store/environment.ts";
import { runFiles, trialFiles } from "../store/files.ts";
import { knownManifest } from "../store/known-manifest.ts";
import { readCurves, readTrial, withEarlierSeeds, type Manifest } from "../store/read.ts";
import { readSealed } from "../store/seal.ts";
import type { Study } from "../study.ts";
import type { Settings } from "../trial.ts";
import { curvesOf, type Curves } from "./curves.ts";

/** Everything the report prints, read from the folders. */
export interface ReportModel {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly results: Results;
  /** Training curves by the id of the trial and the metric. */
  readonly curves: ReadonlyMap<string, Curves>;
  readonly configs: readonly { readonly task: string; readonly variant: string; readonly config: Settings }[];
  readonly claims: readonly JudgedClaim[];
  /** Said above the claims when they could not be judged anew. */
  readonly claimsNote: string | null;
  readonly environments: readonly { readonly environment: Environment; readonly trials: number }[];
  /** Files that could not be read, with the reason. */
  readonly problems: readonly string[];
  /** Trials of other code, data or settings in the same folder. */
  readonly others: number;
}

/** Reads a runs folder. Without `study` the claims keep the verdicts of the last run. */
export function readModel(folder: string, study: Study | null): ReportModel {
  const { manifest, problem } = knownManifest(folder);
  const { trials, others, problems: strangers } = withEarlierSeeds(folder, manifest.trials);
  const problems = [...(problem === null ? [] : [problem]), ...strangers];
  const records = trials.map((trial) => readTrial(folder, trial));
  const curves = new Map<string, Curves>();
  const series = new Map<string, readonly StoredSeries[]>();
  for (const record of records) {
    const { rows, series: own, problems: damaged } = readCurves(record);
    // Reduced at once: the rows of all trials need not fit into memory together.
    curves.set(record.id, curvesOf(rows));
    series.set(record.id, own);
    problems.push(...damaged);
  }
  const environments = distinctEnvironments(records, problems);
  const { tasks, variants, metrics } = manifest;
  const results = resultsOf({ tasks, variants, metrics, trials: records, series });
  const configs = tasks.flatMap((task) =>
    variants.flatMap((variant) => {
      const trial = trials.find((candidate) => candidate.task === task && candidate.variant === variant);
      return trial === undefined ? [] : [{ task, variant, config: trial.config }];
    }),
  );
  return {
    folder,
    manifest,
    results,
    curves,
    configs,
    ...judge(folder, study, results),
    environments,
    problems,
    others,
  };
}

const storedClaim = verdictSchema.extend({ text: z.string(), corrected: z.number().optional() });

function judge(
  folder: string,
  study: Study | null,
  results: Results,
): { claims: JudgedClaim[]; claimsNote: string | null } {
  if (study !== null) return { claims: judgeClaims(study.claims, results), claimsNote: null };
  try {
    const last = z
      .object({ claims: z.array(storedClaim) })
      .parse(readSealed(runFiles(folder).results, "results").content);
    const claims = last.claims.map(({ p, corrected, ...claim }) => ({
      ...claim,
      ...(p === undefined ? {} : { p }),
      ...(corrected === undefined ? {} : { corrected }),
    }));
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

function distinctEnvironments(
  records: readonly TrialRecord[],
  problems: string[],
): { environment: Environment; trials: number }[] {
  const distinct = new Map<string, { environment: Environment; trials: number }>();
  for (const record of records) {
    if (record.status === "waiting") continue;
    const { environment, problems: own } = readEnvironment(record.folder, record.id);
    problems.push(...own);
    if (environment === null) continue;
    const { node, v8, os, cpu, git } = environment;
    const key = JSON.stringify({ node, v8, os, cpu, git });
    const entry = distinct.get(key);
    if (entry === undefined) distinct.set(key, { environment, trials: 1 });
    else entry.trials += 1;
  }
  return [...distinct.values()];
}

/** Where a trial's uncommitted changes lie, for the page. */
export function diffPath(record: TrialRecord, hash: string): string {
  return join("trials", basename(record.folder), basename(trialFiles(record.folder).diff(hash)));
}
