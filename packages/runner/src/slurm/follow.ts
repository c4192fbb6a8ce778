import { existsSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import {
  messageOf,
  studyError,
  type Ending,
  type PlannedTrial,
  type Signal,
  type Stop,
  type TrialTask,
} from "@sluice/study";
import { trialFiles } from "../folder/files.ts";
import type { FolderStore } from "../folder/folder-store.ts";
import { freeLock } from "../folder/lock.ts";
import type { SlurmCommands } from "./commands.ts";
import { endingOf, hasEnded, isWaiting, waitingText, type SeenJob } from "./job-state.ts";
import { readLive, type Live } from "./live.ts";
import type { JobQueue } from "./queue.ts";
import { hasResult, isFinal } from "./result.ts";
import { elementName, type Element } from "./submit.ts";

/** How often a runner looks. */
export interface Pace {
  /** Milliseconds from one look at the files of a running trial to the next. */
  readonly filesMs: number;
  /** Milliseconds from one question to Slurm to the next, at most: it is asked more often about young jobs. */
  readonly slurmMs: number;
  /** Seconds in which a file of another machine must appear. */
  readonly patience: number;
}

/** What following a trial needs. */
export interface Following {
  readonly store: FolderStore;
  readonly commands: SlurmCommands;
  readonly queue: JobQueue;
  readonly pace: Pace;
  /** Aborted if the runner leaves its jobs to themselves. */
  readonly leave: Signal;
  /** Asks a job to stop, together with others. */
  stop(element: string): void;
  /** Ends a job, together with others. */
  kill(element: string): void;
  readonly graceMs: number;
}

/** Follows a trial in a job of Slurm to its end. */
export async function followTrial(
  trial: PlannedTrial,
  element: Element,
  task: TrialTask,
  following: Following,
): Promise<Ending | null> {
  const wish = wishes(element, task, following);
  const tell = teller(trial, element, task, following.store);
  try {
    const ending = await followed(trial, element, { ...following, wish, tell });
    return ending === null ? null : { ...ending, seconds: tell.seconds() };
  } finally {
    wish.end();
  }
}

async function followed(
  trial: PlannedTrial,
  element: Element,
  { wish, tell, ...following }: Following & Followed,
): Promise<Untimed | null> {
  const { store, pace, leave, queue } = following;
  const awake = AbortSignal.any([wish.woken, leave]);
  let lostAt: number | undefined;
  for (;;) {
    if (leave.aborted && !wish.asked()) return leaving(element);
    wish.press();
    let seen: SeenJob | null;
    try {
      if (wish.inVain()) throw studyError(`Slurm does not end job ${elementName(element)}; try scancel`);
      seen = await queue.stateOf(element.job, element.index, wish.asked() ? pace.filesMs : pace.slurmMs);
    } catch (error) {
      return { status: "interrupted", reason: messageOf(error), write: false };
    }
    if (seen !== null && isWaiting(seen.state)) {
      // Its files are not looked at: hundreds of trials may wait.
      tell.waits(seen.reason);
      await pause(pace.filesMs, awake);
      continue;
    }
    tell.news();
    if (await isFinal(trial, store)) return null;
    lostAt = seen === null ? (lostAt ?? performance.now()) : undefined;
    const isLost = lostAt !== undefined && performance.now() - lostAt > LOST_MS;
    if (isLost || (seen !== null && hasEnded(seen.state))) return ended(trial, element, { wish, tell, ...following });
    await pause(pace.filesMs, awake);
  }
}

/** What a trial left whose job is over. */
async function ended(
  trial: PlannedTrial,
  element: Element,
  { wish, tell, ...following }: Following & Followed,
): Promise<Untimed | null> {
  const ending = await concluded(trial, element, following);
  tell.news();
  if (ending === null || ending.byTrial === true || !wish.asked()) return ending;
  return tell.began() ? { ...STOPPED, write: true } : { ...UNBEGUN, write: false };
}

type Untimed = Omit<Ending, "seconds">;

interface Followed {
  readonly wish: ReturnType<typeof wishes>;
  readonly tell: ReturnType<typeof teller>;
}

interface Followed {
  readonly wish: ReturnType<typeof wishes>;
  readonly tell: ReturnType<typeof teller>;
}

const leaving = (element: Element): Untimed => ({
  status: "interrupted",
  reason: `Slurm job ${element.job}`,
  write: false,
  goesOn: true,
});

/** A wish is repeated after this time, and a job that goes on for so long after it was killed is given up. */
const AGAIN_MS = 5000;
const KILL_MS = 90_000;

const UNBEGUN: Stop = { status: "interrupted", reason: "stopped by the user before it began" };

/** A job that Slurm does not list for so long is over. A new one may not be listed at once. */
const LOST_MS = 15_000;

const STOPPED: Stop = { status: "interrupted", reason: "stopped by the user before it could report it" };

/** Waits, unless it has been woken before. */
async function pause(milliseconds: number, awake: AbortSignal): Promise<void> {
  // Once woken it must not spin.
  if (awake.aborted) await wait(Math.min(milliseconds, 1000));
  else await wait(milliseconds, undefined, { signal: awake }).catch(() => {});
}

/** Passes on what a trial and Slurm say, each news once. */
function teller(trial: PlannedTrial, element: Element, task: TrialTask, store: FolderStore) {
  const { live: path } = trialFiles(store.folderOf(trial));
  let last: Live | null = null;
  let told = "";
  let since: number | undefined;
  return {
    began: () => since !== undefined,
    seconds: () => (since === undefined ? 0 : (performance.now() - since) / 1000),
    news() {
      const live = readLive(path, elementName(element));
      if (live === null) return;
      const isNew = last?.session !== live.session;
      if (isNew) {
        since = performance.now();
        told = "";
        task.onStarted?.(live.process.host);
      }
      if (live.resumed !== undefined && (isNew || last?.resumed === undefined)) task.onResumed(live.resumed);
      const before = isNew ? undefined : last?.progress;
      if (live.progress !== undefined && (before === undefined || live.progress.step > before.step))
        task.onProgress(live.progress);
      last = live;
    },
    waits(reason: string) {
      const text = waitingText(reason);
      if (text !== told) task.onWaiting?.(text);
      told = text;
    },
  };
}

/** Hands on the wishes of the user to the job. */
function wishes(element: Element, { signal, kill }: TrialTask, { graceMs, ...following }: Following) {
  const name = elementName(element);
  const woken = new AbortController();
  const wake = (): void => woken.abort();
  for (const each of [signal, kill]) each.addEventListener("abort", wake);
  let pressedAt = -Infinity;
  let stoppedAt: number | undefined;
  let killedAt: number | undefined;
  return {
    woken: woken.signal,
    asked: () => signal.aborted || kill.aborted,
    /** Whether the job goes on although Slurm was asked to end it. */
    inVain: () => killedAt !== undefined && performance.now() - killedAt > KILL_MS,
    /** Asks, asks again (a job may just have begun when it was asked), and at last ends the job. */
    press() {
      if (!signal.aborted && !kill.aborted) return;
      const now = performance.now();
      stoppedAt ??= now;
      const first = killedAt === undefined && (kill.aborted || now - stoppedAt > graceMs);
      if (first) killedAt = now;
      if (!first && now - pressedAt < AGAIN_MS) return;
      pressedAt = now;
      if (killedAt === undefined) following.stop(name);
      else following.kill(name);
    },
    end() {
      for (const each of [signal, kill]) each.removeEventListener("abort", wake);
    },
  };
}

interface Concluded extends Untimed {
  /** Whether the trial itself said so. */
  readonly byTrial?: boolean;
}

/** What a trial left whose job is over; `null` if that is a result. */
async function concluded(
  trial: PlannedTrial,
  element: Element,
  { store, commands, pace }: Following,
): Promise<Concluded | null> {
  const files = trialFiles(store.folderOf(trial));
  const state = await commands.ended(elementName(element));
  const saysWell = state?.state === "COMPLETED";
  const until = performance.now() + pace.patience * 1000 * (saysWell ? 1 : 0.1);
  let live: Live | null = null;
  for (;;) {
    if (hasResult(trial, store)) return null;
    live = readLive(files.live, elementName(element));
    if (live?.broken !== undefined || performance.now() > until) break;
    await wait(Math.min(1000, pace.filesMs));
  }
  // Slurm says that the process is gone, so its lock need not be waited for.
  if (live !== null) freeLock(files.lock, live.process);
  if (live?.broken !== undefined) return { ...live.broken, byTrial: true };
  // Of a trial that never began nothing is kept: the next run starts it.
  const write = existsSync(files.log);
  if (state === null)
    return {
      status: "interrupted",
      reason: `Slurm does not know job ${elementName(element)} any more, and the trial has no result; run the same command again`,
      write,
    };
  const { status, reason } = endingOf(state);
  const late = saysWell ? ` after ${pace.patience} s: does the node see the same folder ${store.folder}?` : "";
  return {
    status,
    reason: `Slurm job ${elementName(element)}: ${reason}${late}${tailOf(files.log, status)}`,
    write,
  };
}

/** The end of the log of a trial that failed. */
function tailOf(path: string, status: Stop["status"]): string {
  if (status !== "failed") return "";
  try {
    return `\n${readFileSync(path, "utf8").trimEnd().split("\n").slice(-12).join("\n")}`;
  } catch {
    return "";
  }
}
