// A store of one's own: the trials of a study in a Map of JSON texts, as a browser's storage would keep them.
import { sha256 } from "@sluice/formats";
import {
  checkedFileName,
  checkedRow,
  recordOf,
  reportedOf,
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
  readonly files: Readonly<Record<string, readonly number[]>>;
  readonly checkpoint: {
    readonly step: number;
    readonly bytes: readonly number[];
    readonly state: string;
    readonly seconds: number;
  } | null;
  readonly result: TrialResult | null;
}

/** JSON texts by name. */
interface Texts {
  names(): string[];
  read<T>(name: string): T | null;
  /** As `read`; an error where there is none. */
  found<T>(name: string): T;
  write(name: string, value: unknown): void;
}

function textsInMap(): Texts {
  const texts = new Map<string, string>();
  const read = <T>(name: string): T | null => {
    const text = texts.get(name);
    return text === undefined ? null : (JSON.parse(text) as T);
  };
  return {
    names: () => [...texts.keys()],
    read,
    found<T>(name: string): T {
      const value = read<T>(name);
      if (value === null) throw new Error(`map: there is no ${name} yet`);
      return value;
    },
    write: (name, value) => void texts.set(name, JSON.stringify(value)),
  };
}

/** A store that holds all that is written as text. */
export function mapStore(): Store {
  const texts = textsInMap();
  const { read, found, write } = texts;
  const open = new Set<string>();
  return {
    place: "map",
    manifestPlace: "map: manifest",
    reportPlace: "map: report",
    async lock() {
      if (open.has("run")) throw new Error("map: another run is at work here");
      open.add("run");
      return { lost: () => null, release: async () => void open.delete("run") };
    },
    writeManifest: async (manifest) => write("manifest", manifest),
    readManifest: async () => found<Manifest>("manifest"),
    ...readingOf(texts),
    async openTrial(trial, { environment }) {
      const name = `trial ${trial.id}`;
      if (open.has(name)) throw new Error(`map: the trial ${trial.folder} is at work already`);
      open.add(name);
      const kept = read<Kept>(name) ?? {
        trial,
        environment,
        rows: [],
        series: [],
        files: {},
        checkpoint: null,
        result: null,
      };
      write(name, kept);
      return sessionOf(
        kept,
        (next) => write(name, next),
        () => void open.delete(name),
      );
    },
    async conclude({ id }, result) {
      const kept = read<Kept>(`trial ${id}`);
      if (kept !== null && kept.result === null) write(`trial ${id}`, { ...kept, result });
    },
    writeReport: async (report) => write("report", report),
    readDocument: async () => found<{ readonly document: ResultsDocument }>("report").document,
  };
}

/** The part of the store that reads trials, or clears one for another run. */
function readingOf({
  names,
  read,
  found,
  write,
}: Texts): Pick<Store, "identities" | "readTrial" | "readCurves" | "readFile" | "readEnvironment" | "makeWay"> {
  return {
    async identities() {
      const trials = names().filter((name) => name.startsWith("trial "));
      return { identities: trials.map((name) => found<Kept>(name).trial), problems: [] };
    },
    async readTrial(trial) {
      const kept = read<Kept>(`trial ${trial.id}`);
      if (kept === null) return recordOf(trial, "map", { status: "waiting", reason: "not started" });
      if (kept.result === null) return recordOf(trial, "map", UNFINISHED);
      const { reason: _, ...record } = recordOf(trial, "map", UNFINISHED);
      return { ...record, ...reportedOf(kept.result) };
    },
    async readCurves({ id }) {
      const { rows = [], series = [] } = read<Kept>(`trial ${id}`) ?? {};
      return { rows, series, problems: [] };
    },
    async readFile({ id }, name) {
      const bytes = read<Kept>(`trial ${id}`)?.files[name];
      if (bytes === undefined) throw new Error(`map: the trial has no file ${name}`);
      return Uint8Array.from(bytes);
    },
    readEnvironment: async ({ id }) => ({
      environment: read<Kept>(`trial ${id}`)?.environment ?? null,
      changes: null,
      problems: [],
    }),
    async makeWay({ id }) {
      const kept = read<Kept>(`trial ${id}`);
      if (kept !== null && kept.result !== null) write(`trial ${id}`, { ...kept, result: null });
      return null;
    },
  };
}

/** One session of a trial. Rows and series are written with the checkpoint or the result that they belong to. */
function sessionOf(kept: Kept, write: (next: Kept) => void, close: () => void): TrialSession {
  const { checkpoint } = kept;
  const rows: MetricRow[] = checkpoint === null ? [] : [...kept.rows];
  const series = new Map(checkpoint === null ? [] : kept.series.map((one) => [one.name, one]));
  const files = new Map(checkpoint === null ? [] : Object.entries(kept.files));
  let last = kept.checkpoint;
  const now = (result: TrialResult | null): Kept => ({
    ...kept,
    rows,
    series: [...series.values()],
    files: Object.fromEntries(files),
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
    file: async (name, bytes) => void files.set(checkedFileName(name, files.keys()), [...bytes]),
    files: () => Object.fromEntries([...files].map(([name, bytes]) => [name, sha256(Uint8Array.from(bytes))])),
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
