import { studyError } from "@sluice/study";

/** Options of `sbatch` by their long names: `{ partition: "gpu", mem: "4G", exclusive: true }`. */
export interface SlurmOptions {
  readonly [name: string]: string | true;
}

/** What Sluice decides itself, and what to do instead. */
const DECIDED: { readonly [name: string]: string } = {
  array: "Sluice makes the array; --jobs says how many trials run at a time",
  "cpus-per-task": "use --threads",
  chdir: "start sluice in that folder",
  clusters: "log in to that cluster and start sluice there",
  error: "what a trial prints is in its log.txt",
  input: "trials read no input",
  "job-name": "Sluice finds its jobs by their names; use comment=... for your own",
  nodes: "a trial is one process on one node",
  ntasks: "a trial is one process",
  output: "what a trial prints is in its log.txt",
  parsable: "Sluice reads the job's number itself",
  "test-only": "use sluice plan",
  wait: "sluice waits for the jobs; --detach leaves them",
  wrap: "Sluice writes the script; use --slurm-setup for lines before the trial",
};

/** Options without a value. */
const FLAGS = new Set([
  "contiguous",
  "exclusive",
  "hold",
  "no-requeue",
  "overcommit",
  "oversubscribe",
  "requeue",
  "reboot",
  "spread-job",
  "use-min-nodes",
]);

/**
 * Reads options of `sbatch` as they are typed: `partition=gpu,time=01:00:00,mem=4G`. A value may contain commas
 * (`nodelist=n1,n2`): a part without `=` that is not a flag, such as `exclusive`, belongs to the value before it.
 *
 * @throws an error that names the option, if it is not valid or if Sluice decides it.
 */
export function slurmOptionsOf(texts: readonly string[]): SlurmOptions {
  const options = new Map<string, string | true>();
  for (const text of texts) {
    let open: string | null = null;
    for (const part of text.split(",")) {
      const [, name, value] = /^(?:--)?([A-Za-z][\w-]*)=(.*)$/s.exec(part) ?? [];
      const flag = part.replace(/^--/, "");
      if (name !== undefined && value !== undefined) {
        options.set(name, value);
        open = name;
      } else if (FLAGS.has(flag)) {
        options.set(flag, true);
        open = null;
      } else if (open !== null) options.set(open, `${String(options.get(open))},${part}`);
      else
        throw studyError(
          `--slurm ${text}: "${part}" is not an option; write name=value, with the long names of sbatch, such as partition=gpu,time=01:00:00,mem=4G`,
        );
    }
  }
  return checkedSlurmOptions(Object.fromEntries(options));
}

/** @throws an error if an option is decided by Sluice or cannot be one. */
export function checkedSlurmOptions(options: SlurmOptions): SlurmOptions {
  for (const [name, value] of Object.entries(options)) {
    const decided = Object.hasOwn(DECIDED, name) ? DECIDED[name] : undefined;
    if (decided !== undefined) throw studyError(`--slurm ${name}: this option cannot be given: ${decided}`);
    if (!/^[a-z][a-z0-9-]+$/.test(name))
      throw studyError(`--slurm ${name}: not a long name of an option of sbatch, such as partition, time or mem`);
    if (value === "" || (value !== true && /[\0-\x1f]/.test(value)))
      throw studyError(`--slurm ${name}: expected a value without control characters, such as ${name}=1`);
    if (name === "time" && value !== true && minutesOf(value) === null)
      throw studyError(
        `--slurm time=${value}: expected a time as Slurm writes it: minutes, HH:MM:SS or D-HH:MM:SS, such as 01:30:00`,
      );
  }
  return options;
}

/** The options as arguments of `sbatch`. */
export const slurmArguments = (options: SlurmOptions): readonly string[] =>
  Object.entries(options).map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));

/**
 * Minutes of a time as Slurm writes it: `90`, `90:00`, `1:30:00`, `1-2`, `1-2:30` or `1-2:30:00`; infinite for
 * `UNLIMITED`. `null` if it is none of these.
 */
export function minutesOf(text: string): number | null {
  if (/^(unlimited|infinite)$/i.test(text)) return Infinity;
  const [, days, rest = ""] = /^(?:(\d+)-)?(\d+(?::\d+){0,2})$/.exec(text) ?? [];
  if (rest === "") return null;
  const parts = rest.split(":").map(Number);
  const [first = 0, second = 0, third = 0] = parts;
  // With days the parts are hours, minutes and seconds. Without them the last of two is seconds, and a single one is
  // minutes.
  if (days !== undefined) return Number(days) * 1440 + first * 60 + second + third / 60;
  if (parts.length === 3) return first * 60 + second + third / 60;
  return first + second / 60;
}
