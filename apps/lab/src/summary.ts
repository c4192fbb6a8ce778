import { formatMean, type ResultsDocument, type Study } from "@sluice/study";
import { cut, fitted, wrapped, type Column } from "./layout.ts";

type Metrics = Study["metrics"];

/** A task and a variant. */
interface Pair {
  readonly task: string;
  readonly variant: string;
}

/**
 * The table printed at the end: every task and variant, with every metric's mean ± half its 95 % interval. No metric is
 * left out: if the table is too wide, it has a row for each metric, task by task, and if this too is too wide, a list.
 */
export function summaryTable(document: ResultsDocument, metrics: Metrics, width: number): string[] {
  const pairs = [...new Set(document.trials.map(({ task, variant }) => JSON.stringify([task, variant])))].map(
    (key): Pair => {
      const [task = "", variant = ""]: string[] = JSON.parse(key);
      return { task, variant };
    },
  );
  const wide = fitted(columnsOf(document, metrics), pairs, { width });
  if (wide.hidden.length === 0 && fits(wide.lines, pairs)) return wide.lines;
  return turned(document, { metrics, pairs, width }) ?? listed(document, { metrics, pairs, width });
}

/** Whether no name was cut. */
const fits = (lines: readonly string[], pairs: readonly Pair[]): boolean =>
  pairs.every(({ task, variant }, index) => {
    const line = lines[index + 1] ?? "";
    return line.includes(task) && line.includes(variant);
  });

function columnsOf(document: ResultsDocument, metrics: Metrics): Column<Pair>[] {
  const most = 1000;
  return [
    { title: "task", align: "left", keep: 1, most, cell: ({ task }) => task },
    { title: "variant", align: "left", keep: 1, most, cell: ({ variant }) => variant },
    ...Object.entries(metrics).map(([name, metric]): Column<Pair> => ({
      title: labelOf(metric),
      align: "right",
      keep: 0,
      cell: (pair) => number(document, pair, [name, metric]),
    })),
    { title: "done", align: "left", keep: 1, most, cell: (pair) => doneText(document, pair) },
  ];
}

interface Turned {
  readonly metrics: Metrics;
  readonly pairs: readonly Pair[];
  readonly width: number;
}

/** For each task a table with a row for each metric and a column for each variant; `null` if one is too wide. */
function turned(document: ResultsDocument, { metrics, pairs, width }: Turned): string[] | null {
  const blocks: string[][] = [];
  for (const task of new Set(pairs.map((pair) => pair.task))) {
    const rows = [...metricsOn(metrics, task), null];
    const own = pairs.filter((pair) => pair.task === task);
    const columns: Column<(typeof rows)[number]>[] = [
      { title: task, align: "left", keep: 1, most: 1000, cell: (row) => (row === null ? "done" : labelOf(row[1])) },
      ...own.map((pair): Column<(typeof rows)[number]> => ({
        title: pair.variant,
        align: "right",
        keep: 0,
        cell: (row) => (row === null ? doneText(document, pair) : number(document, pair, row)),
      })),
    ];
    const { lines, hidden } = fitted(columns, rows, { width });
    if (hidden.length > 0 || lines.some((line) => line.endsWith("…"))) return null;
    blocks.push(lines);
  }
  return blocks.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

/** A line for each value, which fits every width. */
function listed(document: ResultsDocument, { metrics, pairs, width }: Turned): string[] {
  return pairs.flatMap((pair, index) => [
    ...(index === 0 ? [] : [""]),
    cut(`${pair.task}, ${pair.variant}: ${doneText(document, pair)} done`, width),
    ...metricsOn(metrics, pair.task).flatMap(([name, metric]) =>
      wrapped(`${labelOf(metric)}: ${number(document, pair, [name, metric])}`, width - 2).map((line) => `  ${line}`),
    ),
  ]);
}

/** The metrics that a task has. */
const metricsOn = (metrics: Metrics, task: string): [string, Metrics[string]][] =>
  Object.entries(metrics).filter(([, { tasks }]) => tasks?.includes(task) ?? true);

const labelOf = ({ label, unit }: Metrics[string]): string => (unit === undefined ? label : `${label} (${unit})`);

function number(document: ResultsDocument, { task, variant }: Pair, [name, metric]: [string, Metrics[string]]): string {
  if (!(metric.tasks?.includes(task) ?? true)) return "";
  const found = document.summary.find(
    (entry) => entry.task === task && entry.variant === variant && entry.metric === name,
  );
  if (found === undefined || found.mean === null)
    return document.trials.some((trial) => trial.task === task && trial.variant === variant && trial.status === "done")
      ? "undefined"
      : "–";
  const { mean, half } = formatMean(
    found.mean,
    found.interval === null ? Number.NaN : found.interval[1] - found.mean,
    metric.digits,
  );
  // A number that describes the variant, such as its size, has no spread.
  const isFixed = metric.better === "neither" && found.interval?.[0] === found.interval?.[1];
  return half === null || isFixed ? mean : `${mean} ± ${half}`;
}

/** How many trials are done, and what became of the others. */
function doneText(document: ResultsDocument, { task, variant }: Pair): string {
  const own = document.trials.filter((trial) => trial.task === task && trial.variant === variant);
  const lost = [...new Set(own.map((trial) => trial.status))]
    .filter((status) => status !== "done")
    .map((status) => `${own.filter((trial) => trial.status === status).length} ${status}`);
  const imported = own.filter((trial) => trial.imported !== null).length;
  const foreign = imported === 0 ? [] : [imported === own.length ? "imported" : `${imported} imported`];
  return [`${own.filter((trial) => trial.status === "done").length}/${own.length}`, ...lost, ...foreign].join(", ");
}
