import { loadStudy } from "@sluice/runner";
import { messageOf, suggestion, type Study } from "@sluice/study";
import { hanging, wrapped } from "../layout.ts";
import { PLACES, studiesBelow, type FoundStudy } from "../locate.ts";
import { hasTag, listedRuns, tagsOf, type ListedRun } from "../run-folders/listed-runs.ts";
import { EXIT, textWidthOf, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly tag?: string;
  readonly json?: boolean;
}

export const addList: AddCommand = (program, terminal, ended) => {
  program
    .command("list")
    .description("list the studies of this checkout or project, and their runs with tags and notes")
    .option("--tag <tag>", "only runs that have this tag, or a trial with it")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  sluice list --json\n  sluice list --tag paper")
    .action(async (flags: Flags) => ended(await list(flags, terminal)));
};

/** The studies of this checkout or project, with their questions and runs. */
async function list({ json = false, tag }: Flags, terminal: Terminal): Promise<number> {
  const { folder, stdout } = terminal;
  const all = await listedRuns(folder);
  const runs = tag === undefined ? all : all.filter((run) => hasTag(run, tag));
  const studies = [...(await Promise.all(studiesBelow(folder).map(listedStudy)))];
  const entries = withRuns(studies, runs).filter((entry) => tag === undefined || entry.runs.length > 0);
  const lines = json
    ? [JSON.stringify(entries, null, 2)]
    : entries.length > 0
      ? entries.flatMap((entry) => entryLines(entry, { tag, width: widthOf(stdout), textWidth: textWidthOf(stdout) }))
      : [
          tag === undefined
            ? `No studies: there is no ${PLACES} at or above ${folder}.`
            : `No run in ${folder}/runs has the tag "${tag}"; ${suggestion(tag, tagsOf(all))}`,
        ];
  for (const line of lines) stdout.write(`${line}\n`);
  return studies.some(({ problem }) => problem !== null) ? EXIT.failed : EXIT.done;
}

interface ListedStudy {
  readonly name: string;
  /** `null` for a study that is known only by its runs. */
  readonly module: string | null;
  /** Its name in runs; `null` if it cannot be loaded. */
  readonly study: string | null;
  readonly title: string | null;
  readonly question: string | null;
  readonly budgets: readonly string[];
  readonly tasks: readonly string[];
  readonly variants: readonly string[];
  readonly problem: string | null;
}

type Entry = ListedStudy & { readonly runs: readonly ListedRun[] };

const NOTHING = { budgets: [], tasks: [], variants: [], title: null, question: null };

async function listedStudy({ name, module }: FoundStudy): Promise<ListedStudy> {
  try {
    const { name: study, title, question, budgets, tasks, variants }: Study = await loadStudy(module);
    return {
      ...{ name, module, study, title, question, problem: null },
      budgets: Object.keys(budgets),
      tasks: Object.keys(tasks),
      variants: Object.keys(variants),
    };
  } catch (error) {
    return { ...NOTHING, name, module, study: null, problem: messageOf(error) };
  }
}

/** Each study with its runs, and then the runs of studies that are not here. */
function withRuns(studies: readonly ListedStudy[], runs: readonly ListedRun[]): readonly Entry[] {
  const known = new Set(studies.map(({ study }) => study));
  const others = [...new Set(runs.map(({ study }) => study))].filter((study) => !known.has(study));
  const ofRuns = others.map((study): ListedStudy => {
    const run = runs.find((one) => one.study === study);
    return {
      ...NOTHING,
      name: study,
      module: null,
      study,
      title: run?.title ?? null,
      question: run?.question ?? null,
      problem: null,
    };
  });
  return [...studies, ...ofRuns].map((study) => ({ ...study, runs: runs.filter((run) => run.study === study.study) }));
}

interface Shown {
  readonly tag: string | undefined;
  readonly width: number;
  readonly textWidth: number;
}

function entryLines({ name, question, problem, module, runs }: Entry, shown: Shown): string[] {
  return [
    name === "" ? "Runs that cannot be read" : name,
    ...(name === ""
      ? []
      : hanging(`  ${question ?? `cannot be loaded: ${problem}`}`, {
          width: shown.textWidth,
          indent: question === null ? 4 : 2,
        })),
    ...(module === null && name !== "" ? ["  (its study is not in this folder)"] : []),
    ...runs.flatMap((run) => runLines(run, shown)),
  ];
}

function runLines({ name, tags, notes, trials, problem }: ListedRun, { tag, width }: Shown): string[] {
  const indented = (text: string, depth: string): string[] =>
    wrapped(text, width - depth.length).map((line) => `${depth}${line}`);
  const tagged = Object.entries(trials).filter(([, told]) =>
    tag === undefined ? told.tags.length > 0 : told.tags.includes(tag),
  );
  return [
    ...indented(`${name}${tags.length === 0 ? "" : `  [${tags.join(", ")}]`}`, "  "),
    ...(problem === null ? [] : indented(problem, "    ")),
    ...notes.flatMap(({ text }) => indented(text.split("\n")[0] ?? "", "    ")),
    ...tagged.flatMap(([trial, told]) => indented(`${trial}  [${told.tags.join(", ")}]`, "    ")),
  ];
}
