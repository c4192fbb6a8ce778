import { caseOf, stepsOf, type Case } from "./cases.ts";
import type { Clock } from "./clock.ts";
import type { Figure } from "./figures.ts";
import { figuresOf } from "./figures.ts";
import type { Machine } from "./machine.ts";
import type { Row } from "./measure.ts";
import { isSoftware, type RuntimeResult, type RuntimeName } from "./runtimes.ts";
import { layOut, markdownTable, number } from "./layout.ts";
import { cellsOf, columns, runtimeTable, presentIn } from "./table.ts";

export interface Run {
  readonly machine: Machine;
  readonly command: string;
  readonly samples: number;
  readonly clock: Clock;
  /** By contender: its name and version, or `absent: ` and why. */
  readonly contenders: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  /** Where every backend was timed; empty where that was not asked for. */
  readonly runtimes: readonly RuntimeResult[];
}

/** The file of `--json`. `peak` is in GFLOP/s, as `gflops` is. */
export function toJson({ machine, command, samples, clock, contenders, rows, runtimes }: Run): string {
  const entryOf = (
    { case: { name, kind, threads }, ms, microsecondsPerStep: _, errors, ...measured }: Row,
    runtime?: RuntimeName,
  ): JsonCase => ({
    name,
    kind,
    threads,
    ...(runtime === undefined ? {} : { runtime }),
    ms,
    ...measured,
    ...(Object.keys(errors).length === 0 ? {} : { errors }),
  });
  const cases = [
    ...rows.map((row) => entryOf(row)),
    ...runtimes.flatMap((runtime) => runtime.rows.map((row) => entryOf(row, runtime.name))),
  ];
  const described = runtimes.map(({ rows: _, ...runtime }): JsonRuntime => ({
    ...runtime,
    softwareRendering: presentIn(runtime.contenders).filter((name) => isSoftware(runtime.contenders[name]!)),
  }));
  const file: JsonRun = {
    machine: {
      ...machine,
      command,
      samples,
      clock,
      contenders,
      ...(runtimes.length === 0 ? {} : { runtimes: described }),
    },
    cases,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** The run that {@link toJson} has written, so that a kept one can be laid out again. */
export function fromJson(text: string): Run {
  const {
    machine: { command, samples, clock, contenders, runtimes = [], ...machine },
    cases,
  } = JSON.parse(text) as JsonRun;
  const rowsIn = (where?: RuntimeName): Row[] =>
    cases
      .filter(({ runtime }) => runtime === where)
      .map(({ name, kind, threads, ms, errors = {}, runtime: _, ...measured }) => {
        const of = caseOf({ name, kind, threads });
        return { case: of, ms, errors, ...measured, microsecondsPerStep: (1000 * (ms["sluice"] ?? NaN)) / stepsOf(of) };
      });
  return {
    machine,
    command,
    samples,
    clock,
    contenders,
    rows: rowsIn(),
    runtimes: runtimes.map(({ softwareRendering: _, ...runtime }) => ({ ...runtime, rows: rowsIn(runtime.name) })),
  };
}

type JsonCase = Pick<Case, "name" | "kind" | "threads"> &
  Omit<Row, "case" | "errors" | "microsecondsPerStep"> &
  Partial<Pick<Row, "errors">> & {
    /** Where it was timed beside the other backends; absent in the comparison. */
    readonly runtime?: RuntimeName;
  };

type JsonRuntime = Omit<RuntimeResult, "rows"> & {
  /** Contenders whose device is made up by the processor. */
  readonly softwareRendering: readonly string[];
};

interface JsonRun {
  readonly machine: Machine &
    Omit<Run, "machine" | "rows" | "runtimes"> & { readonly runtimes?: readonly JsonRuntime[] };
  readonly cases: readonly JsonCase[];
}

export function toText({ contenders, rows, runtimes }: Run): string {
  return [
    ...(rows.length === 0 ? [] : [comparisonText(contenders, rows)]),
    ...runtimes.map((runtime) => runtimeText(runtime)),
  ].join("\n\n");
}

function comparisonText(contenders: Run["contenders"], rows: readonly Row[]): string {
  const shown = peersIn(contenders);
  return [
    ...linesOf(contenders),
    "",
    layOut(
      columns(shown),
      rows.map((row) => cellsOf(row, shown)),
    ),
    ...errorLines(rows),
    "",
    ...figureLines(figuresOf(rows)),
  ].join("\n");
}

function runtimeText(runtime: RuntimeResult): string {
  const { header, rows } = runtimeTable(runtime);
  return [
    `In ${runtime.name}: ${runtime.about}`,
    ...linesOf(runtime.contenders),
    ...(rows.length === 0 ? [] : ["", layOut(header, rows)]),
    ...errorLines(runtime.rows),
  ].join("\n");
}

const linesOf = (about: object): string[] => Object.entries(about).map(([name, text]) => `${name}: ${text}`);

export const beginMark = "<!-- what stands from here on is written by `pnpm bench --markdown` -->";
export const endMark = "<!-- until here -->";

/** The page with its generated part replaced; what stands around it is written by hand. */
export function withMarkdown(page: string, run: Run): string {
  const [before, rest] = page.includes(beginMark)
    ? (page.split(beginMark) as [string, string])
    : [`${page}\n`, endMark + "\n"];
  const after = rest.slice(rest.indexOf(endMark));
  return `${before}${beginMark}\n\n${toMarkdown(run)}\n\n${after}`;
}

function toMarkdown({ machine, command, samples, clock, contenders, rows, runtimes }: Run): string {
  const { cpu, cores, memoryGiB, os, node, v8, commit } = machine;
  return [
    `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}; Node ${node}, V8 ${v8}; commit ${commit}.`,
    `Command: \`${command}\`. Medians of ${samples} samples, taken in turns${clock === "cpu" ? "; processor time, on a machine that did other work meanwhile" : ""}.`,
    ...(rows.length === 0 ? [] : ["", comparisonMarkdown(contenders, rows)]),
    ...runtimes.flatMap((runtime) => ["", runtimeMarkdown(runtime)]),
  ].join("\n");
}

function comparisonMarkdown(contenders: Run["contenders"], rows: readonly Row[]): string {
  const shown = peersIn(contenders);
  return [
    ...itemsOf(contenders),
    "",
    markdownTable(
      columns(shown),
      rows.map((row) => cellsOf(row, shown)),
    ),
    ...errorLines(rows),
    "",
    "Figures to reach, and the least that was reached over the sizes:",
    "",
    markdownTable(["figure", "cases", "reached", "least margin", "there"], summaries(figuresOf(rows))),
  ].join("\n");
}

function runtimeMarkdown(runtime: RuntimeResult): string {
  const { header, rows } = runtimeTable(runtime);
  return [
    `In ${runtime.name}: ${runtime.about}`,
    "",
    ...itemsOf(runtime.contenders),
    ...(rows.length === 0 ? [] : ["", markdownTable(header, rows)]),
    ...errorLines(runtime.rows),
  ]
    .join("\n")
    .trimEnd();
}

const itemsOf = (about: object): string[] => linesOf(about).map((line) => `- ${line}`);

/** For each figure: of how many cases, reached in how many, and where it was furthest from its floor. */
function summaries(figures: readonly Figure[]): string[][] {
  return [...Map.groupBy(figures, ({ name }) => name)].map(([name, all]) => {
    const reached = all.filter((figure) => figure.reached >= figure.floor).length;
    const worst = all.reduce((a, b) => (b.reached / b.floor < a.reached / a.floor ? b : a));
    return [
      name,
      String(all.length),
      String(reached),
      `${number(worst.reached)} of ${number(worst.floor)}`,
      worst.case,
    ];
  });
}

function figureLines(figures: readonly Figure[]): string[] {
  const below = figures.filter(({ floor, reached }) => reached < floor);
  if (figures.length === 0) return [];
  return [
    `Figures reached: ${figures.length - below.length} of ${figures.length}.${below.length > 0 ? " Below their floor:" : ""}`,
    ...(below.length === 0
      ? []
      : [
          layOut(
            ["case", "figure", "reached", "floor"],
            below.map((figure) => [figure.case, figure.name, number(figure.reached), number(figure.floor)]),
          ),
        ]),
  ];
}

function errorLines(rows: readonly Row[]): string[] {
  const lines = rows.flatMap(({ case: of, errors }) =>
    Object.entries(errors).map(([name, error]) => `error: ${of.kind} ${of.name} ${of.threads}, ${name}: ${error}`),
  );
  return lines.length === 0 ? [] : ["", ...lines];
}

const peersIn = (contenders: Run["contenders"]): string[] => presentIn(contenders).filter((name) => name !== "sluice");
