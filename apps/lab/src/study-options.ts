import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { sha256 } from "@sluice/formats";
import {
  loadStudy,
  prepareRun,
  prepareSweep,
  type PreparedRun,
  type PreparedSweep,
  type RunOptions,
} from "@sluice/runner";
import {
  budgetOf,
  settingsOfTexts,
  settingsText,
  studyError,
  tunesWith,
  tuningTrialCount,
  type Asked,
  type RunPlan,
  type Settings,
  type Study,
  type Tuning,
} from "@sluice/study";
import type { Command } from "commander";
import { bytes, listed, positive, seconds, seeds } from "./arguments.ts";
import { executorOn, isRedis, shownOn, type ExecutorFlags } from "./executors.ts";
import { plural } from "./plural.ts";
import { locateStudy, onlyStudy, type FoundStudy } from "./locate.ts";
import type { Terminal } from "./terminal.ts";

/** The options of every command that plans the trials of a study. */
export interface StudyFlags extends ExecutorFlags {
  readonly budget?: string;
  readonly seeds?: number | readonly number[];
  readonly task?: readonly string[];
  readonly variant?: readonly string[];
  readonly threads?: number;
  readonly jobs?: number;
  readonly out?: string;
  readonly data?: string;
  readonly retry?: boolean;
  readonly limit?: number;
  readonly memory?: number;
  /** Of `run`: with the settings of a study that tunes them, as they are. */
  readonly untuned?: boolean;
}

/** Adds the study, its settings and these options to a command. */
export const withStudyOptions = (command: Command): Command =>
  command
    .argument(
      "[study]",
      "a name (digits, long-sequence/digits) or the path of a module that exports a study (default: the project's only study)",
    )
    .argument("[settings...]", "other settings, such as hidden=128 optimizer.rate=3e-4")
    .option("--budget <name>", "one of the study's budgets, such as quick (default: the study's own)")
    .option("--task <name>", "only this task; may be given several times", listed)
    .option("--variant <name>", "only this variant; may be given several times", listed)
    .option("--seeds <n>", "how many seeds, or which: 10, 5..9, 0,3,7", seeds)
    .option("--threads <n>", "threads per trial (default: cores / number of trials)", positive)
    .option("--jobs <n>", "trials at a time (default: cores / threads)", positive)
    .option("--out <folder>", "runs folder (default: runs/<study>/<budget>, and the settings that were given)")
    .option("--data <folder>", "folder with data sets that are not npm packages")
    .option("--retry", "run failed, diverged and unreadable trials again")
    .option(
      "--limit <seconds>",
      "stop a trial after this many seconds and count it as failed (default: the study's limit, or none)",
      seconds,
    )
    .option(
      "--memory <size>",
      "kill a trial that takes more memory, such as 2GB, and count it as failed (default: the study's limit, or none)",
      bytes,
    );

/** How a study is given on the command line. */
interface Given extends Pick<Terminal, "folder"> {
  readonly flags: StudyFlags;
  /** The command of `sluice` that runs it. */
  readonly command: string;
  /** Aborted to leave trials that can go on without the command. */
  readonly leave?: AbortController | undefined;
}

/** A study, found by name or path, with its trials planned. Nothing has been written. */
export async function plannedStudy(
  first: string | undefined,
  rest: readonly string[],
  options: Given,
): Promise<{ readonly name: string; readonly prepared: PreparedRun }> {
  const { name, run } = await runOptions(first, rest, options);
  return { name, prepared: await prepareRun(run) };
}

/**
 * {@link plannedStudy} for a run. If the study tunes its settings, these are the trials of its sweep, which must have
 * tuned everything.
 *
 * @throws an error if a setting is not tuned yet, unless `untuned` asks for the study's own settings, or the study says
 * that tuning is optional.
 */
