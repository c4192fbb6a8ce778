import { sha256 } from "@sluice/formats";
import type { Fold } from "../folds.ts";
import { canonicalJson } from "../json.ts";
import { identified } from "../plan.ts";
import type { MetricRow, Settings } from "../trial.ts";
import { UNKNOWN_CODE, type ImportedFrom, type ImportedTrial } from "./imported.ts";

/** A file that an imported trial keeps. */
export interface GivenFile {
  /** Its name in the store: letters, digits, `.`, `-` and `_`. */
  readonly name: string;
  /** SHA-256 of its content. */
  readonly sha256: string;
  /** Its content, read when it is written into the store. */
  read(): Promise<Uint8Array>;
}

/** A trial that ran elsewhere. */
export interface GivenTrial {
  readonly task: string;
  readonly variant: string;
  readonly seed: number;
  /** Absent for a study without folds. */
  readonly fold?: Fold;
  /** The settings that are known. */
  readonly config: Settings;
  /** How it ended. A trial that is done and has a summary value that is not finite counts as diverged. */
  readonly status: "done" | "diverged" | "failed";
  /** The reason for every status except `done`. */
  readonly reason?: string;
  /** Its curves, in the order of steps. */
  readonly rows: readonly MetricRow[];
  /** Summary values; those that are missing are computed from the curves. */
  readonly metrics: { readonly [metric: string]: number | null };
  readonly parameters?: number;
  /** Seconds of work. */
  readonly seconds?: number;
  /** When it ended, as ISO 8601 in UTC. */
  readonly finished?: string;
  readonly files: readonly GivenFile[];
  /** Name of the file with the trained weights, among `files`. */
  readonly weights?: string;
  /** SHA-256 of the files that it was read from, by name. */
  readonly read: { readonly [file: string]: string };
}

/**
 * The identity of a trial that ran elsewhere. The same content always has the same identity, whenever and from wherever
 * it is imported.
 */
export function identityOfGiven(
  study: string,
  given: GivenTrial,
  { from, date }: { readonly from: ImportedFrom; readonly date: string },
): ImportedTrial {
  const { task, variant, seed, fold, config, read } = given;
  const imported = { sha256: contentHash(given), ...from, read, date };
  const trial = identified({
    study,
    task,
    variant,
    seed,
    ...(fold !== undefined && { fold }),
    config,
    code: UNKNOWN_CODE,
    data: {},
    imported,
  });
  return { ...trial, imported };
}

/** JSON has no NaN, so numbers that are not finite are hashed as words. */
function contentHash({ config, status, rows, metrics, files, weights }: GivenTrial): string {
  const plain = (value: number | null): number | string | null =>
    value === null || Number.isFinite(value) ? value : String(value);
  const all = (values: { readonly [name: string]: number | null }): { readonly [name: string]: unknown } =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plain(value)]));
  return sha256(
    canonicalJson({
      config,
      status,
      rows: rows.map(all),
      metrics: all(metrics),
      files: Object.fromEntries(files.map((file) => [file.name, file.sha256])),
      weights,
    }),
  );
}
