import { runStudy } from "@sluice/study";
import { announcement, endedEarly, leftText, outcomeLines } from "../announce.ts";
import { leavingOf, withExecutorOptions } from "../executors.ts";
import { interruptions } from "../interruptions.ts";
import { fittedText } from "../layout.ts";
import { displayFor } from "../show.ts";
import { claimLines } from "../claims.ts";
import { plannedRun, withStudyOptions, type StudyFlags } from "../study-options.ts";
import { summaryTable } from "../summary.ts";
import { EXIT, textWidthOf, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags extends StudyFlags {
  readonly json?: boolean;
}

export const addRun: AddCommand = (program, terminal, ended) => {
  withExecutorOptions(withStudyOptions(program.command("run")))
    .description("run a study (finished trials are skipped), and write its report")
    .option("--untuned", "run a study that tunes its settings (sluice sweep) with its own, untuned settings")
    .option("--json", "print one JSON document to standard output, everything else to standard error")
    .addHelpText(
      "after",
      `
Examples:
  sluice run digits --budget quick
  sluice run digits hidden=128 --variant GRU --seeds 5..9
  sluice run digits --on slurm --slurm partition=gpu,time=02:00:00,mem=4G
  sluice run digits --on redis://host:6379`,
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
  const leave = leavingOf(flags);
  const { name, prepared } = await plannedRun(given, settings, { flags, folder, leave });
  // With --json, standard output contains only the document.
  const stream = flags.json === true ? stderr : stdout;
  const print = (line: string): void => void stream.write(`${line}\n`);
  const printText = (line: string): void => fittedText(line, textWidthOf(stream)).forEach(print);
  for (const line of announcement(prepared, name)) printText(line);

  const display = displayFor(prepared, stream);
  const interruption = interruptions(
    closed,
    () => display.say("Stopping: the trials write a checkpoint. Ctrl-C again kills them."),
    { leave, onContinue: () => display.afresh() },
  );
  try {
    const { stop: signal, kill } = interruption;
    const ran = await runStudy(prepared, {
      signal,
      kill,
      onEvent: (event) => display.event(event),
      onNote: (text) => display.say(text),
    });
    // Of a study that was tuned: a tuning trial that diverged counts as the worst, and a run is whole all the same.
    const outcome = { ...ran, records: ran.records.filter(({ tuning }) => tuning === undefined) };
    display.end();
    const width = widthOf(stream);
    const table = summaryTable(outcome.document, prepared.study.metrics, width);
    const verdicts = claimLines(outcome.document, width);
    for (const line of ["", ...table, ...verdicts, "", ...outcomeLines(outcome, folder)]) print(line);
    if (flags.json === true) stdout.write(`${JSON.stringify(outcome.document, null, 2)}\n`);
    if (outcome.interrupted) print(`Interrupted. Run the same command again to resume from the last checkpoints.`);
    if (outcome.ended !== null) print(endedEarly(outcome.ended));
    if (outcome.left.length > 0) print(leftText(outcome.left));
    const asked = new Set(prepared.trials.map((trial) => trial.id));
    const left = new Set(outcome.left.map((record) => record.id));
    const isWell = outcome.records.every(({ id, status }) => !asked.has(id) || status === "done" || left.has(id));
    return outcome.interrupted ? EXIT.interrupted : isWell ? EXIT.done : EXIT.failed;
  } finally {
    display.end();
    interruption.end();
  }
}
