import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { readSafetensors } from "@sluice/formats";
import {
  reportedOf,
  studyError,
  weightFiles,
  type FileHashes,
  type MetricRow,
  type Settings,
  type TrialIdentity,
  type TrialRecord,
} from "@sluice/study";
import type { ArrayTensor, Tree } from "@sluice/tensor";
import { trialFiles } from "./folder/files.ts";
import { readKept } from "./folder/kept-files.ts";
import { readIdentity, readResult } from "./folder/read.ts";
import { readCurves } from "./folder/read-curves.ts";

/** Weights by path, such as `layers.0.U`. */
export type TensorsByPath = Readonly<Record<string, ArrayTensor>>;

/** A finished trial, read from its folder. */
export interface LoadedTrial<W> {
  /** Study, task, variant, seed, and the hashes of code and data. */
  readonly identity: TrialIdentity;
  /** The settings that it ran with. */
  readonly config: Settings;
  /** The rows of its curves. */
  readonly metrics: readonly MetricRow[];
  /** How it ended, with its summary values and the hash of its weights. */
  readonly outcome: Pick<
    TrialRecord,
    "status" | "reason" | "metrics" | "weights" | "varies" | "parameters" | "warnings"
  >;
  /**
   * The weights that the trial has kept: `trainingTrial` keeps the last ones and, with validation data, the best ones.
   */
  readonly weights: { readonly last?: W; readonly best?: W };
  /** SHA-256 of all files that it has kept, by name. */
  readonly files: FileHashes;
}

/** Options of {@link loadTrial}. */
export interface LoadTrialOptions<P extends Tree> {
  /** Parameters of the trial's model, such as `model.init(key(0))`; the weights are then nested like these. */
  readonly like: P;
}

/**
 * Reads a trial back from its folder, `trials/<name>` of a run. All checksums are verified. The weights are nested like
 * `like`; without it they are tensors by path.
 *
 * @throws an error that names the file if something is missing or damaged, or if the trial has not finished.
 */
export async function loadTrial(folder: string): Promise<LoadedTrial<TensorsByPath>>;
export async function loadTrial<P extends Tree>(folder: string, options: LoadTrialOptions<P>): Promise<LoadedTrial<P>>;
export async function loadTrial(given: string, options?: LoadTrialOptions<Tree>): Promise<LoadedTrial<Tree>> {
  const folder = resolve(given);
  if (!existsSync(folder)) throw studyError(`${folder}: there is no such folder; pass the folder of a trial`);
  const { id, ...identity } = readIdentity(folder);
  if (!existsSync(trialFiles(folder).result))
    throw studyError(
      `${folder}: the trial has not finished; run its study again to resume it from its last checkpoint`,
    );
  const {
    files = {},
    seconds: _,
    finished: _finished,
    startup: _startup,
    memory: _memory,
    ...outcome
  } = reportedOf(readResult(folder, id));
  const { rows, problems } = readCurves({ folder, id, status: outcome.status, files });
  if (problems.length > 0) throw studyError(problems.join("\n"));
  // Only who reads weights pays for loading the cells and what trains them: most commands never do.
  const { loadState } = await import("@sluice/train");
  const weights: { -readonly [name in keyof typeof weightFiles]?: Tree } = {};
  for (const name of ["last", "best"] as const) {
    const hash = files[weightFiles[name]];
    if (hash === undefined) continue;
    const bytes = readKept(trialFiles(folder).kept, weightFiles[name], hash);
    weights[name] = options === undefined ? readSafetensors(bytes).tensors : await loadState(bytes, options.like);
  }
  return { identity, config: identity.config, metrics: rows, outcome, weights, files };
}
