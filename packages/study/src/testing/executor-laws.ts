/** What every executor promises. Each law runs trials of the study in a store of its own. */
import { studyError } from "../error.ts";
import type { Asked } from "../asked.ts";
import type { Executor } from "../run/executor.ts";
import { planRun, type RunCode, type RunPlan, type RunPlanOptions } from "../run/plan-run.ts";
import { runStudy, type RunControl, type RunEvent } from "../run/run-study.ts";
import type { Store } from "../run/store.ts";
import type { TrialRecord } from "../results.ts";
import type { Study } from "../study.ts";

/** What a law is tried on. */
export interface Subject {
  readonly study: Study;
  readonly code?: RunCode;
  /** An empty store, and executors that write to it. */
  newPlace(): Place;
  /** Whether the process of this number is running where trials run; absent if that cannot be known. */
  isRunning?(pid: number): boolean;
}

interface Place {
  readonly store: Store;
  executor(): Executor;
}

type Settings = NonNullable<Asked["settings"]>;

/** A run of one trial, or of those that `options` ask for. */
export function planned(
  { study, code, newPlace }: Subject,
  settings: Settings,
  { place = newPlace(), ...options }: Partial<RunPlanOptions> & { readonly place?: Place } = {},
): Promise<RunPlan> {
  const asked = { settings, variants: ["slow"] };
  return planRun(study, {
    store: place.store,
    executor: place.executor(),
    seeds: 1,
    jobs: 1,
    asked,
    ...(code && { code }),
    ...options,
  });
}

async function ran(subject: Subject, settings: Settings, control: RunControl = {}): Promise<TrialRecord> {
  return only((await runStudy(await planned(subject, settings), control)).records);
}

export function only(records: readonly TrialRecord[]): TrialRecord {
  const [record] = records;
  if (record === undefined || records.length > 1) broken(`${records.length} records of one trial`);
  return record;
}

export function broken(what: string): never {
  throw studyError(`executorSuite: ${what}`);
}

export function expectStatus(record: TrialRecord, status: TrialRecord["status"], reason = ""): void {
  if (record.status !== status) broken(`expected ${status}, got ${record.status}: ${record.reason ?? "no reason"}`);
  if (!(record.reason ?? "").includes(reason))
    broken(`expected a reason with "${reason}", got "${record.reason ?? ""}"`);
}

/** What two runs of a trial must have in common. */
const bitsOf = ({ status, metrics, files }: TrialRecord): string => JSON.stringify([status, metrics, files]);

function expectSameBits(first: TrialRecord, second: TrialRecord): void {
  if (bitsOf(first) !== bitsOf(second)) broken(`expected the bits ${bitsOf(first)}, got ${bitsOf(second)}`);
}

/** A trial is what its settings and seed say: a row for each step, 0.8 times the one before, and the last in its file. */
export async function results(subject: Subject): Promise<void> {
  const place = subject.newPlace();
  const { records } = await runStudy(await planned(subject, {}, { place }));
  const record = only(records);
  expectStatus(record, "done");
  const { rows } = await place.store.readCurves(record);
  if (rows.length !== 30) broken(`expected 30 rows, got ${rows.length}`);
  const [first, last] = [rows[0]?.["distance"] ?? NaN, rows.at(-1)?.["distance"] ?? NaN];
  // 29 steps by a factor of 0.8.
  const expected = Array.from({ length: 29 }).reduce<number>((x) => x * 0.8, first);
  if (!(Math.abs(last - expected) <= 1e-12 * expected)) broken(`expected a distance of ${expected}, got ${last}`);
  const bytes = await place.store.readFile(record, "end.bin");
  if (new Float64Array(bytes.slice().buffer)[0] !== last) broken("the file is not the one that the trial wrote");
}

export async function failures(subject: Subject): Promise<void> {
  expectStatus(await ran(subject, { fault: "throw" }), "failed", "no way down");
  expectStatus(await ran(subject, { fault: "diverge" }), "diverged", "x");
}

export async function deaths(subject: Subject): Promise<void> {
  expectStatus(await ran(subject, { fault: "die" }), "failed");
}

