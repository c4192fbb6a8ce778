import type { Manifest, Store, StoredRun, StoredTrial } from "@sluice/study";
import { settingsByPath } from "./settings-by-path.ts";
import { asColumn, columnOf, type ExportedTable, type TableColumn, type TableValue } from "./table.ts";

/**
 * One row per trial: what it is, how it ended, its settings (`setting.optimizer.rate`), summary values
 * (`metric.accuracy`), where it ran, and the hashes of its code, data, weights and files.
 */
export async function trialTable({ manifest, trials }: StoredRun, store: Store): Promise<ExportedTable> {
  const rows: ReadonlyMap<string, TableValue>[] = [];
  for (const one of trials) rows.push(await rowOf(one, { manifest, store }));
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const order = ["setting.", "metric.", "data.", "file."];
  const rank = (name: string): number => order.findIndex((prefix) => name.startsWith(prefix));
  const columns = names
    .toSorted((a, b) => rank(a) - rank(b))
    .map((name): TableColumn => {
      // The types of these do not depend on the values, so that the tables of several runs can be joined.
      if (name === "fold" || name === "threads") return { name, type: "integer" };
      if (name === "seconds" || name.startsWith("metric.")) return { name, type: "number" };
      return columnOf(
        name,
        rows.map((row) => row.get(name) ?? null),
      );
    });
  return {
    columns,
    async *parts() {
      yield rows.map((row) => columns.map((column) => asColumn(column, row.get(column.name) ?? null)));
    },
  };
}

async function rowOf(
  { trial, record }: StoredTrial,
  { manifest, store }: { readonly manifest: Manifest; readonly store: Store },
): Promise<ReadonlyMap<string, TableValue>> {
  const { environment } = record.status === "waiting" ? { environment: null } : await store.readEnvironment(record);
  const prefixed = (prefix: string, values: { readonly [name: string]: TableValue }): [string, TableValue][] =>
    Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]);
  return new Map<string, TableValue>([
    ["study", trial.study],
    ["budget", manifest.budget],
    ["task", trial.task],
    ["variant", trial.variant],
    ["seed", trial.seed],
    // Counted from 1, as in the report.
    ["fold", trial.fold === undefined ? null : trial.fold.index + 1],
    ["status", record.status],
    ["reason", record.reason ?? null],
    ["seconds", record.seconds ?? null],
    ["trial", trial.id],
    ["folder", trial.folder],
    ["imported", trial.imported?.source ?? null],
    ["code", trial.code],
    ["weights", record.weights ?? null],
    ["varies", record.varies ?? null],
    ["runtime", environment?.runtime ?? null],
    ["os", environment?.os ?? null],
    ["cpu", environment?.cpu ?? null],
    ["threads", environment?.threads ?? null],
    ["commit", environment?.git?.commit ?? null],
    ["uncommitted", environment?.git?.uncommitted ?? null],
    ...settingsByPath(trial.config, "setting."),
    ...prefixed("metric", record.metrics),
    ...prefixed("data", trial.data),
    ...prefixed("file", record.files ?? {}),
  ]);
}

/** So many rows of a curve are handed on at a time. */
const PART = 1000;

/** The curves in long form: one row per trial, step and metric. */
export function rowTable({ trials }: StoredRun, store: Store, onProblem: (problem: string) => void): ExportedTable {
  return {
    columns: [
      { name: "trial", type: "text" },
      { name: "task", type: "text" },
      { name: "variant", type: "text" },
      columnOf(
        "seed",
        trials.map(({ trial }) => trial.seed),
      ),
      { name: "fold", type: "integer" },
      { name: "step", type: "number" },
      { name: "metric", type: "text" },
      { name: "value", type: "number" },
    ],
    async *parts() {
      for (const { trial, record } of trials) {
        const { id, task, variant, seed, fold } = trial;
        const { rows, problems } = await store.readCurves(record);
        problems.forEach(onProblem);
        const place = [id, task, variant, seed, fold === undefined ? null : fold.index + 1];
        for (let first = 0; first < rows.length; first += PART)
          yield rows
            .slice(first, first + PART)
            .flatMap(({ step, ...values }) =>
              Object.entries(values).map(([metric, value]) => [...place, step, metric, value]),
            );
      }
    },
  };
}
