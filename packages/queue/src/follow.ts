/** A trial from the queue to its end, as its runner sees it. */
import { isStoreFailure, messageOf, type Executor, type PlannedTrial, type Stop, type TrialTask } from "@sluice/study";
import { checkpointStep, takeIn } from "@sluice/runner";
import { KEEP_MS } from "./keys.ts";
import { progressOf, readNews, readResult, type News, type Result } from "./messages.ts";
import { piecesOf } from "./parcels.ts";
import { forget, readSavedOf, save, submit, TAKEN, type Desk } from "./submit.ts";
import type { Sight, Watch } from "./watch.ts";

/** How long a worker may take to stop a trial and to send its checkpoint, and to kill it. */
const STOP_MS = 60_000;
const KILL_MS = 20_000;
/** How long a run that is to stop waits for Redis to come back. */
const CUT_MS = 10_000;
const LOOK_MS = 500;
const ORDER_MS = 500;
/** A trial whose folder arrives damaged begins again, this many times. */
const ARRIVALS = 3;

/** What {@link follow} needs to know. */
export interface Followed {
  readonly desk: Desk;
  readonly watch: Watch;
  readonly job: string;
  readonly trial: PlannedTrial;
  readonly task: Omit<TrialTask, "study" | "store">;
  say(text: string): void;
}

type Outcome = Awaited<ReturnType<Executor["run"]>>;

/** Brings a trial to its end. An earlier run may have put it into the queue, and its result may already be there. */
export async function follow(followed: Followed): Promise<Outcome> {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const unanswered = withoutAnswer(followed);
  try {
    const stop = await Promise.race([stages(followed), unanswered.stop]);
    return stop === null ? null : { ...stop, seconds: seconds(), write: false };
  } catch (error) {
    return { status: "interrupted", reason: messageOf(error), seconds: seconds(), write: false };
  } finally {
    unanswered.end();
  }
}

/** Ends a trial that is to stop, if its worker or Redis says nothing for too long. */
function withoutAnswer({ desk, task: { signal, kill } }: Followed) {
  let timer: NodeJS.Timeout | undefined;
  const stop = new Promise<Stop>((settle) => {
    let [stopping, killing, cut] = [0, 0, 0];
    timer = setInterval(() => {
      stopping += signal.aborted || kill.aborted ? LOOK_MS : 0;
      killing += kill.aborted ? LOOK_MS : 0;
      cut += (signal.aborted || kill.aborted) && desk.line.isDown() ? LOOK_MS : 0;
      if (stopping <= STOP_MS && killing <= KILL_MS && cut <= CUT_MS) return;
      const who = cut > 0 ? "Redis is gone, so its worker could not be asked to stop" : "its worker did not answer";
      settle({ status: "interrupted", reason: `stopped by the user; ${who}` });
    }, LOOK_MS);
  });
  return { stop, end: () => clearInterval(timer) };
}

/** `null` once the folder of the trial is in the store. */
async function stages(followed: Followed): Promise<Stop | null> {
  const { desk, watch, job, trial, task } = followed;
  const { limit, memory, environment, signal, kill } = task;
  const tell = teller(task);
  const orders = ordersOf(followed);
  let submitted: number | null = null;
  let damaged = 0;
  for (;;) {
    const sight = await watch.next();
    const text = sight.results[job];
    if (text !== undefined && text !== TAKEN) {
      const result = readResult(text);
      if (await isLeftOver(followed, result)) submitted = null;
      else {
        tell.news(result);
        const arrival = await arrive(followed, result, damaged);
        if (arrival !== "again") return arrival;
        damaged += 1;
        submitted = null;
      }
      continue;
    }
    const ended = await orders.give(sight, submitted ?? 0);
    if (ended !== null) return ended;
    if (sight.jobs.failed.has(job)) return await diedTooOften(followed);
    tell.sight(sight, job);
    if (signal.aborted || kill.aborted) continue;
    if (submitted === null || isLost(sight, job, submitted)) {
      await submit(desk, job, trial, { limit, memory, command: environment.command });
      // The next look at the jobs may have begun before.
      submitted = watch.looked() + 1;
    }
  }
}

/** Whether no worker has it or will have it. Jobs that were looked at before it was submitted do not tell. */
const isLost = ({ jobs, results }: Sight, job: string, submitted: number): boolean =>
  jobs.number > submitted &&
  !jobs.waiting.has(job) &&
  !jobs.active.has(job) &&
  !jobs.failed.has(job) &&
  (results[job] ?? TAKEN) === TAKEN;

/** A trial that an earlier run had stopped: its checkpoint is where this run goes on. */
async function isLeftOver({ desk, job, task }: Followed, { status, parcel }: Result): Promise<boolean> {
  if (status !== "interrupted" || task.signal.aborted || task.kill.aborted) return false;
  const { line, keys, place } = desk;
  if (parcel !== null) {
    const step = checkpointStep(parcel.files);
    if (step > 0) await save(desk, job, { step, parcel, by: "worker" });
  }
  await line.patiently(() => line.redis.hdel(keys.results(place), job));
  return true;
}

