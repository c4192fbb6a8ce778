import { sha256 } from "@sluice/formats";
import { studyError } from "../error.ts";
import type { Environment } from "../environment.ts";
import type { Manifest } from "../manifest.ts";
import type { PlannedTrial } from "../plan.ts";
import type { ResultsDocument } from "../report/document.ts";
import { recordOf, UNFINISHED, type StoredSeries, type TrialRecord } from "../results.ts";
import type { MetricRow, Restored } from "../trial.ts";
import { reportedOf, type TrialResult } from "./result.ts";
import { checkedFileName, checkedRow, storedSeries } from "./checked.ts";
import type { Store, TrialSession } from "./store.ts";

/** A store in the memory of this process, with access to its contents. */
export interface MemoryStore extends Store {
  /** The page of the last report; `null` before the first. */
  report(): string | null;
  /** The log of a trial. */
  logOf(trial: PlannedTrial): readonly string[];
}

interface Remains {
  readonly rows: readonly MetricRow[];
  readonly series: ReadonlyMap<string, StoredSeries>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

interface Checkpoint extends Remains, Restored {
  readonly seconds: number;
}

interface StoredTrial {
  readonly trial: PlannedTrial;
  readonly log: string[];
  open: boolean;
  environment: Environment | null;
  checkpoint: Checkpoint | null;
  result: TrialResult | null;
  /** What the result is based on. */
  remains: Remains;
}

const NOTHING: Remains = { rows: [], series: new Map(), files: new Map() };

/**
 * Keeps the trials of a study in memory, for a page, a notebook or a test. Everything is lost when the process ends.
 * Values are copied, so that nothing changes them later.
 */
export function memoryStore({ place = "memory" }: { readonly place?: string } = {}): MemoryStore {
  const trials = new Map<string, StoredTrial>();
  let manifest: Manifest | null = null;
  let written: { readonly page: string; readonly document: ResultsDocument } | null = null;
  let taken = false;

  const stored = (trial: PlannedTrial): StoredTrial => {
    const found = trials.get(trial.id);
    if (found !== undefined) return found;
    const made: StoredTrial = {
      trial,
      log: [],
      open: false,
      environment: null,
      checkpoint: null,
      result: null,
      remains: NOTHING,
    };
    trials.set(trial.id, made);
    return made;
  };

  return {
    place,
    manifestPlace: place,
    reportPlace: place,
    async lock() {
      if (taken) throw studyError(`${place}: another run is using this store. Wait for it, or use another store`);
      taken = true;
      return { lost: () => null, release: async () => void (taken = false) };
    },
    async writeManifest(given) {
      manifest = structuredClone(given);
    },
    async readManifest() {
      if (manifest === null) throw studyError(`${place}: no study has been run here`);
      return manifest;
    },
    ...readingOf(place, trials),
    async openTrial(trial, { environment }) {
      const found = stored(trial);
      if (found.open) throw studyError(`${place}: the trial ${trial.folder} is already running`);
      found.open = true;
      found.environment ??= environment;
      return sessionOf(found);
    },
    async conclude(trial, result) {
      stored(trial).result ??= result;
    },
    async writeReport(report) {
      written = report;
    },
    async readDocument() {
      if (written === null) throw studyError(`${place}: there has been no report`);
      return written.document;
    },
    report: () => written?.page ?? null,
    logOf: (trial) => trials.get(trial.id)?.log ?? [],
  };
}

/** The part of a store that reads its trials, or clears a trial for another run. */
function readingOf(
  place: string,
  trials: ReadonlyMap<string, StoredTrial>,
): Pick<Store, "identities" | "readTrial" | "readCurves" | "readFile" | "readEnvironment" | "makeWay"> {
  return {
    identities: async () => ({ identities: [...trials.values()].map(({ trial }) => trial), problems: [] }),
    readTrial: async (trial) => storedRecord(place, trial, trials.get(trial.id)),
    async readCurves({ id }) {
      const found = trials.get(id);
      const { rows, series } = (found?.result === null ? found.checkpoint : found?.remains) ?? NOTHING;
      return { rows, series: [...series.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), problems: [] };
    },
    async readFile({ id, folder }, name) {
      const file = trials.get(id)?.remains.files.get(name);
      if (file === undefined) throw studyError(`${folder}: the trial has no file "${name}"`);
      return file.slice();
    },
    readEnvironment: async ({ id }) => ({
      environment: trials.get(id)?.environment ?? null,
      changes: null,
      problems: [],
    }),
    async makeWay(trial, status) {
      const found = trials.get(trial.id);
      if (found === undefined || found.result === null) return null;
      found.result = null;
      if (status === "diverged") found.checkpoint = null;
      return null;
    },
  };
}

function sessionOf(found: StoredTrial): TrialSession {
  const { checkpoint } = found;
  const rows: MetricRow[] = [...(checkpoint?.rows ?? [])];
  const series = new Map(checkpoint?.series);
  const files = new Map(checkpoint?.files);
  const remains = (): Remains => ({ rows: [...rows], series: new Map(series), files: new Map(files) });
  return {
    restored: checkpoint,
    log: (text) => void found.log.push(text),
    metric: (row) => void rows.push(checkedRow(row)),
    series: (name, given) => void series.set(name, storedSeries(name, given, series.get(name)?.lines)),
    file: async (name, bytes) => void files.set(checkedFileName(name, files.keys()), bytes.slice()),
    files: () => Object.fromEntries([...files].map(([name, bytes]) => [name, sha256(bytes)])),
    async checkpoint({ bytes, state, ...given }) {
      found.checkpoint = { ...given, bytes: bytes.slice(), state: structuredClone(state), ...remains() };
    },
    flush: async () => {},
    rows: async () => rows,
    async finish(result) {
      found.remains = remains();
      found.result = structuredClone(result);
    },
    async close() {
      found.open = false;
    },
  };
}

function storedRecord(place: string, trial: PlannedTrial, found: StoredTrial | undefined): TrialRecord {
  const folder = `${place}/trials/${trial.folder}`;
  if (found === undefined) return recordOf(trial, folder, { status: "waiting", reason: "not started" });
  const { result } = found;
  if (result === null) return recordOf(trial, folder, UNFINISHED);
  const { reason: _, ...record } = recordOf(trial, folder, UNFINISHED);
  return { ...record, ...reportedOf(result) };
}
