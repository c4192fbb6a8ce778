import {
  inProcess,
  memoryStore,
  planRun,
  runStudy,
  study as defineStudy,
  trialConfig,
  type Budget,
  type Settings,
  type Study,
} from "@sluice/study";
import { sha256 } from "@sluice/formats";
import { checksOf, type Law, lawsOf, once } from "@sluice/tensor/testing";
import { runInMemory, type Left, type MemoryContextOptions } from "./run-in-memory.ts";

/** Options of {@link studySuite}. */
export interface StudySuiteOptions<S extends Settings> {
  /** The settings with which everything takes seconds: those of a budget. */
  readonly size: Budget<S>;
  /** The folder of a study that reads data files; default: none. */
  readonly dataFolder?: string | null;
  /**
   * The steps at which a trial is stopped, so that it goes on: best between two points of its curves, at a validation,
   * and after the last step. Default `[4]`.
   */
  readonly stopAt?: readonly number[];
  /** Settings with which training diverges. Without them, the law about divergence is left out. */
  readonly diverging?: Partial<S>;
  /** Names of series that hold times, which differ between two runs. */
  readonly timed?: readonly string[];
  /** Metrics that a trial may end without (`null`), such as the steps to a goal that it does not reach. */
  readonly unreached?: readonly string[];
  /** Pairs of variants with the same weights, because they differ only in how they are tested or timed. */
  readonly sameWeights?: readonly (readonly [string, string])[];
  /** Why no law can be tried, such as that there is no data folder. Default: all are. */
  readonly skip?: string | undefined;
  /** Laws that do not hold, and why. */
  readonly except?: Partial<Readonly<Record<StudyLawName, string>>>;
}

/** One law, to be run as a test. */
export type StudyLaw = Law<StudyLawName>;

/** The name of a law that every study must obey. */
export type StudyLawName = keyof typeof all;

const all = {
  "every trial runs to its end, with a finite value of each metric of its task": everyTrial,
  "the report has every variant, claim and published number": report,
  "variants with the same seed have different weights": variants,
  "a trial that is stopped goes on to the same bits": stopped,
  "two threads give the bits of one": threads,
  "a trial that diverges says at which step and where": divergence,
} as const;

/**
 * The laws of a study, as tests of any runner. They run all of its trials with one seed and a small size in this
 * process.
 *
 *     for (const { name, skip, run } of studySuite(digits, { size: { train: 40, test: 20, hidden: 4, epochs: 3 } }))
 *       test(name, { skip: skip !== undefined }, run);
 */
export function studySuite<S extends Settings>(study: Study<S>, options: StudySuiteOptions<S>): readonly StudyLaw[];
export function studySuite(whole: Study, options: StudySuiteOptions<Settings>): readonly StudyLaw[] {
  const study = resized(whole, options.size);
  const given: Tried = {
    study,
    options,
    run: once(() => runOf(study, options)),
    ends: endsOf(study).map((end) => ({ end, whole: once(() => trialOf({ study, options }, end)) })),
  };
  const laws = lawsOf(
    "studySuite",
    checksOf(all, () => given),
    {
      except: options.except,
      untried: {
        "a trial that diverges says at which step and where":
          options.diverging === undefined ? "settings that diverge were not given" : undefined,
      },
    },
  );
  const { skip } = options;
  return skip === undefined ? laws : laws.map((law) => ({ ...law, skip }));
}

/** What the laws of one study share: what takes long is run once. */
interface Tried extends Given {
  /** All trials with one seed, and their report. */
  readonly run: () => ReturnType<typeof runOf>;
  /** The first trial and the last one, which has another task or variant. */
  readonly ends: readonly { readonly end: End; readonly whole: () => Promise<Ended> }[];
}

/** A trial by its task, its variant and its settings. */
interface End {
  readonly task: string;
  readonly variant: string;
  readonly config: Settings;
}

interface Given {
  readonly study: Study;
  readonly options: StudySuiteOptions<Settings>;
}

const BUDGET = "suite";

/** The study with another budget, and without tuning. */
function resized({ kind: _, tune: _tune, ...options }: Study, size: Budget<Settings>): Study {
  return defineStudy({ ...options, budgets: { ...options.budgets, [BUDGET]: size } });
}

async function runOf(study: Study, { dataFolder = null }: StudySuiteOptions<Settings>) {
  const store = memoryStore();
  const { records } = await runStudy(
    await planRun(study, { store, executor: inProcess(), budget: BUDGET, seeds: 1, dataFolder }),
  );
  return { records, page: store.report() ?? "" };
}

