import type { Stop } from "@sluice/study";
import { EXIT_CODES } from "./script.ts";

/** How an element of a job array stands, as `squeue` lists it. */
export interface SeenJob {
  readonly state: string;
  /** Why it waits, in Slurm's word. */
  readonly reason: string;
}

/** How an element of a job array stands or ended. */
export interface JobState {
  /** Slurm's word, such as `OUT_OF_MEMORY`. */
  readonly state: string;
  readonly exitCode: number;
  /** The signal that ended it, or 0. */
  readonly by: number;
}

/** Reads lines of `squeue -r -o "%i|%T|%r"`. */
export function parseQueue(text: string): ReadonlyMap<string, SeenJob> {
  const seen = new Map<string, SeenJob>();
  for (const line of text.split("\n")) {
    const [id = "", state = "", reason = ""] = line.trim().split("|");
    if (id !== "" && state !== "") seen.set(id, { state, reason });
  }
  return seen;
}

/**
 * An element of a job array in an answer of `squeue`; `null` if it is not there. Elements that were cancelled while they
 * waited are listed together, under the number of the array.
 */
export function seenElement(seen: ReadonlyMap<string, SeenJob>, job: string, index: number): SeenJob | null {
  const own = seen.get(`${job}_${index}`);
  if (own !== undefined) return own;
  const whole = seen.get(job);
  return whole !== undefined && hasEnded(whole.state) ? whole : null;
}

/** @param code `exit code:signal`, as Slurm writes it. */
export function elementOf({ state, code }: { readonly state: string; readonly code: string }): JobState {
  const [exitCode = 0, by = 0] = code.split(":").map(Number);
  // "CANCELLED by 1000"
  return { state: state.split(/[ +]/)[0] ?? "", exitCode: exitCode || 0, by: by || 0 };
}

const WAITING = new Set([
  "PENDING",
  "CONFIGURING",
  "REQUEUED",
  "REQUEUE_HOLD",
  "REQUEUE_FED",
  "SPECIAL_EXIT",
  "RESV_DEL_HOLD",
]);
const RUNNING = new Set(["RUNNING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING", "UNKNOWN"]);

/** Whether a job has not begun. */
export const isWaiting = (state: string): boolean => WAITING.has(state);

/** Whether a job is over: its processes have ended, and Slurm does not start it again. */
export const hasEnded = (state: string): boolean =>
  !WAITING.has(state) && !RUNNING.has(state) && state !== "COMPLETING";

/** Why a job waits, in words. */
export function waitingText(reason: string): string {
  const words = Object.hasOwn(WAITS, reason) ? WAITS[reason] : undefined;
  return words ?? (reason === "None" || reason === "" ? "in Slurm's queue" : `in Slurm's queue: ${reason}`);
}

const WAITS: { readonly [reason: string]: string } = {
  Priority: "in Slurm's queue: other jobs come first",
  Resources: "in Slurm's queue: no node is free",
  JobArrayTaskLimit: "in Slurm's queue: as many run as --jobs allows",
  PartitionTimeLimit: "in Slurm's queue for ever: the partition allows less time; stop it and give --slurm time=...",
  PartitionConfig: "in Slurm's queue for ever: the partition has no node so large; stop it and ask for less",
  PartitionNodeLimit: "in Slurm's queue for ever: the partition allows fewer nodes; stop it and choose another one",
  BadConstraints: "in Slurm's queue for ever: no node can satisfy the options; stop it and change --slurm",
  JobHeldUser: "held: scontrol release lets it start",
  JobHeldAdmin: "held by an administrator",
  BeginTime: "in Slurm's queue: its begin time has not come",
};

/** Why a job that has no result ended, in words. */
export function endingOf({ state, exitCode, by }: JobState): Stop {
  const resumes = "run the same command again to resume";
  switch (state) {
    case "TIMEOUT":
    case "DEADLINE":
      return interrupted(
        `Slurm's time limit came before the trial's end; ask for more with --slurm time=..., and ${resumes}`,
      );
    case "OUT_OF_MEMORY":
      return failed("the job used more memory than Slurm gave it (out of memory); ask for more with --slurm mem=...");
    case "NODE_FAIL":
    case "BOOT_FAIL":
      return interrupted(`the node of the job failed; ${resumes}`);
    case "PREEMPTED":
      return interrupted(`the job had to make way for another one (preempted); ${resumes}`);
    case "CANCELLED":
    case "REVOKED":
      return interrupted(`the job was cancelled (scancel); ${resumes}`);
    case "COMPLETED":
      return interrupted("the job ended, but its trial has no result");
    default:
  }
  const own = Object.values(EXIT_CODES).find(({ code }) => code === exitCode);
  if (own !== undefined) return failed(own.text);
  if (by === 9)
    return failed("the process ended with signal SIGKILL: somebody killed it, or the node was out of memory");
  return failed(by === 0 ? `the process ended with exit code ${exitCode}` : `the process ended with signal ${by}`);
}

const failed = (reason: string): Stop => ({ status: "failed", reason });
const interrupted = (reason: string): Stop => ({ status: "interrupted", reason });
