import { relative } from "node:path";
import type { FailedProbe, PreparedRun } from "@sluice/runner";
import {
  cachedTrials,
  reachOf,
  sweepTime,
  trialName,
  tuningOf,
  tunesWith,
  tuningTrialCount,
  type CachedTrial,
  type Reach,
  type RunTime,
  type Seconds,
  type TrialTime,
  type Tuning,
} from "@sluice/study";
import { planAll } from "../plan-all.ts";
import { optionalSeconds } from "../arguments.ts";
import { layTable, wrapped, type Column } from "../layout.ts";
import { probedTime } from "../probed-time.ts";
import { plural } from "../plural.ts";
import { plannedStudy, sizeText, tuningText, withStudyOptions, type StudyFlags } from "../study-options.ts";
import { EXIT, textWidthOf, widthOf, type AddCommand, type Terminal } from "../terminal.ts";
import { secondsText, timeText } from "../time-text.ts";

interface Flags extends StudyFlags {
  readonly all?: boolean;
  readonly probe?: number | true;
  readonly json?: boolean;
}

export const addPlan: AddCommand = (program, terminal, ended) => {
  withStudyOptions(program.command("plan"))
    .description("say what run and sweep would do: trials, what is done and why, time, and what the seeds can find")
    .option("--all", "every study of this checkout or project: how many trials are left, and how long they take")
    .option(
      "--probe [seconds]",
      "measure the time: run the first steps of a trial of each task and variant (default: 5 seconds each); " +
        "keep nothing of it",
      optionalSeconds,
    )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  sluice plan digits hidden=128 --seeds 10
  sluice plan digits --budget full --jobs 4 --probe
  sluice plan --all`,
    )
    .action(async (study: string | undefined, settings: string[], flags: Flags) =>
      ended(await plan(study, { settings, flags, terminal })),
    );
};

interface Given {
  readonly settings: readonly string[];
  readonly flags: Flags;
  readonly terminal: Terminal;
}

/** Prints what a run of a study would do. */
async function plan(given: string | undefined, { settings, flags, terminal }: Given): Promise<number> {
  if (flags.all === true) return planAll(given, { settings, flags, terminal });
  const { folder, stdout } = terminal;
  const { name, prepared } = await plannedStudy(given, settings, { flags, command: "run", folder });
  const { time, failed, interrupted } = await probedTime(prepared, { seconds: flags.probe, terminal });
  if (interrupted) return EXIT.interrupted;
  const trials = await cachedTrials(prepared);
  const { study, budget } = prepared;
  const reach = reachOf(study, { budget, ...(flags.seeds === undefined ? {} : { seeds: flags.seeds }) });
  const planned: Planned = {
    prepared,
    trials,
    time,
    failed,
    reach,
    flags,
    folder,
    width: widthOf(stdout),
    textWidth: textWidthOf(stdout),
  };
  const write = (text: string): void => void stdout.write(`${text}\n`);
  if (flags.json === true) write(JSON.stringify(documentOf(planned), null, 2));
  else for (const line of lines(name, planned)) write(line);
  // A claim that more seeds could decide is refused.
  return reach.claims.some(({ decidable, needs }) => decidable === false && needs !== null) ? EXIT.failed : EXIT.done;
}

interface Planned {
  readonly prepared: PreparedRun;
  readonly trials: readonly CachedTrial[];
  readonly time: RunTime;
  readonly failed: readonly FailedProbe[];
  readonly reach: Reach;
  readonly flags: StudyFlags;
  readonly folder: string;
  /** Of tables, and of text. */
  readonly width: number;
  readonly textWidth: number;
}

/** What a sweep of the study would try before, and how long all of it takes; `null` for a study that tunes nothing. */
function sweepOf({
  prepared,
  time,
  flags: { seeds },
}: Planned): { readonly tuning: Tuning; readonly seconds: Seconds | null } | null {
  const { study, budget } = prepared;
  if (study.tune === undefined || !tunesWith(study.tune, budget)) return null;
  const tuning = tuningOf(study, { budget, ...(seeds === undefined ? {} : { seeds }) });
  return { tuning, seconds: sweepTime(prepared, time, tuning) };
}

function lines(name: string, planned: Planned): string[] {
  const { prepared, trials, time, failed, reach, folder, width, textWidth } = planned;
  const { budget, jobs, threads, out, pending } = prepared;
  const sweep = sweepOf(planned);
  const text = [
    `${name}, ${budget}: ${plural(trials.length, "trial")} (${sizeText(prepared)}) in ${relative(folder, out)}`,
    pending.length === 0
      ? "Nothing left to run."
      : `${plural(pending.length, "trial")} to run, ${jobs} at a time with ${plural(threads, "thread")} each: ${timeText(time)}.` +
        (time.seconds === null ? " --probe measures it." : ""),
    ...(sweep === null ? [] : [sweepText(prepared, sweep)]),
    ...failed.map(({ task, variant, reason }) => `The probe of ${task} / ${variant} measured nothing: ${reason}.`),
  ];
  return [
    ...text.flatMap((line) => wrapped(line, textWidth)),
    "",
    ...layTable(columns, grouped(trials, time), width),
    ...(reach.claims.length === 0 ? [] : ["", ...reachLines(reach, textWidth)]),
  ];
}

const sweepText = (
  { study }: PreparedRun,
  { tuning, seconds }: { readonly tuning: Tuning; readonly seconds: Seconds | null },
): string =>
  `A sweep (sluice sweep) tunes before: ${tuningText(study, tuning)}` +
  (seconds === null ? "." : `. From nothing to its report it takes about ${secondsText(seconds)}.`);

/** What each claim can find with these seeds, or that it cannot be decided. */
const reachLines = ({ seeds, claims }: Reach, width: number): string[] => [
  `What ${plural(seeds, "seed")} can find:`,
  ...claims.flatMap(({ text, says }) => [...indented(text, 2, width), ...indented(says, 4, width)]),
];

const indented = (text: string, by: number, width: number): string[] =>
  wrapped(text, width - by).map((line) => `${" ".repeat(by)}${line}`);

/** Trials of one task and variant that have the same status for the same reason. */
interface Group {
  readonly task: string;
  readonly variant: string;
  readonly why: string;
  readonly runs: boolean;
  readonly time: TrialTime | undefined;
  readonly trials: readonly string[];
}

function grouped(trials: readonly CachedTrial[], { trials: times }: RunTime): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { trial, why, runs } of trials) {
    const { task, variant } = trial;
    const key = JSON.stringify([task, variant, why, runs]);
    const name = trialName(trial).slice(variant.length + 1);
    const time = times.find((one) => one.task === task && one.variant === variant);
    groups.set(key, { task, variant, why, runs, time, trials: [...(groups.get(key)?.trials ?? []), name] });
  }
  return [...groups.values()];
}

const columns: readonly Column<Group>[] = [
  { title: "task", align: "left", keep: 5, cell: ({ task }) => task },
  { title: "variant", align: "left", keep: 6, cell: ({ variant }) => variant },
  { title: "trials", align: "right", keep: 4, cell: ({ trials }) => String(trials.length) },
  { title: "seeds", align: "left", keep: 1, most: 24, cell: ({ trials }) => trials.map(short).join(", ") },
  {
    title: "a trial takes",
    align: "left",
    keep: 3,
    cell: ({ time }) => (time?.seconds ? secondsText(time.seconds) : "not known"),
  },
  { title: "runs", align: "left", keep: 2, cell: ({ runs }) => (runs ? "yes" : "no") },
  { title: "why", align: "left", keep: 7, most: 80, cell: ({ why }) => why },
];

const short = (name: string): string => name.replace(/^seed /, "");

function documentOf(planned: Planned) {
  const { prepared, trials, time, failed, reach } = planned;
  const { study, budget, out, jobs, threads } = prepared;
  const sweep = sweepOf(planned);
  return {
    study: study.name,
    budget,
    out,
    jobs,
    threads,
    time: { ...time, failed },
    tuning: sweep && { ...sweep.tuning, trials: tuningTrialCount(sweep.tuning), seconds: sweep.seconds },
    trials: trials.map(({ trial, ...rest }) => ({
      id: trial.id,
      task: trial.task,
      variant: trial.variant,
      seed: trial.seed,
      fold: trial.fold?.index ?? null,
      config: trial.config,
      ...rest,
    })),
    claims: reach.claims,
  };
}
