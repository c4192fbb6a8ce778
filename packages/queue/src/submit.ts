/** Putting a trial into the queue, and taking it out. */
import { relative, sep } from "node:path";
import { studyError, type PlannedTrial } from "@sluice/study";
import { checkpointStep, lastCheckpoint, projectRoot, type FolderStore } from "@sluice/runner";
import type { Queue } from "bullmq";
import { KEEP_MS, type Keys } from "./keys.ts";
import type { Line } from "./line.ts";
import { readSaved, type Job, type ParcelNote, type Saved } from "./messages.ts";
import { sendParcel } from "./parcels.ts";

/** Stands in the place of a result that has arrived, so that one that comes later is not taken for the first. */
export const TAKEN = "taken";

/** A runs folder and its study, as a queue sees them. */
export interface Desk {
  readonly line: Line;
  readonly queue: Queue;
  readonly keys: Keys;
  /** Name of the runs folder among those of all machines. */
  readonly place: string;
  readonly store: FolderStore;
  /** Path of the study's module from the root of its project. */
  readonly module: string;
}

/** The path by which all machines know a module. @throws an error for a module outside its project. */
export function sharedPath(module: string, folder: string): string {
  const path = relative(projectRoot(folder), module).split(sep).join("/");
  if (path.startsWith("../"))
    throw studyError(`${module}: workers cannot find this module, because it is not inside ${projectRoot(folder)}`);
  return path;
}

/**
 * Puts a trial into the queue. It goes on from its last checkpoint: that of the runs folder, or a later one that a
 * worker has left in Redis. A trial that is there already stays as it is.
 */
export async function submit(
  desk: Desk,
  job: string,
  trial: PlannedTrial,
  { limit, memory, command }: Pick<Job, "limit" | "memory" | "command">,
): Promise<void> {
  const { line, queue, keys, place, store, module } = desk;
  const { redis } = line;
  const saved = await line.patiently(() => readSavedOf(desk, job));
  const step = lastCheckpoint(store.folderOf(trial));
  if (step > (saved?.step ?? 0)) {
    const parcel = await sendParcel(line, keys, store.folderOf(trial), { without: ["result.json"] });
    await save(desk, job, { step: checkpointStep(parcel.files), parcel, by: "runner" });
  }
  const data: Job = { trial, module, place, limit, memory, from: store.folder, command };
  await line.patiently(async () => {
    await redis.hdel(keys.orders(place), job);
    await redis.hdel(keys.news(place), job);
    if ((await redis.hget(keys.results(place), job)) === TAKEN) await redis.hdel(keys.results(place), job);
    await queue.add("trial", data, { jobId: job, removeOnComplete: true, removeOnFail: false });
  });
}

/** From where a trial goes on; `null` for the beginning. What cannot be read is the same as nothing. */
export async function readSavedOf({ line, keys }: Pick<Desk, "line" | "keys">, job: string): Promise<Saved | null> {
  const text = await line.redis.get(keys.saved(job));
  if (text === null) return null;
  try {
    return readSaved(text);
  } catch {
    return null;
  }
}

/** Remembers from where a trial goes on, in place of what was remembered before. */
export async function save({ line, keys }: Pick<Desk, "line" | "keys">, job: string, saved: Saved): Promise<void> {
  const { redis } = line;
  await line.patiently(async () => {
    const before = await readSavedOf({ line, keys }, job);
    await redis.set(keys.saved(job), JSON.stringify(saved), "PX", KEEP_MS);
    if (before !== null && before.parcel.id !== saved.parcel.id) await redis.del(keys.parcel(before.parcel.id));
  });
}

/** Removes everything about a trial, once its folder has arrived or it is not wanted any more. */
export async function forget(desk: Desk, job: string, parcel: ParcelNote | null): Promise<void> {
  const { line, queue, keys, place } = desk;
  const { redis } = line;
  await line.patiently(async () => {
    const saved = await readSavedOf(desk, job);
    for (const id of [parcel?.id, saved?.parcel.id]) if (id !== undefined) await redis.del(keys.parcel(id));
    await redis.del(keys.saved(job));
    for (const key of [keys.news(place), keys.orders(place)]) await redis.hdel(key, job);
    // A worker that was slow, or cut off, may still run it.
    await redis.multi().hset(keys.results(place), job, TAKEN).pexpire(keys.results(place), KEEP_MS).exec();
    // Fails for a job that a worker has; the worker notices that it is not wanted any more.
    await queue.remove(job);
  });
}
