import { studyError } from "@sluice/study";

/** What `sbatch` says when it refuses a job, and the likely fix. */
const FIXES: readonly (readonly [RegExp, (partitions: string) => string])[] = [
  [
    /invalid partition/i,
    (partitions) =>
      `choose one with --slurm partition=NAME${partitions === "" ? "" : `; the cluster has ${partitions}`}`,
  ],
  [/invalid account/i, () => "give yours with --slurm account=NAME; sacctmgr show associations user=$USER lists them"],
  [/invalid qos/i, () => "choose one with --slurm qos=NAME; sacctmgr show qos lists them"],
  [
    /memory specification|node configuration is not available|more processors requested/i,
    () =>
      "no node of the partition has so much: ask for less with --threads or --slurm mem=4G, or choose another partition",
  ],
  [
    /time limit.*(invalid|exceed)|partitiontimelimit/i,
    () => "ask for less time with --slurm time=01:00:00; sinfo lists the limit of each partition",
  ],
  [
    /qosmaxsubmit|assocmaxsubmit|job submit limit|violates accounting/i,
    () => "your account may not submit so many jobs at once: run a part with --task, --variant or --seeds",
  ],
  [
    /unrecognized option|invalid option|invalid --|unknown option/i,
    () => "correct --slurm; man sbatch lists the options",
  ],
  [
    /unable to contact|connection|socket|communication/i,
    () => "the controller does not answer: try again later, or ask sinfo",
  ],
  [
    /resolve_ctls|configuration source/i,
    () => "this machine is not set up for Slurm: start sluice on a node of the cluster",
  ],
];

/** The error for a job that Slurm refuses, in one line. */
export function submissionError({ stdout, stderr }: { stdout: string; stderr: string }, partitions: string): Error {
  const lines = `${stderr}\n${stdout}`
    .split("\n")
    .map((line) => line.replace(/^sbatch: (error: |fatal: )?/, "").trim())
    .filter((line) => line !== "" && !/^Try "sbatch/.test(line));
  const said = [...new Set(lines)].join("; ");
  const fix = FIXES.find(([pattern]) => pattern.test(said))?.[1](partitions) ?? "correct the options of --slurm";
  return studyError(
    `--on slurm: sbatch refuses the jobs: ${said === "" ? "it gives no reason" : said}. Likely fix: ${fix}`,
  );
}