/** Takes in the folder of a trial. It stays in Redis until it is in its place. */
async function arrive(
  followed: Followed,
  { status, reason, parcel, worker }: Result,
  damaged: number,
): Promise<Stop | null | "again"> {
  const { desk, job, trial, say } = followed;
  const { line, keys, store, place } = desk;
  if (parcel === null) {
    await forget(desk, job, null);
    return { status: "interrupted", reason: reason ?? "stopped by the user before it started" };
  }
  try {
    await takeIn(store, trial, { files: parcel.files, pieces: piecesOf(line, keys, parcel) });
  } catch (error) {
    // The disk may have room in the next run, and then the result is still there.
    if (isStoreFailure(error)) return { status: "interrupted", reason: messageOf(error) };
    if (damaged + 1 >= ARRIVALS) {
      await forget(desk, job, parcel);
      const what = `its folder arrived damaged ${ARRIVALS} times, the last time from ${worker} as ${status}`;
      return await failedHere(followed, `${what}: ${messageOf(error)}`);
    }
    say(`${trial.folder}: ${messageOf(error)}. The trial runs again.`);
    await line.patiently(() => line.redis.hdel(keys.results(place), job));
    return "again";
  }
  await forget(desk, job, parcel);
  return null;
}

async function diedTooOften(followed: Followed): Promise<null> {
  await forget(followed.desk, followed.job, null);
  return failedHere(
    followed,
    "too many workers died or were cut off while they ran it; what they print and the memory of their machines may say why",
  );
}

/** Stores that a trial failed, where no worker could do it. */
async function failedHere({ desk: { store }, trial, task }: Followed, reason: string): Promise<null> {
  const { environment, changes, signal } = task;
  const session = await store.openTrial(trial, { environment, changes, signal });
  try {
    session.log(`failed: ${reason}`);
    const timings = { seconds: 0, finished: new Date().toISOString() };
    await session.finish({ trial: trial.id, status: "failed", reason, metrics: {}, timings });
  } finally {
    await session.close();
  }
  return null;
}

/** Tells the run what has not been told. */
function teller({ onStarted, onWaiting, onResumed, onProgress }: Followed["task"]) {
  let worker: string | null = null;
  let resumed: number | null = null;
  let step = -1;
  const news = (given: News): void => {
    if (given.worker !== worker) {
      worker = given.worker;
      [resumed, step] = [null, -1];
      onStarted?.(worker);
    }
    if (given.resumed !== null && resumed === null) {
      resumed = given.resumed;
      onResumed(resumed);
    }
    if (given.progress !== null && given.progress.step > step) {
      step = given.progress.step;
      onProgress(progressOf(given.progress));
    }
  };
  return {
    news,
    sight({ news: all, jobs }: Sight, job: string): void {
      if (jobs.waiting.has(job)) {
        if (worker !== null) onWaiting?.(`${worker} does not run it any more`);
        worker = null;
        return;
      }
      const text = all[job];
      if (text !== undefined) news(readNews(text));
    },
  };
}

/** Gives the orders to stop and to kill, and ends a trial that no worker has. */
function ordersOf(followed: Followed) {
  const { desk, job, task } = followed;
  const { line, queue, keys, place } = desk;
  let given = 0;
  return {
    /** `submitted`: the number of the last look at the jobs that may have been before the trial was submitted. */
    async give(sight: Sight, submitted: number): Promise<Stop | null> {
      if (!task.signal.aborted && !task.kill.aborted) return null;
      const now = performance.now();
      if (now - given < ORDER_MS) return null;
      given = now;
      const order = task.kill.aborted ? "kill" : "stop";
      await line.patiently(
        () => line.redis.multi().hset(keys.orders(place), job, order).pexpire(keys.orders(place), KEEP_MS).exec(),
        task.signal,
      );
      // A job that a worker has cannot be removed.
      const removed = await line.patiently(() => queue.remove(job), task.signal);
      if (removed === 0 && !isLost(sight, job, submitted)) return null;
      return await withdrawn(followed);
    },
  };
}

/** Ends a trial that is in no worker's hands. A checkpoint that a worker has left comes home. */
async function withdrawn({ desk, job, trial, watch }: Followed): Promise<Stop | null> {
  const { line, keys, store } = desk;
  // A worker may have finished in the meantime; the next sight has its result.
  const { results } = await watch.next();
  if ((results[job] ?? TAKEN) !== TAKEN) return null;
  const saved = await line.patiently(() => readSavedOf(desk, job));
  if (saved?.by === "worker") {
    try {
      await takeIn(store, trial, { files: saved.parcel.files, pieces: piecesOf(line, keys, saved.parcel) });
    } catch (error) {
      if (isStoreFailure(error)) return { status: "interrupted", reason: messageOf(error) };
      // Without the checkpoint the trial begins where the runs folder has it.
    }
  }
  await forget(desk, job, null);
  return { status: "interrupted", reason: "stopped by the user" };
}
