import { relative } from "node:path";
import type { PreparedRun } from "@sluice/runner";
import {
  cachedTrials,
  formatSeconds,
  reachOf,
  trialName,
  tuningOf,
  tuningTrialCount,
  type CachedTrial,
  type Reach,
  type Tuning,
} from "@sluice/study";
import { layTable, type Column } from "../layout.ts";
import { plannedStudy, plural, sizeText, tuningText, withStudyOptions, type StudyFlags } from "../study-options.ts";
import { EXIT, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags extends StudyFlags {
  readonly json?: boolean;
}

export const addPlan: AddCommand = (program, terminal, ended) => {
  withStudyOptions(program.command("plan"))
    .description(
      "say what run and sweep would do: trials, what is done and why, time, and what the seeds can find; run nothing",
    )
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  sluice plan digits hidden=128 --seeds 10")
    .action(async (study: string | undefined, settings: string[], flags: Flags) =>
      ended(await plan(study, { settings, flags, terminal })),
    );
};

interface Given {
  readonly settings: readonly string[];
  readonly flags: Flags;
  readonly terminal: Terminal;
}

async function plan(given: string | undefined, { settings, flags, terminal }: Given): Promise<number> {
  const { folder, stdout } = terminal;
  const { name, prepared } = await plannedStudy(given, settings, { flags, command: "run", folder });
  const trials = await cachedTrials(prepared);
  const { study, budget } = prepared;
  const reach = reachOf(study, { budget, ...(flags.seeds === undefined ? {} : { seeds: flags.seeds }) });
  const write = (text: string): void => void stdout.write(`${text}\n`);
  if (flags.json === true)
    write(JSON.stringify({ ...documentOf(prepared, trials, flags), claims: reach.claims }, null, 2));
  else for (const line of lines(name, { prepared, trials, reach, flags, folder, width: widthOf(stdout) })) write(line);
  // A claim that more seeds could decide is refused.
  return reach.claims.some(({ decidable, needs }) => decidable === false && needs !== null) ? EXIT.failed : EXIT.done;
}

interface Planned {
  readonly prepared: PreparedRun;
  readonly trials: readonly CachedTrial[];
  readonly reach: Reach;
  readonly flags: StudyFlags;
  readonly folder: string;
  readonly width: number;
}

/** What a sweep of the study would try before; `null` for a study that tunes nothing. */
const tuningIn = ({ study, budget }: PreparedRun, { seeds }: StudyFlags): Tuning | null =>
  study.tune === undefined ? null : tuningOf(study, { budget, ...(seeds === undefined ? {} : { seeds }) });

function lines(name: string, { prepared, trials, reach, flags, folder, width }: Planned): string[] {
  const { estimate, budget, jobs, threads, out, pending } = prepared;
  const time = estimate === null ? "time not yet known" : `about ${formatSeconds(estimate)}`;
  const tuning = tuningIn(prepared, flags);
  return [
    `${name}, ${budget}: ${plural(trials.length, "trial")} (${sizeText(prepared)}) in ${relative(folder, out)}`,
    pending.length === 0
      ? "Nothing left to run."
      : `${plural(pending.length, "trial")} to run, ${jobs} at a time with ${plural(threads, "thread")} each: ${time}.`,
    ...(tuning === null ? [] : [`A sweep (sluice sweep) tunes before: ${tuningText(prepared.study, tuning)}.`]),
    "",
    ...layTable(columns, grouped(trials), width),
    ...(reach.claims.length === 0 ? [] : ["", ...reachLines(reach)]),
  ];
}

/** What each claim can find with these seeds, or that it cannot be decided. */
const reachLines = ({ seeds, claims }: Reach): string[] => [
  `What ${plural(seeds, "seed")} can find:`,
  ...claims.flatMap(({ text, says }) => [`  ${text}`, `    ${says}`]),
];

/** Trials of one task and variant that have the same status for the same reason. */
interface Group {
  readonly task: string;
  readonly variant: string;
  readonly why: string;
  readonly runs: boolean;
  readonly trials: readonly string[];
}

function grouped(trials: readonly CachedTrial[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { trial, why, runs } of trials) {
    const { task, variant } = trial;
    const key = JSON.stringify([task, variant, why, runs]);
    const name = trialName(trial).slice(variant.length + 1);
    groups.set(key, { task, variant, why, runs, trials: [...(groups.get(key)?.trials ?? []), name] });
  }
  return [...groups.values()];
}

const columns: readonly Column<Group>[] = [
  { title: "task", align: "left", keep: 4, cell: ({ task }) => task },
  { title: "variant", align: "left", keep: 5, cell: ({ variant }) => variant },
  { title: "trials", align: "right", keep: 3, cell: ({ trials }) => String(trials.length) },
  { title: "seeds", align: "left", keep: 1, most: 24, cell: ({ trials }) => trials.map(short).join(", ") },
  { title: "runs", align: "left", keep: 2, cell: ({ runs }) => (runs ? "yes" : "no") },
  { title: "why", align: "left", keep: 6, most: 80, cell: ({ why }) => why },
];

const short = (name: string): string => name.replace(/^seed /, "");

function documentOf(prepared: PreparedRun, trials: readonly CachedTrial[], flags: StudyFlags) {
  const { study, budget, out, estimate, jobs, threads } = prepared;
  const tuning = tuningIn(prepared, flags);
  return {
    study: study.name,
    budget,
    out,
    jobs,
    threads,
    seconds: estimate,
    tuning: tuning === null ? null : { ...tuning, trials: tuningTrialCount(tuning) },
    trials: trials.map(({ trial, ...rest }) => ({
      id: trial.id,
      task: trial.task,
      variant: trial.variant,
      seed: trial.seed,
      fold: trial.fold?.index ?? null,
      config: trial.config,
      ...rest,
    })),
  };
}
