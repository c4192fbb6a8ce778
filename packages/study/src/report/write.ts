import { runFiles } from "../store/files.ts";
import { writeSealed } from "../store/seal.ts";
import { writeAtomically } from "../store/write.ts";
import type { Study } from "../study.ts";
import { meanInterval } from "../statistics/intervals.ts";
import { readModel, type ReportModel } from "./model.ts";
import { page } from "./page.ts";

/** What `results.json` and `sluice run --json` hold. */
export interface ResultsDocument {
  readonly study: string;
  readonly budget: string;
  readonly code: string;
  readonly data: { readonly [name: string]: string };
  readonly report: string;
  readonly summary: readonly {
    readonly task: string;
    readonly variant: string;
    readonly metric: string;
    readonly n: number;
    readonly mean: number | null;
    /** 95 % interval by Student's t; `null` for fewer than two seeds. */
    readonly interval: readonly [number, number] | null;
    readonly seeds: readonly { readonly seed: number; readonly value: number }[];
  }[];
  readonly trials: readonly {
    readonly id: string;
    readonly task: string;
    readonly variant: string;
    readonly seed: number;
    readonly status: string;
    readonly reason: string | null;
    readonly metrics: { readonly [metric: string]: number | null };
    readonly weights: string | null;
    readonly seconds: number | null;
    readonly folder: string;
  }[];
  readonly claims: ReportModel["claims"];
}

export interface WrittenReport {
  /** Path of `report.html`. */
  readonly report: string;
  readonly model: ReportModel;
  /** Files that could not be read and parts that could not be drawn. */
  readonly problems: readonly string[];
  readonly document: ResultsDocument;
}

/** Builds `report.html` and `results.json` from the folders. `study` is needed for the claims alone. */
export function writeReport(folder: string, { study }: { readonly study: Study | null }): WrittenReport {
  const model = readModel(folder, study);
  const files = runFiles(folder);
  const document = documentOf(model);
  const { text, undrawn } = page(model);
  writeAtomically(files.report, text);
  writeSealed(files.results, "results", document);
  return { report: files.report, model, problems: [...model.problems, ...undrawn], document };
}

function documentOf({ folder, manifest, results, claims }: ReportModel): ResultsDocument {
  return {
    study: manifest.name,
    budget: manifest.budget,
    code: manifest.code,
    data: manifest.data,
    report: runFiles(folder).report,
    summary: manifest.tasks.flatMap((task) =>
      manifest.variants.flatMap((variant) =>
        Object.keys(manifest.metrics).map((metric) => {
          const seeds = results.values({ task, variant, metric });
          const { mean, low, high } = meanInterval(seeds.map((entry) => entry.value));
          return {
            task,
            variant,
            metric,
            n: seeds.length,
            mean: Number.isFinite(mean) ? mean : null,
            interval: Number.isFinite(low) ? ([low, high] as const) : null,
            seeds,
          };
        }),
      ),
    ),
    trials: results.trials.map(
      ({ id, task, variant, seed, status, reason, metrics, weights, seconds, folder: path }) => ({
        id,
        task,
        variant,
        seed,
        status,
        reason: reason ?? null,
        metrics,
        weights: weights ?? null,
        seconds: seconds ?? null,
        folder: path,
      }),
    ),
    claims,
  };
}
