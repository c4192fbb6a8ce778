import { compareSummaries, formatMean, type ComparedMetric, type RunSummary } from "@sluice/study";
import { fitted, hiddenLines, wrapped, type Column } from "../layout.ts";
import { storeAt } from "../stores.ts";
import { EXIT, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly json?: boolean;
}

export const addCompare: AddCommand = (program, terminal, ended) => {
  program
    .command("compare")
    .description("compare the metrics of several runs: means with intervals, and differences from the first, by seed")
    .argument("<first>", "a runs folder, such as runs/digits/quick")
    .argument("<others...>", "others, compared with the first")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  sluice compare runs/digits/quick runs/digits/quick+hidden=128")
    .action(async (first: string, others: string[], flags: Flags) =>
      ended(await compare([first, ...others], flags, terminal)),
    );
};

async function compare(given: readonly string[], flags: Flags, terminal: Terminal): Promise<number> {
  const { folder, stdout, stderr } = terminal;
  const { metrics, problems } = await compareSummaries(given.map((one) => storeAt(one, folder)));
  for (const problem of problems) stderr.write(`${problem}\n`);
  const lines =
    flags.json === true
      ? [JSON.stringify({ runs: given, metrics }, null, 2)]
      : tableOf(given, metrics, widthOf(stdout));
  for (const line of lines) stdout.write(`${line}\n`);
  return EXIT.done;
}

/** A line for each run of each metric. */
interface Line {
  readonly of: ComparedMetric;
  readonly run: string;
  readonly summary: RunSummary;
  readonly isFirst: boolean;
}

function tableOf(given: readonly string[], metrics: readonly ComparedMetric[], width: number): string[] {
  if (metrics.length === 0) return ["The runs share no task, variant and metric with the first."];
  const lines = metrics.flatMap((of) =>
    of.runs.map((summary, index): Line => ({ of, run: given[index] ?? "", summary, isFirst: index === 0 })),
  );
  return [
    ...linesOf(lines, width),
    "",
    ...wrapped(
      "± is half a 95 % interval of the mean by Student's t. Differences from the first run are paired by seed; p is of the paired t test and is not corrected for the number of comparisons.",
      width,
    ),
    ...(metrics.some(({ runs }) => runs.some(({ imported }) => imported > 0))
      ? wrapped(
          "* Some of these trials ran elsewhere and were imported. Pairs of their seeds have only the number in common.",
          width,
        )
      : []),
  ];
}

/** The table. If it has no room for all columns, task and variant become headings above their lines. */
function linesOf(lines: readonly Line[], width: number): string[] {
  const whole = fitted(columns, lines, { width });
  if (whole.hidden.length === 0) return whole.lines;
  const groups = Map.groupBy(lines, ({ of: { task, variant } }) => `${task} / ${variant}`);
  const others = columns.filter(({ title }) => !HEADINGS.includes(title));
  const parts = [...groups].map(([heading, own]) => ({
    heading,
    ...fitted(others, own, { width, measured: lines }),
  }));
  return [
    ...parts.flatMap(({ heading, lines: own }, index) => [...(index === 0 ? [] : [""]), heading, ...own]),
    ...hiddenLines(parts[0]?.hidden ?? [], width),
  ];
}

const HEADINGS = ["task", "variant"];

const columns: readonly Column<Line>[] = [
  { title: "task", align: "left", keep: 4, cell: ({ of, isFirst }) => (isFirst ? of.task : "") },
  { title: "variant", align: "left", keep: 5, cell: ({ of, isFirst }) => (isFirst ? of.variant : "") },
  { title: "metric", align: "left", keep: 6, cell: ({ of, isFirst }) => (isFirst ? of.label : "") },
  { title: "run", align: "left", keep: 7, cell: ({ run }) => run },
  { title: "n", align: "right", keep: 2, cell: ({ summary }) => String(summary.n) },
  {
    // The column that is never left out has the mark.
    title: "mean",
    align: "right",
    keep: 8,
    cell: ({ summary, of }) => `${text(summary, of.digits)}${summary.imported > 0 ? "*" : ""}`,
  },
  {
    title: "difference",
    align: "right",
    keep: 3,
    cell: ({ summary: { difference }, of }) => (difference === null ? "" : text(difference, of.digits)),
  },
  { title: "pairs", align: "right", keep: 0, cell: ({ summary }) => String(summary.difference?.pairs ?? "") },
  {
    title: "p",
    align: "right",
    keep: 1,
    cell: ({ summary: { difference } }) =>
      difference === null || difference.pairs < 2 ? "" : difference.p.toPrecision(2),
  },
];

function text({ mean, high }: { readonly mean: number; readonly high: number }, digits: number | undefined): string {
  if (!Number.isFinite(mean)) return "–";
  const { mean: centre, half } = formatMean(mean, high - mean, digits);
  return half === null ? centre : `${centre} ± ${half}`;
}
