import { basename } from "node:path";
import { formatSeconds, isAnnotated, NO_ANNOTATIONS, readRun, trialName, type Annotations } from "@sluice/study";
import { fitted, wrapped, type Column } from "../layout.ts";
import { annotatedTrials, annotationLines, annotationsIn } from "../run-folders/annotated.ts";
import { plural } from "../plural.ts";
import { standingRecords, type Standing, type StandingRecord } from "../standing.ts";
import { storeAt } from "../stores.ts";
import { EXIT, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly json?: boolean;
}

export const addStatus: AddCommand = (program, terminal, ended) => {
  program
    .command("status")
    .description("say how far a run is: trials by status, and why some are not done")
    .argument("<folder>", "a runs folder, such as runs/digits/quick")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  sluice status runs/digits/quick")
    .action(async (folder: string, flags: Flags) => ended(await status(folder, flags, terminal)));
};

async function status(given: string, flags: Flags, { folder, stdout, stderr }: Terminal): Promise<number> {
  const store = storeAt(given, folder);
  const { manifest, problem, trials } = await readRun(store);
  if (problem !== null) stderr.write(`${problem}.\n`);
  const stored = trials.map(({ record }) => record);
  const { records, problem: unknown } = await standingRecords(store, stored);
  if (unknown !== null) stderr.write(`How the trials stand that were left to Slurm is not known here: ${unknown}.\n`);
  const counts = countsOf(records);
  const { name, budget } = manifest;
  const imported = records.filter((record) => record.imported !== undefined).length;
  const { told, problem: damage } = annotationsIn(store.folder);
  if (damage !== null) stderr.write(`${damage}.\n`);
  const ofTrials = annotatedTrials(store.folder);
  const width = widthOf(stdout);
  const document = {
    study: name,
    budget,
    counts,
    imported,
    ...told,
    trials: records.map((record) => ({
      ...plain(record),
      ...(ofTrials.get(basename(record.folder)) ?? NO_ANNOTATIONS),
    })),
  };
  const lines =
    flags.json === true
      ? [JSON.stringify(document, null, 2)]
      : [
          `${name}, ${budget}: ${countText(counts)}${imported > 0 ? `, ${imported} of them imported` : ""}`,
          ...annotationsText(told, width),
          ...detailLines(records, width),
          ...queueLines(records),
          ...trialLines(records, { ofTrials, width }),
        ];
  for (const line of lines) stdout.write(`${line}\n`);
  return EXIT.done;
}

type Counts = Readonly<Partial<Record<Standing, number>>>;

function countsOf(records: readonly StandingRecord[]): Counts {
  const counts: Partial<Record<Standing, number>> = {};
  for (const { status: own } of records) counts[own] = (counts[own] ?? 0) + 1;
  return counts;
}

const countText = (counts: Counts): string =>
  Object.entries(counts)
    .map(([own, count]) => `${count} ${own}`)
    .join(", ");

const plain = (record: StandingRecord) => {
  const { id, task, variant, seed, fold, tuning, imported, status: own, reason, seconds, folder } = record;
  return {
    id,
    task,
    variant,
    seed,
    fold: fold?.index ?? null,
    tuning: tuning ?? null,
    status: own,
    reason: reason ?? null,
    seconds: seconds ?? null,
    imported: imported ?? null,
    folder,
  };
};

const annotationsText = (told: Annotations, width: number): string[] =>
  isAnnotated(told) ? annotationLines({ name: "tags", ...told }, width) : [];

interface OfTrials {
  readonly ofTrials: ReadonlyMap<string, Annotations>;
  readonly width: number;
}

/** The trials that have tags or notes. */
function trialLines(records: readonly StandingRecord[], { ofTrials, width }: OfTrials): string[] {
  const told = records.flatMap((record) => {
    const own = ofTrials.get(basename(record.folder));
    return own === undefined ? [] : annotationLines({ name: `${record.task} / ${trialName(record)}`, ...own }, width);
  });
  return told.length === 0 ? [] : ["", ...told];
}

/** Why trials wait in a queue, each reason once: hundreds may wait for the same. */
function queueLines(records: readonly StandingRecord[]): string[] {
  const reasons = new Map<string, number>();
  for (const { status: own, reason = "" } of records)
    if (own === "queued") reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const lines = [...reasons].map(([reason, count]) => `${plural(count, "trial")} ${reason}`);
  return lines.length === 0 ? [] : ["", ...lines];
}

/** The trials that are started and not done, each with its reason: a table or, where that is too wide, a list. */
function detailLines(records: readonly StandingRecord[], width: number): string[] {
  const notDone = records.filter(({ status: own }) => own !== "done" && own !== "waiting" && own !== "queued");
  if (notDone.length === 0) return [];
  const { lines, hidden } = fitted(columns, notDone, { width });
  if (hidden.length === 0) return ["", ...lines];
  return ["", ...notDone.flatMap((record) => wrapped(detailText(record), width))];
}

const detailText = ({ reason, seconds, ...record }: StandingRecord): string =>
  [
    `${record.task} / ${trialName(record)}: ${record.status}`,
    ...(seconds === undefined ? [] : [` after ${formatSeconds(seconds)}`]),
    ...(reason === undefined ? [] : [`: ${reason.split("\n")[0] ?? ""}`]),
  ].join("");

const columns: readonly Column<StandingRecord>[] = [
  { title: "task", align: "left", keep: 2, cell: ({ task }) => task },
  { title: "trial", align: "left", keep: 4, cell: (record) => trialName(record) },
  { title: "status", align: "left", keep: 5, cell: ({ status: own }) => own },
  {
    title: "time",
    align: "right",
    keep: 1,
    cell: ({ seconds }) => (seconds === undefined ? "" : formatSeconds(seconds)),
  },
  { title: "reason", align: "left", keep: 3, most: 100, cell: ({ reason }) => reason?.split("\n")[0] ?? "" },
];
