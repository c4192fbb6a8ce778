import type { MetricRow, Restored, Series, Settings, TrialContext, TrialOutcome } from "@sluice/study";

/** What a trial has written, in memory instead of a folder. */
export interface Left {
  readonly rows: readonly MetricRow[];
  /** By name; the lines of several calls together. */
  readonly series: Readonly<Record<string, Series>>;
  readonly log: readonly string[];
  /** By name. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** The last checkpoint, and the number of rows when it was written. */
  readonly checkpoint: (Restored & { readonly rows: number }) | null;
  readonly diverged: { readonly step: number; readonly tensor: string } | null;
}

/** Options of a trial that runs in memory. */
export interface MemoryContextOptions<S extends Settings> {
  /** The trial's settings. */
  readonly config: S;
  /** The name of its task; default "test". */
  readonly task?: string;
  /** The name of its variant; default "test". */
  readonly variant?: string;
  /** How many threads to use. Default 1. */
  readonly threads?: number;
  /** Resumes from what an earlier trial has written, as the runner does. */
  readonly from?: Left;
  /** Whether it tunes settings; default `false`. */
  readonly tuning?: boolean;
  /** The seed of its random numbers; default 1. */
  readonly seed?: number;
  /** The fold that it is tested on; default none. */
  readonly fold?: TrialContext["fold"];
  /** The folder of its data; default none. */
  readonly dataFolder?: string | null;
  /** Asks the trial to stop when it reports this step. */
  readonly stopAt?: number;
}

/** A trial context for tests. */
function memoryContext<S extends Settings>({
  config,
  task = "test",
  variant = "test",
  threads = 1,
  from,
  tuning = false,
  seed = 1,
  fold = null,
  dataFolder = null,
  stopAt,
}: MemoryContextOptions<S>): { readonly context: TrialContext<S>; left(): Left } {
  const restored = from?.checkpoint ?? null;
  const rows: MetricRow[] = restored === null ? [] : [...(from?.rows ?? [])].slice(0, restored.rows);
  const series: Record<string, Series> = { ...from?.series };
  const log: string[] = [];
  const files: Record<string, Uint8Array> = {};
  const stop = new AbortController();
  let checkpoint: Left["checkpoint"] = restored;
  let diverged: Left["diverged"] = null;
  const context: TrialContext<S> = {
    study: "test",
    task,
    variant,
    seedIndex: 0,
    seed,
    fold,
    tuning,
    config,
    threads,
    dataFolder,
    signal: stop.signal,
    restored,
    log: (text) => void log.push(text),
    metric: (row) => void rows.push(row),
    series: (name, given) => void (series[name] = { ...given, lines: { ...series[name]?.lines, ...given.lines } }),
    file: async (name, bytes) => void (files[name] = bytes.slice()),
    async checkpoint(step, bytes, state = null) {
      checkpoint = { step, bytes: bytes.slice(), state, rows: rows.length };
    },
    async progress({ step }) {
      if (step === stopAt) stop.abort();
    },
    diverged(where) {
      diverged = where;
      throw new Error(`diverged at step ${where.step}: ${where.tensor}`);
    },
  };
  return { context, left: () => ({ rows, series, log, files, checkpoint, diverged }) };
}

/** Runs a trial in this process. Returns its outcome, or nothing if it was stopped or diverged. */
export async function runInMemory<S extends Settings>(
  { trial }: { trial(context: TrialContext<S>): Promise<TrialOutcome | void> },
  options: MemoryContextOptions<S>,
): Promise<{ readonly outcome: TrialOutcome | null; readonly left: Left }> {
  const { context, left } = memoryContext(options);
  const outcome = await trial(context).catch((error: unknown) => {
    if (context.signal.aborted || left().diverged !== null) return null;
    throw error;
  });
  return { outcome: outcome ?? null, left: left() };
}