export async function plannedRun(
  first: string | undefined,
  rest: readonly string[],
  given: Omit<Given, "command">,
): Promise<{ readonly name: string; readonly prepared: PreparedRun }> {
  const { flags } = given;
  const { name, run, study } = await runOptions(first, rest, { ...given, command: "run" });
  const { tune } = study;
  if (flags.untuned === true && tune === undefined)
    throw studyError(`the study "${study.name}" tunes nothing; leave --untuned out`);
  if (tune === undefined || flags.untuned === true || !tunesWith(tune, budgetOf(study, run.budget).name))
    return { name, prepared: await prepareRun(run) };
  const { prepared } = await plannedSweep(first, rest, { ...given, command: "sweep" });
  if (prepared.isTuned) return { name, prepared };
  if (tune.optional === true) return { name, prepared: await prepareRun(run) };
  const { budget, command, pending, trials } = prepared;
  throw studyError(
    `the study "${study.name}" tunes ${Object.keys(tune.over).join(", ")}, and its sweep is missing for the budget "${budget}": ` +
      `${pending.length} of ${plural(trials.length, "tuning trial")} have not run with this code and data. ` +
      `"${command}" tunes, then runs with the best settings; --untuned runs with the study's own settings`,
  );
}

/** {@link plannedStudy} for a sweep. Its folder is another one, because its results have other settings. */
export async function plannedSweep(
  first: string | undefined,
  rest: readonly string[],
  options: Given,
): Promise<{ readonly name: string; readonly prepared: PreparedSweep }> {
  const { name, run } = await runOptions(first, rest, { ...options, suffix: "+sweep" });
  return { name, prepared: await prepareSweep(run) };
}

async function runOptions(
  first: string | undefined,
  rest: readonly string[],
  { flags, command, folder, leave, suffix = "" }: Given & { readonly suffix?: string },
): Promise<{ readonly name: string; readonly run: RunOptions; readonly study: Study }> {
  const { found, given, texts } = studyAndSettings(first, rest, folder);
  const study = await loadStudy(found.module);
  const { name: budget } = budgetOf(study, flags.budget);
  const settings = settingsOfTexts(texts);
  const { seeds: chosen, threads, jobs, limit, memory, retry = false } = flags;
  const asked = askedOf(settings, flags);
  if (threads !== undefined && isRedis(flags.on ?? ""))
    throw studyError("--threads: each worker has its own, as in sluice worker redis://host:6379 --threads 4");
  const executor = executorOn(flags, { folder, leave });
  const run: RunOptions = {
    module: found.module,
    budget,
    out: resolve(folder, flags.out ?? join("runs", study.name, `${folderName(budget, settings)}${suffix}`)),
    retry,
    command: commandLine([command, ...given].join(" "), texts, flags),
    ...(executor === undefined ? {} : { executor }),
    ...(asked === undefined ? {} : { asked }),
    ...(chosen === undefined ? {} : { seeds: chosen }),
    ...(threads === undefined ? {} : { threads }),
    ...(jobs === undefined ? {} : { jobs }),
    ...(limit === undefined ? {} : { limit }),
    ...(memory === undefined ? {} : { memory }),
    ...(flags.data === undefined ? {} : { dataFolder: resolve(folder, flags.data) }),
  };
  return { name: study.name, run, study };
}

interface StudyAndSettings {
  readonly found: FoundStudy;
  /** The study's name or path as it was given, if it was. */
  readonly given: readonly string[];
  /** The settings that were given. */
  readonly texts: readonly string[];
}

/** Without a study, the first argument may be a setting: `sluice run hidden=128`. */
function studyAndSettings(first: string | undefined, rest: readonly string[], folder: string): StudyAndSettings {
  const isSetting = first !== undefined && /^[\w.-]+=/.test(first) && !existsSync(resolve(folder, first));
  if (first !== undefined && !isSetting) return { found: locateStudy(first, folder), given: [first], texts: rest };
  return { found: onlyStudy(folder), given: [], texts: first === undefined ? rest : [first, ...rest] };
}

/** Undefined if all of the study is asked for as it is. */
function askedOf(settings: Settings, { task, variant }: StudyFlags): Asked | undefined {
  if (Object.keys(settings).length === 0 && task === undefined && variant === undefined) return undefined;
  return {
    ...(Object.keys(settings).length > 0 && { settings }),
    ...(task !== undefined && { tasks: task }),
    ...(variant !== undefined && { variants: variant }),
  };
}

