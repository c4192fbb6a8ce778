/** Where trials run: `--on`. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { slurmJobs, slurmOptionsOf, type RunOptions } from "@sluice/runner";
import { messageOf, studyError } from "@sluice/study";
import type { Command } from "commander";
import { listed } from "./arguments.ts";

/** The options that say where trials run. */
export interface ExecutorFlags {
  readonly on?: string;
  readonly slurm?: readonly string[];
  readonly slurmSetup?: string;
  readonly detach?: boolean;
  readonly jobs?: number;
}

/** Adds `--on` and what belongs to it to a command. */
export const withExecutorOptions = (command: Command): Command =>
  command
    .option("--on <where>", "where the trials run: local or slurm (default: local, each in a process of its own)")
    .option(
      "--slurm <options>",
      "options of sbatch, such as partition=gpu,time=01:00:00,mem=4G; may be given several times",
      listed,
    )
    .option("--slurm-setup <file>", "lines of bash that prepare a node, such as module load nodejs")
    .option("--detach", "with --on slurm: submit the trials and return; the same command goes on with them");

/** For trials that can go on without the command: aborted to leave them. Undefined if they end with the command. */
export function leavingOf({ on, detach }: ExecutorFlags): AbortController | undefined {
  if (on !== "slurm") return undefined;
  const leave = new AbortController();
  if (detach === true) leave.abort();
  return leave;
}

/** The executor for `--on`; undefined for the default. */
export function executorOn(
  { on = "local", slurm, slurmSetup, detach, jobs }: ExecutorFlags,
  { folder, leave }: { readonly folder: string; readonly leave?: AbortController | undefined },
): RunOptions["executor"] {
  if (on === "slurm") {
    const given = {
      options: slurmOptionsOf(slurm ?? []),
      ...(slurmSetup === undefined ? {} : { setup: setupIn(resolve(folder, slurmSetup)) }),
      ...(leave === undefined ? {} : { leave: leave.signal }),
      ...(jobs === undefined ? {} : { jobs }),
    };
    return (place) => slurmJobs({ ...place, ...given });
  }
  if (on !== "local") throw studyError(`--on ${on}: expected local or slurm`);
  const [given] = [slurm && "--slurm", slurmSetup && "--slurm-setup", detach && "--detach"].filter(Boolean);
  if (given !== undefined) throw studyError(`${given} needs --on slurm`);
  return undefined;
}

function setupIn(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw studyError(`--slurm-setup: cannot read ${path}: ${messageOf(error)}`, error);
  }
}
