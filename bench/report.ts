import { caseOf, stepsOf, type Case } from "./cases.ts";
import type { Clock } from "./clock.ts";
import type { Figure } from "./figures.ts";
import { figuresOf } from "./figures.ts";
import type { Machine } from "./machine.ts";
import type { Row } from "./measure.ts";
import { isSoftware, type Place, type PlaceName } from "./places.ts";
import { layOut, markdownTable, number } from "./layout.ts";
import { cellsOf, columns, placeTable, presentIn } from "./table.ts";

export interface Run {
  readonly machine: Machine;
  readonly command: string;
  readonly samples: number;
  readonly clock: Clock;
  /** By contender: its name and version, or `absent: ` and why. */
  readonly contenders: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  /** Where every backend was timed; empty where that was not asked for. */
  readonly places: readonly Place[];
}

/** The file of `--json`. `peak` is in GFLOP/s, as `gflops` is. */
export function toJson({ machine, command, samples, clock, contenders, rows, places }: Run): string {
  const entryOf = (
    { case: { name, kind, threads }, ms, microsecondsPerStep: _, errors, ...measured }: Row,
    place?: PlaceName,
  ): JsonCase => ({
    name,
    kind,
    threads,
    ...(place === undefined ? {} : { place }),
    ms,
    ...measured,
    ...(Object.keys(errors).length === 0 ? {} : { errors }),
  });
  const cases = [
    ...rows.map((row) => entryOf(row)),
    ...places.flatMap((place) => place.rows.map((row) => entryOf(row, place.name))),
  ];
  const described = places.map(({ rows: _, ...place }): JsonPlace => ({
    ...place,
    softwareRendering: presentIn(place.contenders).filter((name) => isSoftware(place.contenders[name]!)),
  }));
  const file: JsonRun = {
    machine: { ...machine, command, samples, clock, contenders, ...(places.length === 0 ? {} : { places: described }) },
    cases,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** The run that {@link toJson} has written, so that a kept one can be laid out again. */
export function fromJson(text: string): Run {
  const {
    machine: { command, samples, clock, contenders, places = [], ...machine },
    cases,
  } = JSON.parse(text) as JsonRun;
  const rowsIn = (where?: PlaceName): Row[] =>
    cases
      .filter(({ place }) => place === where)
      .map(({ name, kind, threads, ms, errors = {}, place: _, ...measured }) => {
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
    places: places.map(({ softwareRendering: _, ...place }) => ({ ...place, rows: rowsIn(place.name) })),
  };
}

type JsonCase = Pick<Case, "name" | "kind" | "threads"> &
  Omit<Row, "case" | "errors" | "microsecondsPerStep"> &
  Partial<Pick<Row, "errors">> & {
    /** Where it was timed beside the other backends; absent in the comparison. */
    readonly place?: PlaceName;
  };

type JsonPlace = Omit<Place, "rows"> & {
  /** Contenders whose device is made up by the processor. */
  readonly softwareRendering: readonly string[];
};

interface JsonRun {
  readonly machine: Machine & Omit<Run, "machine" | "rows" | "places"> & { readonly places?: readonly JsonPlace[] };
  readonly cases: readonly JsonCase[];
}

export function toText({ contenders, rows, places }: Run): string {
  return [
    ...(rows.length === 0 ? [] : [comparisonText(contenders, rows)]),
    ...places.map((place) => placeText(place)),
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

function placeText(place: Place): string {
  const { header, rows } = placeTable(place);
  return [
    `In ${place.name}: ${place.about}`,
    ...linesOf(place.contenders),
    ...(rows.length === 0 ? [] : ["", layOut(header, rows)]),
    ...errorLines(place.rows),
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

function toMarkdown({ machine, command, samples, clock, contenders, rows, places }: Run): string {
  const { cpu, cores, memoryGiB, os, node, v8, commit } = machine;
  return [
    `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}; Node ${node}, V8 ${v8}; commit ${commit}.`,
    `Command: \`${command}\`. Medians of ${samples} samples, taken in turns${clock === "cpu" ? "; processor time, on a machine that did other work meanwhile" : ""}.`,
    ...(rows.length === 0 ? [] : ["", comparisonMarkdown(contenders, rows)]),
    ...places.flatMap((place) => ["", placeMarkdown(place)]),
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

function placeMarkdown(place: Place): string {
  const { header, rows } = placeTable(place);
  return [
    `In ${place.name}: ${place.about}`,
    "",
    ...itemsOf(place.contenders),
    ...(rows.length === 0 ? [] : ["", markdownTable(header, rows)]),
    ...errorLines(place.rows),
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