async function everyTrial({ study, run, options: { unreached = [] } }: Tried): Promise<void> {
  const { records } = await run();
  for (const { task, variant, status, reason, metrics, warnings } of records) {
    const place = `${task} / ${variant}`;
    if (status !== "done") throw new Error(`${place} is ${status}: ${reason}`);
    if (warnings.length > 0) throw new Error(`${place} warns: ${warnings.join("; ")}`);
    for (const [name, metric] of Object.entries(study.metrics)) {
      if (metric.tasks !== undefined && !metric.tasks.includes(task)) continue;
      const value = metrics[name] ?? null;
      if (value === null && unreached.includes(name)) continue;
      if (value === null || !Number.isFinite(value))
        throw new Error(`${place}: ${name} is ${value}, expected a finite number`);
    }
  }
}

async function report({ study, run }: Tried): Promise<void> {
  const page = textOf((await run()).page);
  const expected = [
    ...Object.keys(study.variants),
    ...study.claims.map(({ text }) => text),
    ...study.anchors.map(({ source }) => source),
  ];
  for (const text of expected)
    if (!page.includes(text.replace(/\s+/g, " "))) throw new Error(`the report does not have the text: ${text}`);
}

async function variants({ options: { sameWeights = [] }, run }: Tried): Promise<void> {
  const { records } = await run();
  const expected = (a: string, b: string): boolean =>
    sameWeights.some((pair) => pair.includes(a) && pair.includes(b) && a !== b);
  for (const [i, a] of records.entries())
    for (const b of records.slice(i + 1)) {
      if (a.task !== b.task || a.fold?.index !== b.fold?.index || a.weights === undefined) continue;
      if ((a.weights === b.weights) !== expected(a.variant, b.variant))
        throw new Error(
          `on ${a.task}, ${a.variant} and ${b.variant} have ${a.weights === b.weights ? "the same" : "different"} weights`,
        );
    }
}

async function stopped(given: Tried): Promise<void> {
  const { stopAt = [4] } = given.options;
  for (const [index, { end, whole }] of given.ends.entries())
    for (const step of index === 0 ? stopAt : stopAt.slice(0, 1)) {
      const { outcome, left } = await trialOf(given, { ...end, stopAt: step });
      if (outcome !== null) throw new Error(`the trial ended before step ${step}; choose another stopAt`);
      if (left.checkpoint?.step !== step) throw new Error(`stopped at ${step}, the trial left no checkpoint of it`);
      same(given, await whole(), await trialOf(given, { ...end, from: left }));
    }
}

async function threads(given: Tried): Promise<void> {
  for (const { end, whole } of given.ends.slice(0, 1))
    same(given, await whole(), await trialOf(given, { ...end, threads: 2 }));
}

async function divergence(given: Tried): Promise<void> {
  const end = given.ends.at(-1)?.end;
  const config = { ...end?.config, ...settingsOf(given.options.diverging) };
  const { outcome, left } = await trialOf(given, { ...end, config });
  if (outcome !== null || left.diverged === null) throw new Error("training did not diverge");
  if (!(left.diverged.step > 0) || left.diverged.tensor === "")
    throw new Error(`training diverged at step ${left.diverged.step} in "${left.diverged.tensor}"`);
}

/** Settings without those that are undefined. */
const settingsOf = (given: Partial<Settings> = {}): Settings =>
  Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

function endsOf(study: Study): readonly End[] {
  const [tasks, names] = [Object.keys(study.tasks), Object.keys(study.variants)];
  const places = [
    [tasks[0], names[0]],
    [tasks.at(-1), names.at(-1)],
  ] as const;
  return places.map(([task = "", variant = ""]) => ({
    task,
    variant,
    config: trialConfig(study, { task, variant, budget: BUDGET }),
  }));
}

const trialOf = (
  { study, options: { dataFolder = null } }: Given,
  given: Omit<MemoryContextOptions<Settings>, "dataFolder">,
) =>
  runInMemory(study, {
    ...given,
    dataFolder,
    ...(study.folds === undefined ? {} : { fold: { index: 0, of: study.folds } }),
  });

type Ended = Awaited<ReturnType<typeof trialOf>>;

function same({ options: { timed = [] } }: Given, a: Ended, b: Ended): void {
  const bits = ({ outcome, left }: Ended): string =>
    JSON.stringify({
      metrics: outcome?.metrics,
      weights: outcome?.weights,
      rows: left.rows,
      series: untimed(left.series, timed),
      files: Object.fromEntries(Object.entries(left.files).map(([name, bytes]) => [name, sha256(bytes)])),
    });
  if (bits(a) !== bits(b)) throw new Error("two runs of a trial differ");
}

const untimed = (series: Left["series"], timed: readonly string[]) =>
  Object.entries(series)
    .filter(([name]) => !timed.includes(name))
    .map(([name, { x, lines }]) => [
      name,
      Array.from(x.values),
      Object.entries(lines).map(([line, values]) => [line, Array.from(values)]),
    ]);

/** The text of a page, without tags. */
const textOf = (page: string): string =>
  page
    .replace(/<[^>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ");
