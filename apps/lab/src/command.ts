import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { folderStore, loadStudy, prepareRun, type PreparedRun } from "@sluice/runner";
import {
  budgetOf,
  formatSeconds,
  knownManifest,
  messageOf,
  runStudy,
  studyError,
  trialName,
  writeReport,
  type RunOutcome,
  type Study,
} from "@sluice/study";
import { locateStudy, studiesBelow } from "./locate.ts";
import { liveDisplay, plainDisplay } from "./show.ts";
import { summaryTable } from "./summary.ts";

export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Ctrl-C, a kill with SIGTERM, and a closed terminal. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface RunFlags {
  readonly budget?: string;
  readonly seeds?: number;
  readonly threads?: number;
  readonly jobs?: number;
  readonly out?: string;
  readonly data?: string;
  readonly json?: boolean;
  readonly retry?: boolean;
  readonly limit?: number;
}

/** Where the commands write to and run from. */
export interface Console {
  readonly folder: string;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted when the reader of the output has closed it. */
  readonly closed: AbortSignal;
}

/** `sluice run`: prints what will happen, the trials, the table and the report's path. */
export async function run(
  given: string,
  flags: RunFlags,
  { folder, stdout, stderr, closed }: Console,
): Promise<number> {
  const found = locateStudy(given, folder);
  const study = await loadStudy(found.module);
  const { name: budget } = budgetOf(study, flags.budget);
  const out = resolve(folder, flags.out ?? join("runs", study.name, budget));
  const { seeds, threads, jobs, limit, retry = false } = flags;
  const prepared = await prepareRun({
    module: found.module,
    budget,
    out,
    retry,
    command: commandLine(given, flags),
    ...(seeds === undefined ? {} : { seeds }),
    ...(threads === undefined ? {} : { threads }),
    ...(jobs === undefined ? {} : { jobs }),
    ...(limit === undefined ? {} : { limit }),
    ...(flags.data === undefined ? {} : { dataFolder: resolve(folder, flags.data) }),
  });
  // With --json, standard output contains only the document.
  const stream = flags.json === true ? stderr : stdout;
  const print = (line: string): void => void stream.write(`${line}\n`);
  for (const line of announcement(prepared, found.name)) print(line);

  const display =
    isLive(stream) && prepared.pending.length > 0 ? liveDisplay(prepared, stream) : plainDisplay(prepared, print);
  const interruption = interruptions(closed, () =>
    display.say("Stopping: the trials write a checkpoint. Ctrl-C again kills them."),
  );
  try {
    const { stop: signal, kill } = interruption;
    const outcome = await runStudy(prepared, { signal, kill, onEvent: (event) => display.event(event) });
    display.end();
    const table = summaryTable(outcome.document, prepared.study.metrics, stream.columns ?? 120);
    for (const line of ["", ...table, "", ...outcomeLines(outcome, folder)]) print(line);
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

/** Whether a table that is drawn anew can be shown. */
const isLive = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true &&
  process.env["CI"] === undefined &&
  process.env["NO_COLOR"] === undefined &&
  process.env["TERM"] !== "dumb";

/** Until `end`, the first signal, or the end of the output, stops the run, and a second signal kills the trials. */
function interruptions(closed: AbortSignal, onStop: () => void) {
  const stop = new AbortController();
  const kill = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) return kill.abort();
    stop.abort();
    onStop();
  };
  const onClosed = (): void => stop.abort();
  if (closed.aborted) onClosed();
  else closed.addEventListener("abort", onClosed);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    stop: stop.signal,
    kill: kill.signal,
    end() {
      closed.removeEventListener("abort", onClosed);
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
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

/** `sluice list`: the studies of this checkout, with their questions. */
export async function list(
  { json = false }: { readonly json?: boolean },
  { folder, stdout }: Console,
): Promise<number> {
  const studies = await Promise.all(
    studiesBelow(folder).map(async ({ name, module }) => {
      try {
        const study: Study = await loadStudy(module);
        return {
          name,
          module,
          title: study.title,
          question: study.question,
          budgets: Object.keys(study.budgets),
          tasks: Object.keys(study.tasks),
          variants: Object.keys(study.variants),
          problem: null,
        };
      } catch (error) {
        return {
          name,
          module,
          title: null,
          question: null,
          budgets: [],
          tasks: [],
          variants: [],
          problem: messageOf(error),
        };
      }
    }),
  );
  if (json) stdout.write(`${JSON.stringify(studies, null, 2)}\n`);
  else if (studies.length === 0)
    stdout.write(`No studies: there is no experiments/<family>/<name>/study.ts at or above ${folder}.\n`);
  else
    for (const { name, question, problem } of studies)
      stdout.write(`${name}\n  ${question ?? `cannot be loaded: ${problem}`}\n`);
  return studies.some(({ problem }) => problem !== null) ? EXIT.failed : EXIT.done;
}

/** `sluice report`: builds the report again from the folders. */
export async function report(
  given: string,
  { json = false }: { readonly json?: boolean },
  { folder, stdout, stderr }: Console,
): Promise<number> {
  const runs = resolve(folder, given);
  if (!existsSync(runs))
    throw studyError(`${runs}: no such runs folder; "sluice run <study>" creates runs/<study>/<budget>`);
  const store = folderStore(runs);
  const { manifest, problem } = await knownManifest(store);
  const study = manifest.module === null ? null : await loadStudy(manifest.module).catch(() => null);
  const { report: path, document } = await writeReport(store, { study });
  if (problem !== null) stderr.write(`${problem}.\n`);
  stdout.write(
    json
      ? `${JSON.stringify(document, null, 2)}\n`
      : `${summaryTable(document, manifest.metrics, stdout.columns ?? 120).join("\n")}\n\nReport: ${path}\n`,
  );
  return EXIT.done;
}

function endedEarly({ by, reason }: NonNullable<RunOutcome["ended"]>): string {
  if (by === "code")
    return `Stopped: ${reason}. The remaining trials were not started. Run the command again; all trials will be run with the new code.`;
  return by === "store" ? `Stopped: ${reason}. No more trials were started.` : `Stopped: ${reason}.`;
}

/** What will happen, in two lines. */
function announcement(run: PreparedRun, name: string): string[] {
  const { trials, pending, records, jobs, threads, estimate } = run;
  const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;
  const seeds = new Set(trials.map((trial) => trial.seed)).size;
  const parts = `${plural(Object.keys(run.study.tasks).length, "task")} × ${plural(Object.keys(run.study.variants).length, "variant")} × ${plural(seeds, "seed")}`;
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
    `${name}, ${run.budget}: ${plural(trials.length, "trial")} (${parts}), ${records.filter((record) => record.status === "done").length} done already.`,
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

function commandLine(given: string, { budget, seeds, threads, jobs, out, data, limit }: RunFlags): string {
  const parts = [
    budget !== undefined && `--budget ${budget}`,
    seeds !== undefined && `--seeds ${seeds}`,
    threads !== undefined && `--threads ${threads}`,
    jobs !== undefined && `--jobs ${jobs}`,
    out !== undefined && `--out ${out}`,
    data !== undefined && `--data ${data}`,
    limit !== undefined && `--limit ${limit}`,
  ];
  return [`${program()} run`, given, ...parts.filter((part) => part !== false)].join(" ");
}

/** How to start this program again: by its installed name, or from the sources of a clone, with any Node that has npm. */
function program(): string {
  const [, script = ""] = process.argv;
  return script.endsWith(".ts") ? "npm start --" : "sluice";
}
