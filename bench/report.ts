import { caseOf, stepsOf, type Case } from "./cases.ts";
import type { Clock } from "./clock.ts";
import type { Figure } from "./figures.ts";
import { figuresOf } from "./figures.ts";
import type { Machine } from "./machine.ts";
import type { Row } from "./measure.ts";
import { cellsOf, columns, layOut, markdownTable, number } from "./table.ts";

export interface Run {
  readonly machine: Machine;
  readonly command: string;
  readonly samples: number;
  readonly clock: Clock;
  /** By contender: its name and version, or `absent: ` and why. */
  readonly contenders: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

/** The file of `--json`. `peak` is in GFLOP/s, as `gflops` is. */
export function toJson({ machine, command, samples, clock, contenders, rows }: Run): string {
  const cases = rows.map(({ case: { name, kind, threads }, ms, microsecondsPerStep: _, errors, ...measured }) => ({
    name, kind, threads, ms, ...measured, ...(Object.keys(errors).length === 0 ? {} : { errors }),
  }));
  return `${JSON.stringify({ machine: { ...machine, command, samples, clock, contenders }, cases }, undefined, 2)}\n`;
}

/** The run that {@link toJson} has written, so that a kept one can be laid out again. */
export function fromJson(text: string): Run {
  const { machine: { command, samples, clock, contenders, ...machine }, cases } = JSON.parse(text) as JsonRun;
  const rows = cases.map(({ name, kind, threads, ms, errors = {}, ...measured }): Row => {
    const of = caseOf({ name, kind, threads });
    return { case: of, ms, errors, ...measured, microsecondsPerStep: (1000 * (ms["sluice"] ?? NaN)) / stepsOf(of) };
  });
  return { machine, command, samples, clock, contenders, rows };
}

interface JsonRun {
  readonly machine: Machine & Omit<Run, "machine" | "rows">;
  readonly cases: readonly (Pick<Case, "name" | "kind" | "threads"> & Omit<Row, "case" | "errors" | "microsecondsPerStep"> & Partial<Pick<Row, "errors">>)[];
}

export function toText({ contenders, rows }: Run): string {
  const shown = peersIn(contenders);
  return [
    ...Object.entries(contenders).map(([name, about]) => `${name}: ${about}`),
    "",
    layOut(columns(shown), rows.map((row) => cellsOf(row, shown))),
    ...errorLines(rows),
    "",
    ...figureLines(figuresOf(rows)),
  ].join("\n");
}

export const beginMark = "<!-- what stands from here on is written by `pnpm bench --markdown` -->";
export const endMark = "<!-- until here -->";

/** The page with its generated part replaced; what stands around it is written by hand. */
export function withMarkdown(page: string, run: Run): string {
  const [before, rest] = page.includes(beginMark) ? page.split(beginMark) as [string, string] : [`${page}\n`, endMark + "\n"];
  const after = rest.slice(rest.indexOf(endMark));
  return `${before}${beginMark}\n\n${toMarkdown(run)}\n\n${after}`;
}

function toMarkdown({ machine, command, samples, clock, contenders, rows }: Run): string {
  const shown = peersIn(contenders);
  const { cpu, cores, memoryGiB, os, node, v8, commit } = machine;
  const figures = figuresOf(rows);
  return [
    `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}; Node ${node}, V8 ${v8}; commit ${commit}.`,
    `Command: \`${command}\`. Medians of ${samples} samples, taken in turns${clock === "cpu" ? "; processor time, on a machine that did other work meanwhile" : ""}.`,
    "",
    ...Object.entries(contenders).map(([name, about]) => `- ${name}: ${about}`),
    "",
    markdownTable(columns(shown), rows.map((row) => cellsOf(row, shown))),
    ...errorLines(rows),
    "",
    "Figures to reach, and the least that was reached over the sizes:",
    "",
    markdownTable(["figure", "cases", "reached", "least margin", "there"], summaries(figures)),
  ].join("\n");
}

/** For each figure: of how many cases, reached in how many, and where it was furthest from its floor. */
function summaries(figures: readonly Figure[]): string[][] {
  return [...Map.groupBy(figures, ({ name }) => name)].map(([name, all]) => {
    const reached = all.filter((figure) => figure.reached >= figure.floor).length;
    const worst = all.reduce((a, b) => (b.reached / b.floor < a.reached / a.floor ? b : a));
    return [name, String(all.length), String(reached), `${number(worst.reached)} of ${number(worst.floor)}`, worst.case];
  });
}

function figureLines(figures: readonly Figure[]): string[] {
  const below = figures.filter(({ floor, reached }) => reached < floor);
  if (figures.length === 0) return [];
  return [
    `Figures reached: ${figures.length - below.length} of ${figures.length}.${below.length > 0 ? " Below their floor:" : ""}`,
    ...(below.length === 0 ? [] : [layOut(["case", "figure", "reached", "floor"], below.map((figure) => [figure.case, figure.name, number(figure.reached), number(figure.floor)]))]),
  ];
}

function errorLines(rows: readonly Row[]): string[] {
  const lines = rows.flatMap(({ case: of, errors }) => Object.entries(errors).map(([name, error]) => `error: ${of.kind} ${of.name} ${of.threads}, ${name}: ${error}`));
  return lines.length === 0 ? [] : ["", ...lines];
}

const peersIn = (contenders: Readonly<Record<string, string>>): string[] =>
  Object.entries(contenders).filter(([name, about]) => name !== "sluice" && !about.startsWith("absent")).map(([name]) => name);
