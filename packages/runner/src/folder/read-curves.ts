import { existsSync } from "node:fs";
import {
  curvesOf,
  messageOf,
  type ReducedTrial,
  type StoredSeries,
  type TrialCurves,
  type TrialRecord,
  type TrialRows,
} from "@sluice/study";
import { readAllSeries } from "./artifact.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { trialFiles } from "./files.ts";
import { readKeptCurves } from "./kept-curves.ts";
import { readKept } from "./kept-files.ts";
import { checkSealedMetrics, readSealedMetrics, sealedRows, type MetricsSeal } from "./metrics.ts";
import { readResult } from "./read.ts";

type OfTrial = Pick<TrialRecord, "folder" | "id" | "status" | "files">;

/**
 * Rows and series of a trial: those on which its result is based or, without a result, those of its last checkpoint.
 * Here as in the other functions, everything that the result is based on is checked.
 */
export function readCurves(trial: OfTrial): TrialCurves {
  const basis = basisOf(trial);
  const { seal, attempt } = basis;
  const rows = seal === null ? [] : attempt(() => readSealedMetrics(trialFiles(trial.folder).metrics, seal), []);
  return { rows, series: basis.series(), problems: basis.problems };
}

/** {@link readCurves} with rows that are parsed when they are asked for. */
export function readRows(trial: OfTrial): TrialRows {
  const basis = basisOf(trial);
  const { seal, attempt } = basis;
  const rows = seal === null ? null : attempt(() => sealedRows(trialFiles(trial.folder).metrics, seal), null);
  basis.series();
  return { hash: rows === null ? null : (seal?.sha256 ?? null), rows: rows ?? [], problems: basis.problems };
}

/**
 * {@link readCurves} with the curves that the trial has left in `curves.json`. Of the rows only the SHA-256 is then
 * computed. If there are no such curves, or they are damaged, they are made from the rows.
 */
export function readReduced(trial: OfTrial): ReducedTrial {
  const basis = basisOf(trial);
  const { seal, keptCurves, attempt } = basis;
  const files = trialFiles(trial.folder);
  const kept = keptCurves === null ? null : attempt(() => readKeptCurves(files.curves, keptCurves), null);
  if (seal !== null && kept !== null) attempt(() => checkSealedMetrics(files.metrics, seal), undefined);
  const made = (): ReducedTrial["curves"] =>
    curvesOf(seal === null ? [] : attempt(() => readSealedMetrics(files.metrics, seal), []));
  return { curves: kept ?? made(), series: basis.series(), problems: basis.problems };
}

/** What the rows and series of a trial are checked against. */
interface Basis {
  /** Of the rows; `null` if there are none. */
  readonly seal: MetricsSeal | null;
  /** SHA-256 of `curves.json`; `null` if there is none. */
  readonly keptCurves: string | null;
  /** Reads the series, and checks the files that the trial has kept. */
  series(): readonly StoredSeries[];
  readonly problems: readonly string[];
  /** What `read` returns. If it throws, that is a problem, and `otherwise` is returned. */
  attempt<T>(read: () => T, otherwise: T): T;
}

function basisOf({ folder, id, status, files: kept = {} }: OfTrial): Basis {
  const files = trialFiles(folder);
  const problems: string[] = [];
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      problems.push(messageOf(error));
      return otherwise;
    }
  };
  if (status === "waiting" || status === "unreadable")
    return { seal: null, keptCurves: null, series: () => [], problems, attempt };
  const rests = existsSync(files.result) ? attempt(() => readResult(folder, id).rests, null) : null;
  const saved =
    rests === null
      ? attempt(() => readCheckpoint(files.checkpoints, id), { checkpoint: null, skipped: [] })
      : { checkpoint: null, skipped: [] };
  problems.push(...saved.skipped);
  const names = Object.keys(rests?.series ?? saved.checkpoint?.series ?? {});
  return {
    seal: rests?.metrics ?? saved.checkpoint?.metrics ?? null,
    keptCurves: rests?.curves ?? null,
    series() {
      const { series, problems: damaged } = readAllSeries(files.artifacts, id, names, rests?.series);
      problems.push(...damaged);
      for (const [name, hash] of Object.entries(kept)) attempt(() => readKept(files.kept, name, hash), undefined);
      return series;
    },
    problems,
    attempt,
  };
}