/** Other settings have a folder of their own, named after them: `quick+hidden=128`. */
export function folderName(budget: string, settings: Settings): string {
  const text = settingsText(settings);
  if (text === "") return budget;
  const plain = text.replaceAll(" ", "+");
  // A text with other characters could have the name of another one.
  if (/^[\w.=-]+(?: [\w.=-]+=[\w.=-]+)*$/.test(text) && plain.length <= 60) return `${budget}+${plain}`;
  const short = plain.replaceAll(/[^\w.=+-]+/g, "-").slice(0, 40);
  return `${budget}+${short}-${sha256(text).slice(0, 8)}`;
}

/** The command with every option that changes what runs, to be typed again. */
function commandLine(command: string, texts: readonly string[], flags: StudyFlags): string {
  const { budget, seeds: chosen, threads, jobs, out, data, limit, memory, untuned, task = [], variant = [] } = flags;
  const { on, slurm = [], slurmSetup, queue } = flags;
  const parts = [
    ...texts.map(quoted),
    budget !== undefined && `--budget ${budget}`,
    ...task.map((name) => `--task ${quoted(name)}`),
    ...variant.map((name) => `--variant ${quoted(name)}`),
    chosen !== undefined && `--seeds ${typeof chosen === "number" ? chosen : chosen.join(",")}`,
    threads !== undefined && `--threads ${threads}`,
    jobs !== undefined && `--jobs ${jobs}`,
    out !== undefined && `--out ${quoted(out)}`,
    data !== undefined && `--data ${quoted(data)}`,
    limit !== undefined && `--limit ${limit}`,
    memory !== undefined && `--memory ${memory}B`,
    on !== undefined && `--on ${quoted(shownOn(on))}`,
    ...slurm.map((options) => `--slurm ${quoted(options)}`),
    slurmSetup !== undefined && `--slurm-setup ${quoted(slurmSetup)}`,
    queue !== undefined && `--queue ${quoted(queue)}`,
    untuned === true && "--untuned",
  ];
  return [`${program()} ${command}`, ...parts.filter((part) => part !== false)].join(" ");
}

/** As one word of a shell. */
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** How to start this program again: by its installed name, or from the sources of a clone, with any Node that has npm. */
function program(): string {
  const [, script = ""] = process.argv;
  return script.endsWith(".ts") ? "npm start --" : "sluice";
}

/** All tasks, variants and seeds of a run: "2 tasks × 3 variants × 5 seeds". */
export function sizeText({ study, trials }: Pick<RunPlan, "study" | "trials">): string {
  const seedCount = new Set(trials.map((trial) => trial.seed)).size;
  return [
    plural(Object.keys(study.tasks).length, "task"),
    plural(Object.keys(study.variants).length, "variant"),
    plural(seedCount, "seed"),
  ].join(" × ");
}

/**
 * The tuning trials of a sweep: "2 tasks × 2 variants × 12 settings × 1 tuning seed: 48 tuning trials" or, where every
 * fold is tuned, "1 task × 2 variants × 3 seeds × 5 folds × 12 settings: 360 tuning trials".
 */
export function tuningText(study: RunPlan["study"], tuning: Tuning): string {
  const { tried, seeds: tuningSeeds, cells } = tuning;
  const units = cells.flatMap(({ unit }) => unit ?? []);
  const count = (values: readonly unknown[]): number => new Set(values).size;
  const rungs = Math.max(...cells.map((cell) => cell.rungs.length));
  const parts = [
    plural(Object.keys(study.tasks).length, "task"),
    plural(Object.keys(study.variants).length, "variant"),
    ...(units.length > 0
      ? [
          plural(count(units.map(({ seed }) => seed)), "seed"),
          plural(count(units.map(({ fold }) => fold?.index)), "fold"),
        ]
      : []),
    plural(tried.length, "setting"),
    ...(units.length > 0 ? [] : [plural(tuningSeeds.length, "tuning seed")]),
  ];
  const halving = rungs > 1 ? `, fewer on each of ${rungs} rungs` : "";
  return `${parts.join(" × ")}${halving}: ${plural(tuningTrialCount(tuning), "tuning trial")}`;
}
