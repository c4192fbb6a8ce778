/** What `run` and `sweep` print around their trials. */
import { relative } from "node:path";
import { trialName, type RunOutcome, type RunPlan, type TrialRecord } from "@sluice/study";
import { plural } from "./plural.ts";
import { sizeText } from "./study-options.ts";
import { timeText } from "./time-text.ts";

/** The trials that went wrong, what the report lacks, and where it is. */
export function outcomeLines({ records, problems, report }: RunOutcome, folder: string): string[] {
  const wrong = records.filter(({ status }) => status === "failed" || status === "diverged" || status === "unreadable");
  return [
    ...wrong.flatMap((record) => [problemLine(record), `  ${relative(folder, record.folder)}`]),
    ...problems.map((problem) => `not in the report: ${problem}`),
    `Report: ${report}`,
  ];
}

/** A trial that went wrong, and why. */
export const problemLine = (record: TrialRecord): string =>
  `${record.status}: ${record.task} / ${trialName(record)}: ${record.reason?.split("\n")[0] ?? ""}`;

/** Why no more trials were started. */
export function endedEarly({ by, reason }: NonNullable<RunOutcome["ended"]>): string {
  if (by === "code")
    return (
      `Stopped: ${reason}. The remaining trials were not started. ` +
      "Run the command again; all trials will be run with the new code."
    );
  return by === "store" ? `Stopped: ${reason}. No more trials were started.` : `Stopped: ${reason}.`;
}

/** Trials that go on without the command. */
export function leftText(left: RunOutcome["left"]): string {
  const where = [...new Set(left.map(({ reason = "elsewhere" }) => reason))].join(", ");
  const go = left.length === 1 ? "goes" : "go";
  return `${plural(left.length, "trial")} ${go} on: ${where}. The same command follows them to the report.`;
}

/** What will happen, in two lines. */
export function announcement(run: RunPlan, name: string): string[] {
  const { trials, pending, records, jobs, threads } = run;
  // Tuning trials that went wrong count as the worst, and are listed when everything has ended.
  const lost = records.filter(
    ({ id, status, tuning }) => tuning === undefined && status !== "done" && !pending.some((trial) => trial.id === id),
  );
  const going = records.filter(
    (record) => record.status === "interrupted" && pending.some((trial) => trial.id === record.id),
  ).length;
  const resuming = going > 0 ? ` (${going} resuming from a checkpoint)` : "";
  const work =
    pending.length === 0
      ? "Nothing left to run."
      : run.executor.takesAll === true
        ? `${plural(pending.length, "trial")} to run${resuming}, as many at a time as the workers take.`
        : `${plural(pending.length, "trial")} to run${resuming}, ${jobs} at a time with ${plural(threads, "thread")} each: ${timeText(run.time)}.`;
  const done = records.filter(({ status }) => status === "done").length;
  return [
    `${name}, ${run.budget}: ${plural(trials.length, "trial")} (${sizeText(run)}), ${done} done already.`,
    work,
    ...(run.study.tune === undefined || run.tuning !== undefined
      ? []
      : [
          `Not tuned: ${Object.keys(run.study.tune.over).join(", ")} as the study has it. sluice sweep tunes it first.`,
        ]),
    ...(run.environment.git?.lost === undefined
      ? []
      : [`git failed, so the report will lack some information: ${run.environment.git.lost}.`]),
    ...(run.code.unresolved.length > 0
      ? [
          "Some code could not be analyzed. If you edit it, finished trials will not run again; use another --out then:",
          ...run.code.unresolved.map((what) => `  ${what}`),
        ]
      : []),
    ...(lost.length > 0
      ? [`${plural(lost.length, "trial")} failed, diverged or unreadable before; use --retry to run them again.`]
      : []),
  ];
}
