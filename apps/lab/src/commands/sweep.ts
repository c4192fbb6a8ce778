import {
  formatNumber,
  runSweep,
  settingsText,
  type SweepOutcome,
  type SweepPlan,
  type TrialRecord,
} from "@sluice/study";
import { announcement, endedEarly, leftText, outcomeLines, problemLine } from "../announce.ts";
import { claimLines } from "../claims.ts";
import { leavingOf, withExecutorOptions } from "../executors.ts";
import { interruptions } from "../interruptions.ts";
import { fittedText, layTable, type Column } from "../layout.ts";
import { displayFor, type Display } from "../show.ts";
import { plural } from "../plural.ts";
import { plannedSweep, tuningText, withStudyOptions, type StudyFlags } from "../study-options.ts";
import { summaryTable } from "../summary.ts";
import { EXIT, textWidthOf, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags extends StudyFlags {
  readonly json?: boolean;
}

export const addSweep: AddCommand = (program, terminal, ended) => {
  withExecutorOptions(withStudyOptions(program.command("sweep")))
    .description("tune the settings of every task and variant as the study's `tune` says, then run it with the best")
    .option("--json", "print one JSON document to standard output, everything else to standard error")
    .addHelpText(
      "after",
      `
Example:
  sluice sweep digits --budget quick

It works in a folder of its own, runs/<study>/<budget>+sweep. The same command resumes it.`,
    )
    .action(async (study: string | undefined, settings: string[], flags: Flags) =>
      ended(await sweep(study, { settings, flags, terminal })),
    );
};

interface Given {
  readonly settings: readonly string[];
  readonly flags: Flags;
  readonly terminal: Terminal;
}

/** Prints each round of trials, then the chosen settings, the table and the report's path. */
async function sweep(given: string | undefined, { settings, flags, terminal }: Given): Promise<number> {
  const { folder, stdout, stderr, closed } = terminal;
  const leave = leavingOf(flags);
  const { name, prepared } = await plannedSweep(given, settings, { flags, command: "sweep", folder, leave });
  const stream = flags.json === true ? stderr : stdout;
  const print = (line: string): void => void stream.write(`${line}\n`);
  const printText = (line: string): void => fittedText(line, textWidthOf(stream)).forEach(print);
  printText(`${name}, ${prepared.budget}: ${tuningText(prepared.study, prepared.tuning)}.`);

  let display: Display | undefined;
  const interruption = interruptions(
    closed,
    () => display?.say("Stopping: the trials write a checkpoint. Ctrl-C again kills them."),
    { leave, onContinue: () => display?.afresh() },
  );
  try {
    const { stop: signal, kill } = interruption;
    const outcome = await runSweep(prepared, {
      signal,
      kill,
      onRound(round) {
        display?.end();
        for (const line of roundLines(round, name)) printText(line);
        display = displayFor(round, stream);
      },
      onEvent: (event) => display?.event(event),
      onNote: (text) => display?.say(text),
    });
    display?.end();
    const width = widthOf(stream);
    for (const line of [...tuningLines(outcome, prepared, width), "", ...resultLines(outcome, prepared, width)])
      print(line);
    for (const line of outcomeLines({ ...outcome, records: outcome.records.filter(isReported) }, folder)) print(line);
    if (flags.json === true) stdout.write(`${JSON.stringify(outcome.document, null, 2)}\n`);
    if (outcome.interrupted) print("Interrupted. Run the same command again to resume from the last checkpoints.");
    if (outcome.ended !== null) print(endedEarly(outcome.ended));
    if (outcome.left.length > 0) print(leftText(outcome.left));
    return outcome.interrupted
      ? EXIT.interrupted
      : isWhole(outcome) || outcome.left.length > 0
        ? EXIT.done
        : EXIT.failed;
  } finally {
    display?.end();
    interruption.end();
  }
}

const isReported = ({ tuning }: TrialRecord): boolean => tuning === undefined;

/** Tuning trials that failed or diverged count as the worst: the sweep is whole all the same. */
const isWhole = ({ isTuned, tuned, records }: SweepOutcome): boolean =>
  isTuned &&
  tuned.every(({ chosen }) => chosen !== null) &&
  records.filter(isReported).every(({ status }) => status === "done");

function roundLines(round: SweepPlan, name: string): string[] {
  const [, ...lines] = announcement(round, name);
  return ["", round.isTuned ? "Everything is tuned: the trials with the chosen settings." : "Tuning.", ...lines];
}

/** The chosen settings, and the tuning trials that went wrong. */
function tuningLines({ tuned, isTuned, records }: SweepOutcome, { study, tuning }: SweepPlan, width: number): string[] {
  const [name = "", ...others] = [...new Set(tuned.map((cell) => cell.metric))];
  const isNested = tuned.some(({ unit }) => unit !== undefined);
  const chosenText = ({ chosen, decided }: (typeof tuned)[number]): string =>
    chosen !== null
      ? settingsText(tuning.tried[chosen.index] ?? {})
      : decided
        ? "none: no setting has a value"
        : "not decided yet";
  const wrong = records.filter((record) => !isReported(record) && !["done", "waiting"].includes(record.status));
  const unreadable = wrong.filter(({ status }) => status === "unreadable").length;
  const columns: readonly Column<(typeof tuned)[number]>[] = [
    { title: "task", align: "left", keep: 3, cell: ({ task }) => task },
    ...(isNested ? [foldColumn] : []),
    { title: "variant", align: "left", keep: 3, cell: ({ variant }) => variant },
    {
      title: others.length > 0 ? "validation" : (study.metrics[name]?.label ?? name),
      align: "right",
      keep: 1,
      cell: ({ chosen, metric }) =>
        typeof chosen?.value === "number" ? formatNumber(chosen.value, study.metrics[metric]?.digits) : "–",
    },
    { title: "chosen settings", align: "left", keep: 2, most: 80, cell: chosenText },
  ];
  return [
    "",
    ...layTable(columns, tuned, width),
    ...wrong.map(problemLine),
    ...(wrong.length > unreadable && isTuned
      ? ["Tuning trials that failed or diverged count as the worst; --retry runs them again."]
      : []),
    ...(!isTuned && unreadable > 0
      ? [`${plural(unreadable, "tuning trial")} cannot be read, so nothing is decided; use --retry to run them again.`]
      : []),
  ];
}

const foldColumn: Column<SweepOutcome["tuned"][number]> = {
  title: "seed, fold",
  align: "left",
  keep: 3,
  cell: ({ unit }) => (unit === undefined ? "" : `${unit.seed}, fold ${(unit.fold?.index ?? 0) + 1}`),
};

function resultLines({ document, isTuned }: SweepOutcome, { study }: SweepPlan, width: number): string[] {
  return isTuned ? [...summaryTable(document, study.metrics, width), ...claimLines(document, width), ""] : [];
}
