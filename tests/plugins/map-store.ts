// A store of one's own: the trials of a study in a Map of JSON texts, as a browser's storage would keep them.
import {
  checkedRow,
  recordOf,
  reportedOf,
  storeError,
  storedSeries,
  UNFINISHED,
  type Environment,
  type Manifest,
  type MetricRow,
  type PlannedTrial,
  type ResultsDocument,
  type Store,
  type StoredSeries,
  type TrialResult,
  type TrialSession,
} from "@sluice/study";

/** What is kept of a trial, as JSON. */
interface Kept {
  readonly trial: PlannedTrial;
  readonly environment: Environment;
  readonly rows: readonly MetricRow[];
  readonly series: readonly StoredSeries[];
  readonly checkpoint: { readonly step: number; readonly bytes: readonly number[]; readonly state: string; readonly seconds: number } | null;
  readonly result: TrialResult | null;
}

/** A store that holds all that is written as text. */
export function mapStore(): Store {
  const texts = new Map<string, string>();
  const open = new Set<string>();
  const read = <T>(name: string): T | null => {
    const text = texts.get(name);
    return text === undefined ? null : (JSON.parse(text) as T);
  };
  const write = (name: string, value: unknown): void => void texts.set(name, JSON.stringify(value));
  const found = <T>(name: string): T => {
    const value = read<T>(name);
    if (value === null) throw storeError(`map: there is no ${name} yet`);
    return value;
  };
  return {
    place: "map",
    manifestPlace: "map: manifest",
    reportPlace: "map: report",
    async lock() {
      if (open.has("run")) throw storeError("map: another run is at work here");
      open.add("run");
      return { lost: () => null, release: async () => void open.delete("run") };
    },
    writeManifest: async (manifest) => write("manifest", manifest),
    readManifest: async () => found<Manifest>("manifest"),
    async identities() {
      const trials = [...texts.keys()].filter((name) => name.startsWith("trial "));
      return { identities: trials.map((name) => found<Kept>(name).trial), problems: [] };
    },
    async readTrial(trial) {
      const kept = read<Kept>(`trial ${trial.id}`);
      if (kept === null) return recordOf(trial, "map", { status: "waiting", reason: "not started" });
      if (kept.result === null) return recordOf(trial, "map", UNFINISHED);
      return { ...recordOf(trial, "map", UNFINISHED), reason: undefined, ...reportedOf(kept.result) };
    },
    async readCurves({ id }) {
      const { rows = [], series = [] } = read<Kept>(`trial ${id}`) ?? {};
      return { rows, series, problems: [] };
    },
    readEnvironment: async ({ id }) => ({
      environment: read<Kept>(`trial ${id}`)?.environment ?? null,
      changes: null,
      problems: [],
    }),
    async makeWay({ id }) {
      const kept = read<Kept>(`trial ${id}`);
      if (kept?.result != null) write(`trial ${id}`, { ...kept, result: null });
      return null;
    },
    async openTrial(trial, { environment }) {
      const name = `trial ${trial.id}`;
      if (open.has(name)) throw storeError(`map: the trial ${trial.folder} is at work already`);
      open.add(name);
      const kept = read<Kept>(name) ?? { trial, environment, rows: [], series: [], checkpoint: null, result: null };
      write(name, kept);
      return sessionOf(kept, (next) => write(name, next), () => void open.delete(name));
    },
    async conclude({ id }, result) {
      const kept = read<Kept>(`trial ${id}`);
      if (kept !== null && kept.result === null) write(`trial ${id}`, { ...kept, result });
    },
    writeReport: async (report) => write("report", report),
    readDocument: async () => found<{ readonly document: ResultsDocument }>("report").document,
  };
}

/** One session of a trial. Rows and series are written with the checkpoint or the result that they belong to. */
function sessionOf(kept: Kept, write: (next: Kept) => void, close: () => void): TrialSession {
  const { checkpoint } = kept;
  const rows: MetricRow[] = checkpoint === null ? [] : [...kept.rows];
  const series = new Map(checkpoint === null ? [] : kept.series.map((one) => [one.name, one]));
  let last = kept.checkpoint;
  const now = (result: TrialResult | null): Kept => ({
    ...kept,
    rows,
    series: [...series.values()],
    checkpoint: last,
    result,
  });
  return {
    restored:
      checkpoint === null
        ? null
        : { ...checkpoint, bytes: Uint8Array.from(checkpoint.bytes), state: JSON.parse(checkpoint.state) },
    log: () => {},
    metric: (row) => void rows.push(checkedRow(row)),
    series: (name, given) => void series.set(name, storedSeries(name, given, series.get(name)?.lines)),
    async checkpoint({ bytes, state, ...given }) {
      last = { ...given, bytes: [...bytes], state: JSON.stringify(state) };
      write(now(null));
    },
    flush: async () => {},
    rows: async () => rows,
    finish: async (result) => write(now(result)),
    close: async () => close(),
  };
}
