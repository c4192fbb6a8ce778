/** One trial on a worker, from its checkpoint to the result in Redis. */
import { rmSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { messageOf, type Ending, type Progress, type TrialRecord } from "@sluice/study";
import {
  captureEnvironment,
  checkpointStep,
  folderStore,
  lastCheckpoint,
  runInChild,
  unpackTrial,
  type FolderStore,
} from "@sluice/runner";
import { KEEP_MS, type Keys } from "../keys.ts";
import type { Line } from "../line.ts";
import type { Job, News, ParcelNote, Result } from "../messages.ts";
import { answered, piecesOf, sendParcel } from "../parcels.ts";
import { readSavedOf, save } from "../submit.ts";
import { storedProgress, type Pulse, type Running } from "./pulse.ts";

/** What a worker has for all its trials. */
export interface Bench {
  readonly line: Line;
  readonly keys: Keys;
  readonly pulse: Pulse;
  readonly name: string;
  readonly threads: number;
  readonly dataFolder: string | null;
  /** Seconds between checkpoints that are sent while a trial runs. */
  readonly checkpoints: number;
  /** Aborted if the worker is to stop, and if it is to stop at once. */
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
}

/** What is told while a trial runs. */
export interface JobEvents {
  onResumed(step: number): void;
  onProgress(progress: Progress): void;
  onNote(text: string): void;
}

/** How a trial ended on a worker. */
export type JobEnd =
  /** Its result is in Redis, or it was there before: then `first` is false. */
  | { readonly kind: "finished"; readonly record: TrialRecord; readonly first: boolean }
  /** The worker stops, and the trial goes back to the queue, from the step of its checkpoint. */
  | { readonly kind: "returned"; readonly step: number }
  /** The worker cannot run it: its disk failed. */
  | { readonly kind: "broken"; readonly reason: string };

/** Runs a trial in a folder of its own, and sends what it leaves. */
export async function runJob(
  bench: Bench,
  {
    job,
    data,
    module,
    folder,
  }: { readonly job: string; readonly data: Job; readonly module: string; readonly folder: string },
  events: JobEvents,
): Promise<JobEnd> {
  const store = folderStore(folder);
  const own = store.folderOf(data.trial);
  const step = await goOn(bench, job, own, events);
  const watched = watchedTrial(bench, { job, place: data.place });
  const sending = sendCheckpoints(bench, { job, own, from: step });
  try {
    const { threads, dataFolder } = bench;
    const { environment, changes } = captureEnvironment({ module, threads, command: data.command });
    const ending = await runInChild(
      data.trial,
      {
        threads,
        dataFolder,
        environment,
        changes,
        limit: data.limit,
        memory: data.memory,
        signal: watched.signal,
        kill: watched.kill,
        onResumed(at) {
          watched.note({ resumed: at });
          events.onResumed(at);
        },
        onProgress(progress) {
          watched.note({ progress: storedProgress(progress) });
          events.onProgress(progress);
        },
      },
      { module, store },
    );
    await sending.end();
    if (ending !== null && !ending.write) return { kind: "broken", reason: ending.reason };
    if (ending !== null) await store.conclude(data.trial, resultOf(data.trial.id, ending));
    const record = await store.readTrial(data.trial);
    if (watched.isFinishedElsewhere()) return { kind: "finished", record, first: false };
    if (record.status === "interrupted" && !watched.isOrdered()) return await giveBack(bench, { job, own });
    return {
      kind: "finished",
      record,
      first: await hand(bench, { job, place: data.place, own, record, news: watched.news() }),
    };
  } finally {
    await sending.end();
    watched.end();
  }
}

/** Fetches the checkpoint from which the trial goes on. Without one, it begins. */
async function goOn({ line, keys, stop }: Bench, job: string, own: string, events: JobEvents): Promise<number> {
  const saved = await line.patiently(() => readSavedOf({ line, keys }, job), stop);
  if (saved === null) return 0;
  try {
    await unpackTrial(own, saved.parcel.files, piecesOf(line, keys, saved.parcel));
    return saved.step;
  } catch (error) {
    events.onNote(`its checkpoint cannot be used, so it starts from the beginning: ${messageOf(error)}`);
    rmSync(own, { recursive: true, force: true });
    return 0;
  }
}

/** A trial under the worker's pulse: what it tells, and who may stop it. */
function watchedTrial(
  { pulse, name, stop, kill }: Bench,
  { job, place }: { readonly job: string; readonly place: string },
) {
  const stopping = new AbortController();
  const killing = new AbortController();
  let ordered = false;
  let elsewhere = false;
  const running: Running = {
    job,
    place,
    news: { worker: name, resumed: null, progress: null },
    onOrder(order) {
      ordered = true;
      (order === "stop" ? stopping : killing).abort();
    },
    onFinishedElsewhere() {
      elsewhere = true;
      killing.abort();
    },
  };
  pulse.running.add(running);
  return {
    signal: AbortSignal.any([stopping.signal, stop]),
    kill: AbortSignal.any([killing.signal, kill]),
    news: () => running.news,
    note: (news: Partial<News>) => void (running.news = { ...running.news, ...news }),
    /** Whether the runner asked it to stop. */
    isOrdered: () => ordered,
    isFinishedElsewhere: () => elsewhere,
    end: () => void pulse.running.delete(running),
  };
}

/** Sends checkpoints while a trial runs, so that the next worker goes on from there if this one dies. */
function sendCheckpoints(
  { line, keys, checkpoints }: Bench,
  { job, own, from }: { readonly job: string; readonly own: string; readonly from: number },
) {
  const end = new AbortController();
  const loop = async (): Promise<void> => {
    let sent = from;
    let pause = checkpoints * 1000;
    while (!end.signal.aborted) {
      await wait(pause, undefined, { signal: end.signal }).catch(() => {});
      if (end.signal.aborted || lastCheckpoint(own) <= sent) continue;
      const began = performance.now();
      try {
        const parcel = await sendParcel(line, keys, own, { signal: end.signal });
        const step = checkpointStep(parcel.files);
        await save({ line, keys }, job, { step, parcel, by: "worker" });
        sent = step;
      } catch {
        // The checkpoint was replaced while it was read, or Redis is gone: there will be another one.
      }
      // Large checkpoints must not take the network from the trials.
      pause = Math.max(checkpoints * 1000, 10 * (performance.now() - began));
    }
  };
  const done = loop();
  return {
    async end(): Promise<void> {
      end.abort();
      await done;
    },
  };
}

/** Leaves the checkpoint in Redis for the next worker. */
async function giveBack(
  { line, keys, kill }: Bench,
  { job, own }: { readonly job: string; readonly own: string },
): Promise<JobEnd> {
  const step = lastCheckpoint(own);
  const saved = await line.patiently(() => readSavedOf({ line, keys }, job), kill);
  if (step <= (saved?.step ?? 0)) return { kind: "returned", step: saved?.step ?? 0 };
  const parcel = await sendParcel(line, keys, own, { without: ["result.json"], signal: kill });
  await save({ line, keys }, job, { step, parcel, by: "worker" });
  return { kind: "returned", step };
}

/** What {@link hand} sends. */
interface Handed {
  readonly job: string;
  readonly place: string;
  readonly own: string;
  readonly record: TrialRecord;
  readonly news: News;
}

/** Sends the folder and then the result. `false` if another worker was first. */
async function hand({ line, keys, kill }: Bench, { job, place, own, record, news }: Handed): Promise<boolean> {
  // A finished trial needs no checkpoint; one that was stopped or failed may go on from it.
  const parcel = await sendParcel(line, keys, own, {
    ...(record.status === "done" || record.status === "diverged" ? { without: ["checkpoints"] } : {}),
    signal: kill,
  });
  return handResult(
    { line, keys },
    { job, place },
    { ...news, status: statusOf(record), reason: record.reason ?? null, parcel },
  );
}

/** Puts a result into Redis, if none is there. */
export async function handResult(
  { line, keys }: Pick<Bench, "line" | "keys">,
  { job, place }: { readonly job: string; readonly place: string },
  result: Result,
): Promise<boolean> {
  const key = keys.results(place);
  return line.patiently(async () => {
    const text = JSON.stringify(result);
    const [, , there] = answered(
      await line.redis.multi().hsetnx(key, job, text).pexpire(key, KEEP_MS).hget(key, job).exec(),
    );
    // After a connection was lost, what is there may be this result, sent before.
    if (there === text) return true;
    await dropParcel({ line, keys }, result.parcel);
    return false;
  });
}

const dropParcel = async ({ line, keys }: Pick<Bench, "line" | "keys">, parcel: ParcelNote | null): Promise<void> => {
  if (parcel !== null) await line.redis.del(keys.parcel(parcel.id));
};

function statusOf({ status }: TrialRecord): Result["status"] {
  return status === "waiting" || status === "unreadable" ? "failed" : status;
}

const resultOf = (trial: string, { status, reason, seconds }: Ending): Parameters<FolderStore["conclude"]>[1] => ({
  trial,
  status,
  reason,
  metrics: {},
  timings: { seconds, finished: new Date().toISOString() },
});
