import { relative } from "node:path";
import type { PreparedRun } from "@sluice/runner";
import { formatSeconds, runStudy, trialName, type RunOutcome } from "@sluice/study";
import { interruptions } from "../interruptions.ts";
import { liveDisplay, plainDisplay } from "../show.ts";
import { plannedStudy, plural, sizeText, withStudyOptions, type StudyFlags } from "../study-options.ts";
import { claimLines } from "../claims.ts";
import { summaryTable } from "../summary.ts";
import { EXIT, isLive, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags extends StudyFlags {
  readonly json?: boolean;
}

export const addRun: AddCommand = (program, terminal, ended) => {
  withStudyOptions(program.command("run"))
    .description("run a study (finished trials are skipped), and write its report")
    .option("--json", "print one JSON document to standard output, everything else to standard error")
    .addHelpText(
      "after",
      `
Examples:
  sluice run digits --budget quick
  sluice run digits hidden=128 --variant GRU --seeds 5..9`,
    )
    .action(async (study: string | undefined, settings: string[], flags: Flags) =>
      ended(await run(study, { settings, flags, terminal })),
    );
};

/** Prints what will happen, the trials, the table and the report's path. */
async function run(
  given: string | undefined,
  {
    settings,
    flags,
    terminal,
  }: { readonly settings: readonly string[]; readonly flags: Flags; readonly terminal: Terminal },
): Promise<number> {
  const { folder, stdout, stderr, closed } = terminal;
  const { name, prepared } = await plannedStudy(given, settings, { flags, command: "run", folder });
  // With --json, standard output contains only the document.
  const stream = flags.json === true ? stderr : stdout;
  const print = (line: string): void => void stream.write(`${line}\n`);
  for (const line of announcement(prepared, name)) print(line);

  const display =
    isLive(stream) && prepared.pending.length > 0 ? liveDisplay(prepared, stream) : plainDisplay(prepared, print);
  const interruption = interruptions(closed, () =>
    display.say("Stopping: the trials write a checkpoint. Ctrl-C again kills them."),
  );
  try {
    const { stop: signal, kill } = interruption;
    const outcome = await runStudy(prepared, { signal, kill, onEvent: (event) => display.event(event) });
    display.end();
    const width = stream.columns ?? 120;
    const table = summaryTable(outcome.document, prepared.study.metrics, width);
    const verdicts = claimLines(outcome.document, width);
    for (const line of ["", ...table, ...verdicts, "", ...outcomeLines(outcome, folder)]) print(line);
    if (flags.json === true) stdout.write(`${JSON.stringify(outcome.document, null, 2)}\n`);
    if (outcome.interrupted) print(`Interrupted. Run the same command again to resume from the last checkpoints.`);
    if (outcome.ended !== null) print(endedEarly(outcome.ended));
    const asked = new Set(prepared.trials.map((trial) => trial.id));
    const allDone = outcome.records.every((record) => !asked.has(record.id) || record.status === "done");
    return outcome.interrupted ? EXIT.interrupted : allDone ? EXIT.done : EXIT.failed;
  } finally {
    display.end();
    interruption.end();
  }
}

/** The trials that went wrong, what the report lacks, and where it is. */
function outcomeLines({ records, problems, report }: RunOutcome, folder: string): string[] {
  const wrong = records.filter(({ status }) => status === "failed" || status === "diverged" || status === "unreadable");
  return [
    ...wrong.flatMap((record) => [
      `${record.status}: ${record.task} / ${trialName(record)}: ${record.reason?.split("\n")[0] ?? ""}`,
      `  ${relative(folder, record.folder)}`,
    ]),
    ...problems.map((problem) => `not in the report: ${problem}`),
    `Report: ${report}`,
  ];
}

function endedEarly({ by, reason }: NonNullable<RunOutcome["ended"]>): string {
  if (by === "code")
    return `Stopped: ${reason}. The remaining trials were not started. Run the command again; all trials will be run with the new code.`;
  return by === "store" ? `Stopped: ${reason}. No more trials were started.` : `Stopped: ${reason}.`;
}

/** What will happen, in two lines. */
function announcement(run: PreparedRun, name: string): string[] {
  const { trials, pending, records, jobs, threads, estimate } = run;
  const lost = records.filter((record) => !pending.some((trial) => trial.id === record.id) && record.status !== "done");
  const going = records.filter(
    (record) => record.status === "interrupted" && pending.some((trial) => trial.id === record.id),
  ).length;
  const time = estimate === null ? "time not yet known" : `about ${formatSeconds(estimate)}`;
  const work =
    pending.length === 0
      ? "Nothing left to run."
      : `${plural(pending.length, "trial")} to run${going > 0 ? ` (${going} resuming from a checkpoint)` : ""}, ${jobs} at a time with ${plural(threads, "thread")} each: ${time}.`;
  return [
    `${name}, ${run.budget}: ${plural(trials.length, "trial")} (${sizeText(run)}), ${records.filter((record) => record.status === "done").length} done already.`,
    work,
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
