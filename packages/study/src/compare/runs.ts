import { unknownEnvironment, type Environment } from "../environment.ts";
import { canonicalJson } from "../json.ts";
import type { FileHashes, TrialRecord } from "../results.ts";
import type { Manifest } from "../manifest.ts";
import { readRun, type StoredTrial } from "../run/read-run.ts";
import type { Store, TrialRows } from "../run/store.ts";
import { identityDifferences, type IdentityDifferences } from "./identity.ts";
import { parting, type Parting } from "./rows.ts";

/** A property of the environments of two trials that differs, such as `runtime`; `null` where it is not known. */
export interface EnvironmentDifference {
  readonly name: string;
  readonly first: string | number | null;
  readonly second: string | number | null;
}

/** A trial of one run beside the same one of another: the same task, variant, seed and fold, or tried setting. */
export interface TrialPair {
  readonly first: TrialRecord;
  readonly second: TrialRecord;
  /** In what they differ, of all that results depend on. */
  readonly differences: IdentityDifferences;
  /** Where they ran: the properties of the environments that differ, such as `cpu`. Results should not depend on it. */
  readonly environment: readonly EnvironmentDifference[];
  /** Summary values that differ, by metric. */
  readonly metrics: readonly string[];
  /** Whether both kept the hash of their weights and it is the same; `null` if one of them has none. */
  readonly sameWeights: boolean | null;
  /** Names of the files that the trials keep and that differ, or that one of them does not have. */
  readonly files: readonly string[];
  /** Where their curves part; `null` if they are the same to the bit. */
  readonly parting: Parting | null;
}

/** Two runs, trial by trial. */
export interface RunComparison {
  readonly pairs: readonly TrialPair[];
  /** Trials that only one of the runs has. */
  readonly onlyFirst: readonly TrialRecord[];
  readonly onlySecond: readonly TrialRecord[];
  /**
   * The files and packages of the code that differ, or that only one run has: "study.ts" or "@sluice/cells@1.2.0". Empty
   * if the code is the same; `null` if a run does not say what its code consists of.
   */
  readonly code: readonly string[] | null;
  /** What could not be read, with the reason. */
  readonly problems: readonly string[];
}

/** Compares two runs, trial by trial. Studies may differ: tasks, variants, seeds and folds are matched by name. */
export async function compareRuns(first: Store, second: Store): Promise<RunComparison> {
  const [a, b] = [await trialsOf(first), await trialsOf(second)];
  const problems = [...a.problems, ...b.problems];
  const pairs: TrialPair[] = [];
  for (const [place, own] of a.trials) {
    const other = b.trials.get(place);
    if (other !== undefined) pairs.push(await pairOf({ ...own, store: first }, { ...other, store: second }, problems));
  }
  const only = (these: Trials, others: Trials): TrialRecord[] =>
    [...these].flatMap(([place, { record }]) => (others.has(place) ? [] : [record]));
  const code = differingCode(a.manifest, b.manifest);
  return { pairs, code, onlyFirst: only(a.trials, b.trials), onlySecond: only(b.trials, a.trials), problems };
}

type Trials = ReadonlyMap<string, StoredTrial>;

/** The trials of a run that its report shows, by task, variant, seed, fold and tried setting. */
async function trialsOf(store: Store): Promise<{
  readonly trials: Trials;
  readonly manifest: Manifest;
  readonly problems: readonly string[];
}> {
  const { manifest, trials, problems } = await readRun(store);
  const placeOf = ({ trial: { task, variant, seed, fold, tuning } }: StoredTrial): string =>
    canonicalJson([task, variant, seed, fold ?? null, tuning ?? null]);
  return { trials: new Map(trials.map((trial) => [placeOf(trial), trial])), manifest, problems };
}

function differingCode(first: Manifest, second: Manifest): readonly string[] | null {
  if (first.code === second.code) return [];
  return first.codeParts === undefined || second.codeParts === undefined
    ? null
    : differing(first.codeParts, second.codeParts).toSorted();
}

type Placed = StoredTrial & { readonly store: Store };

async function pairOf(first: Placed, second: Placed, problems: string[]): Promise<TrialPair> {
  const both = async <T>(of: (placed: Placed) => Promise<T>): Promise<readonly [T, T]> => [
    await of(first),
    await of(second),
  ];
  const [a, b] = await both(rowsOf);
  const [here, there] = await both(({ store, record }) => store.readEnvironment(record));
  problems.push(...a.problems, ...b.problems, ...here.problems, ...there.problems);
  const metrics = [...new Set([...Object.keys(first.record.metrics), ...Object.keys(second.record.metrics)])];
  const [weights, otherWeights] = [first.record.weights, second.record.weights];
  return {
    first: first.record,
    second: second.record,
    differences: identityDifferences(first.trial, second.trial),
    environment: environmentDifferences(here.environment, there.environment),
    metrics: metrics.filter((name) => !Object.is(first.record.metrics[name], second.record.metrics[name])),
    files: differing(first.record.files, second.record.files),
    sameWeights: weights === undefined || otherWeights === undefined ? null : weights === otherWeights,
    parting: a.hash !== null && a.hash === b.hash ? null : parting(a.rows, b.rows),
  };
}

async function rowsOf({ store, record }: Placed): Promise<TrialRows> {
  if (store.readRows !== undefined) return store.readRows(record);
  return { hash: null, ...(await store.readCurves(record)) };
}

function environmentDifferences(
  first: Environment | null,
  second: Environment | null,
): readonly EnvironmentDifference[] {
  if (first === null || second === null) return [];
  const plain = ({ git, command: _, ...rest }: Environment): Readonly<Record<string, string | number | null>> => ({
    ...rest,
    commit: git?.commit ?? null,
    uncommitted: git?.uncommitted ?? null,
  });
  const [a, b] = [plain(first), plain(second)];
  const names = Object.keys(plain(unknownEnvironment({ threads: 0, command: "" })));
  return names.flatMap((name) =>
    a[name] === b[name] ? [] : [{ name, first: a[name] ?? null, second: b[name] ?? null }],
  );
}

/** "runtime Node 24.21.0 → Node 22.12.0, threads 1 → 2"; "" for none. */
export const environmentText = (differences: readonly EnvironmentDifference[]): string =>
  differences.map(({ name, first, second }) => `${name} ${shown(name, first)} → ${shown(name, second)}`).join(", ");

/** Hashes are recognized by their beginning. */
const shown = (name: string, value: string | number | null): string =>
  value === null ? "none" : /^(commit|uncommitted)$/.test(name) ? String(value).slice(0, 12) : String(value);

const differing = (first: FileHashes = {}, second: FileHashes = {}): readonly string[] =>
  [...new Set([...Object.keys(first), ...Object.keys(second)])].filter((name) => first[name] !== second[name]);

/** Whether two trials have the same results to the bit: status, summary values, curves, weights and kept files. */
export const areSame = ({ first, second, metrics, sameWeights, files, parting: where }: TrialPair): boolean =>
  first.status === second.status &&
  metrics.length === 0 &&
  sameWeights !== false &&
  files.length === 0 &&
  where === null;