export async function others(subject: Subject): Promise<void> {
  const place = subject.newPlace();
  const fault = await planned(subject, { fault: "throw" }, { place });
  const good = await planned(subject, {}, { place });
  const [bad, fine] = await Promise.all([
    runStudy({
      ...fault,
      trials: [...fault.trials, ...good.trials],
      pending: [...fault.pending, ...good.pending],
      jobs: 2,
    }),
    ran(subject, {}),
  ]);
  const done = bad.records.filter(({ status }) => status === "done");
  if (done.length !== 1)
    broken(`a trial that fails changed another: ${bad.records.map(({ status }) => status).join(", ")}`);
  expectSameBits(only(done), fine);
}

/** Stops a trial after some steps, and runs it to its end. */
export async function resuming(subject: Subject): Promise<void> {
  const place = subject.newPlace();
  const stop = new AbortController();
  const onEvent = (event: RunEvent): void => {
    if (event.kind === "progress" && event.progress.step >= 12) stop.abort();
  };
  // However slow an executor and its machine are, the trial is asked to stop before its 20 seconds are over.
  const settings = { steps: 1000, wait: 20, waitsAgain: false };
  const first = await runStudy(await planned(subject, settings, { place }), { signal: stop.signal, onEvent });
  expectStatus(only(first.records), "interrupted");
  const resumed: number[] = [];
  const second = await runStudy(await planned(subject, settings, { place }), {
    onEvent: (event) => void (event.kind === "resumed" && resumed.push(event.step)),
  });
  const [step = 0] = resumed;
  if (resumed.length !== 1 || step < 12 || step >= settings.steps)
    broken(`expected one resumption after step 12, got ${resumed.join()}`);
  expectSameBits(await ran(subject, { steps: settings.steps }), only(second.records));
}

export async function limits(subject: Subject): Promise<void> {
  const run = await planned(subject, { steps: 100_000, wait: 20 }, { limit: 0.3 });
  expectStatus(only((await runStudy(run)).records), "failed", "longer than its limit of 0.3 s");
}

export async function kills(subject: Subject): Promise<void> {
  const kill = new AbortController();
  const signal = new AbortController();
  const began = performance.now();
  const record = await ran(
    subject,
    { steps: 100_000, wait: 20, listens: false },
    {
      kill: kill.signal,
      signal: signal.signal,
      onEvent(event) {
        if (event.kind !== "progress" || kill.signal.aborted) return;
        signal.abort();
        kill.abort();
      },
    },
  );
  expectStatus(record, "interrupted");
  if (performance.now() - began > 60_000) broken("a trial that is killed went on for a minute");
}

export async function stoppedBefore(subject: Subject): Promise<void> {
  const stop = new AbortController();
  stop.abort();
  const run = await planned(subject, { steps: 100_000, wait: 20 });
  const [trial] = run.trials;
  if (trial === undefined) broken("no trial is planned");
  const never = new AbortController().signal;
  const { study, store, threads, dataFolder, environment, changes, limit, memory } = run;
  const told = { onResumed: () => {}, onProgress: () => {} };
  const given = { study, store, threads, dataFolder, environment, changes, limit, memory };
  const task = { ...given, signal: stop.signal, kill: never };
  const ending = await run.executor.run(trial, { ...task, ...told });
  const record = await store.readTrial(trial);
  if (ending !== null && ending.status !== "interrupted") broken(`expected interrupted, got ${ending.status}`);
  if (record.status === "done") broken("a trial that was stopped before its start ran to its end");
}

export async function progress(subject: Subject): Promise<void> {
  const steps: number[] = [];
  const run = await planned(subject, { steps: 30, wait: 10 });
  await runStudy(run, { onEvent: (event) => void (event.kind === "progress" && steps.push(event.progress.step)) });
  if (steps.length === 0 || steps.some((step, i) => step <= (steps[i - 1] ?? 0)))
    broken(`progress came as ${steps.join()}`);
}

/** Four trials at once have the bits of one after the other. */
export async function together(subject: Subject): Promise<void> {
  const all = { seeds: 2, asked: { settings: { wait: 1 } } };
  const [first, second] = [await planned(subject, {}, all), await planned(subject, {}, { ...all, jobs: 4 })];
  const [alone, atOnce] = [await runStudy(first), await runStudy(second)];
  if (alone.records.length !== 4) broken(`expected 4 trials, got ${alone.records.length}`);
  for (const [index, record] of alone.records.entries()) {
    const other = atOnce.records[index];
    expectStatus(record, "done");
    if (other === undefined) broken("a trial is missing");
    expectSameBits(record, other);
  }
}
