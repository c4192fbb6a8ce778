import { execFile } from "node:child_process";
import { studyError, systemCode } from "@sluice/study";
import { elementOf, parseQueue, type JobState, type SeenJob } from "./job-state.ts";
import { submissionError } from "./submission-error.ts";

/** The commands of Slurm that Sluice uses. */
export interface SlurmCommands {
  /** Submits a script and returns the number of its job. */
  submit(args: readonly string[]): Promise<string>;
  /** The elements of these job arrays that Slurm still knows, by their names such as `12_3`. */
  states(jobs: readonly string[]): Promise<ReadonlyMap<string, SeenJob>>;
  /** The number of a job array by its name; `null` if Slurm does not know it (any more). */
  find(name: string): Promise<string | null>;
  /** How an element of a job array ended; `null` if Slurm does not know it any more. */
  ended(element: string): Promise<JobState | null>;
  /** The most elements of a job array. */
  largestArray(): Promise<number>;
  /** Cancels those that wait, and asks those that run to write a checkpoint and end. */
  stop(elements: readonly string[]): Promise<void>;
  /** Ends them at once. */
  kill(elements: readonly string[]): Promise<void>;
}

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a command may take. `sbatch` itself waits for a busy controller. */
const PATIENCE_MS = 120_000;

/**
 * The commands of the Slurm on the PATH.
 *
 * @param options `patienceMs`: milliseconds that `squeue` may take; default: as long as `sbatch`, two minutes.
 */
export function slurmCommands({ patienceMs = PATIENCE_MS }: { readonly patienceMs?: number } = {}): SlurmCommands {
  return {
    async submit(args) {
      const answer = await call("sbatch", ["--parsable", ...args]);
      // On a cluster of clusters its name follows, after a semicolon.
      const job = /^\d+/m.exec(answer.stdout)?.[0];
      if (answer.code !== 0 || job === undefined) throw submissionError(answer, await partitions());
      return job;
    },
    async states(jobs) {
      const answer = await call(
        "squeue",
        ["-h", "-r", "-t", "all", "-j", jobs.join(","), "-o", "%i|%T|%r"],
        patienceMs,
      );
      // This is how it says that it knows none of them any more.
      if (answer.code !== 0 && !/invalid job id/i.test(answer.stderr))
        throw studyError(`squeue: ${firstLine(answer.stderr)}`, new Error(answer.stderr));
      return parseQueue(answer.stdout);
    },
    async find(name) {
      const { stdout } = await call("squeue", ["-h", "-t", "all", `--name=${name}`, "-o", "%F"], patienceMs);
      return /^\d+/m.exec(stdout)?.[0] ?? null;
    },
    async ended(element) {
      const told = await quietly("sacct", ["-n", "-P", "-X", "-j", element, "-o", "JobID,State,ExitCode"]);
      const line = told.split("\n").find((text) => text.startsWith(`${element}|`));
      const [, state = "", code = ""] = line?.split("|") ?? [];
      // The accounting may be some seconds late.
      if (state !== "" && !/^(RUNNING|PENDING)/.test(state)) return elementOf({ state, code });
      const shown = await quietly("scontrol", ["-o", "show", "job", element]);
      const field = (name: string): string => new RegExp(`(?:^|\\s)${name}=(\\S*)`).exec(shown)?.[1] ?? "";
      return field("JobState") === "" ? null : elementOf({ state: field("JobState"), code: field("ExitCode") });
    },
    async largestArray() {
      const size = /MaxArraySize\s*=\s*(\d+)/.exec(await quietly("scontrol", ["show", "config"]))?.[1];
      // Slurm's default is 1001: the numbers of the elements are below it.
      return Math.max(1, Number(size ?? 1001) - 1);
    },
    async stop(elements) {
      await quietly("scancel", ["--quiet", "--batch", "--signal=USR2", "--state=RUNNING", ...elements]);
      await quietly("scancel", ["--quiet", "--state=PENDING", ...elements]);
    },
    async kill(elements) {
      // A cancelled process has Slurm's KillWait (30 s) to end. A signal comes at once.
      await quietly("scancel", ["--quiet", "--batch", "--signal=KILL", "--state=RUNNING", ...elements]);
      await quietly("scancel", ["--quiet", ...elements]);
    },
  };
}

async function partitions(): Promise<string> {
  return (await quietly("sinfo", ["-h", "-o", "%R"])).trim().split(/\s+/).join(", ");
}

/** What a command prints; "" if it fails or is not there. */
async function quietly(program: string, args: readonly string[]): Promise<string> {
  try {
    const { code, stdout } = await call(program, args);
    return code === 0 ? stdout : "";
  } catch {
    return "";
  }
}

function call(program: string, args: readonly string[], patienceMs = PATIENCE_MS): Promise<Answer> {
  return new Promise((settle, fail) => {
    execFile(
      program,
      [...args],
      { env: environment(), timeout: patienceMs, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) return settle({ code: 0, stdout, stderr });
        if (systemCode(error) === "ENOENT") return fail(noSlurm(program));
        const code = typeof error.code === "number" ? error.code : 1;
        return settle({ code, stdout, stderr: stderr === "" ? error.message : stderr });
      },
    );
  });
}

const noSlurm = (program: string): Error =>
  studyError(
    `--on slurm: there is no ${program} on the PATH; start sluice on a node of the cluster from which jobs are submitted, or load the module of Slurm first`,
  );

/** A runner that is itself a job has variables of that job, which the jobs that it submits must not take for theirs. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^SLURM_(?!CONF$)/.test(name));
  return { ...Object.fromEntries(own), LC_ALL: "C" };
}

const firstLine = (text: string): string => text.trim().split("\n")[0] ?? "";
