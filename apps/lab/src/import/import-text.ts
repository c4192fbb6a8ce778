import { formatNumber, trialName, type Manifest } from "@sluice/study";
import { layTable, wrapped, type Column } from "../layout.ts";
import { plural } from "../plural.ts";
import type { ImportPlan, TrialPlan } from "./import-plan.ts";
import { problemLines, problemText } from "./problem.ts";

/** What is told of an import besides its plan. */
interface Told {
  readonly manifest: Manifest;
  readonly width: number;
}

/** A table of the trials, and what is remarkable about them. */
export function planLines(plan: ImportPlan, { manifest, width }: Told): string[] {
  const { trials, newVariants, strange, unused, problems } = plan;
  const without = Object.keys(manifest.metrics).filter((name) =>
    trials.some(({ metrics, given }) => given.status === "done" && (metrics[name] ?? null) === null),
  );
  const notes = [
    newVariants.length > 0 && `New variants: ${newVariants.join(", ")}.`,
    without.length > 0 && `Some trials have no value of: ${without.join(", ")}.`,
    strange.length > 0 && `Kept, although the run has no such settings: ${strange.join(", ")}.`,
    ...[...unused].map(([file, columns]) => columns.length > 0 && `Not used of ${file}: ${columns.join(", ")}.`),
  ].filter((note) => note !== false);
  return [
    ...(trials.length === 0 ? [] : [...layTable(columnsOf(manifest), trials, width), ""]),
    ...notes.flatMap((note) => wrapped(note, width)),
    ...(problems.length > 0
      ? [`${plural(problems.length, "problem")}, so nothing is imported:`, ...problemLines(problems)]
      : []),
  ];
}

function columnsOf({ metrics }: Manifest): readonly Column<TrialPlan>[] {
  return [
    { title: "task", align: "left", keep: 5, cell: ({ given }) => given.task },
    { title: "trial", align: "left", keep: 6, cell: ({ given }) => trialName(given) },
    { title: "status", align: "left", keep: 4, cell: ({ given }) => given.status },
    { title: "steps", align: "right", keep: 1, cell: ({ given }) => String(given.rows.length) },
    { title: "files", align: "right", keep: 0, cell: ({ given }) => String(given.files.length) },
    ...Object.entries(metrics).map(([name, metric], index): Column<TrialPlan> => ({
      title: name,
      align: "right",
      keep: index === 0 ? 3 : 2,
      cell: ({ metrics: own }) => (typeof own[name] === "number" ? formatNumber(own[name], metric.digits) : "–"),
    })),
    {
      title: "",
      align: "left",
      keep: 4,
      cell: ({ isThere, replaces }) => (isThere ? "there already" : replaces === null ? "new" : "replaces another"),
    },
  ];
}

/** The same as plain data. */
export function planDocument({ trials, newVariants, strange, unused, problems }: ImportPlan, written: boolean) {
  return {
    written,
    newVariants,
    ownSettings: strange,
    unusedColumns: Object.fromEntries(unused),
    problems: problems.map((problem) => ({ ...problem, text: problemText(problem) })),
    trials: trials.map(({ trial, given, isThere, replaces, metrics }) => ({
      id: trial.id,
      task: trial.task,
      variant: trial.variant,
      seed: trial.seed,
      fold: trial.fold?.index ?? null,
      status: given.status,
      settings: trial.config,
      metrics,
      rows: given.rows.length,
      files: Object.fromEntries(given.files.map(({ name, sha256 }) => [name, sha256])),
      imported: trial.imported,
      outcome: isThere ? "there already" : replaces === null ? "new" : "replaces another",
      folder: trial.folder,
    })),
  };
}
