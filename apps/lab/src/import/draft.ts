import type { GivenFile, Json, MetricRow } from "@sluice/study";
import { numberOf, settingOf, textOf } from "./cells.ts";
import { settingIn, type Columns } from "./columns.ts";
import { PARTS, type Part } from "./mapping.ts";
import type { ImportProblem, Place } from "./problem.ts";

/** A value, and where it stands. */
export interface Told<T> {
  readonly value: T;
  readonly place: Place;
}

/** A trial while it is read: what its files say, not yet checked against the run. */
export interface Draft {
  /** Where it begins. */
  readonly place: Place;
  readonly parts: Map<Part, Told<unknown>>;
  readonly settings: Map<string, Told<Json>>;
  /** Summary values. */
  readonly finals: Map<string, Told<number>>;
  readonly rows: MetricRow[];
  readonly files: GivenFile[];
  /** Name of the file with its weights. */
  weights: string | undefined;
  /** SHA-256 of the files that it was read from, by name. */
  read: { readonly [file: string]: string };
}

export const newDraft = (place: Place): Draft => ({
  place,
  parts: new Map(),
  settings: new Map(),
  finals: new Map(),
  rows: [],
  files: [],
  weights: undefined,
  read: {},
});

/** Where the cells of a line are read to. */
interface Reading {
  readonly columns: Columns;
  /** The file and line. */
  readonly place: Place;
  readonly problems: ImportProblem[];
}

/** Takes what a line says of a trial as a whole. What was said before must not change. */
export function tellParts(
  draft: Draft,
  cells: ReadonlyMap<string, unknown>,
  { columns, place, problems }: Reading,
): void {
  for (const part of PARTS) {
    const column = columns.parts[part].find((name) => cells.has(name));
    if (column === undefined || part === "step") continue;
    tell(draft.parts, part, { value: cells.get(column), place: { ...place, column } }, problems);
  }
  for (const [column, cell] of cells) {
    const setting = settingIn(columns, column);
    if (setting === undefined || columns.metrics.has(column)) continue;
    const value = settingOf(cell, setting.usual);
    tell(draft.settings, setting.name, { value, place: { ...place, column } }, problems);
  }
}

function tell<K, V>(told: Map<K, Told<V>>, name: K, now: Told<V>, problems: ImportProblem[]): void {
  const before = told.get(name);
  if (before === undefined) told.set(name, now);
  else if (textOf(before.value) !== textOf(now.value))
    problems.push({
      ...now.place,
      what: `${textOf(now.value)}, but line ${before.place.line ?? "?"} says ${textOf(before.value)} of the same trial`,
    });
}

/** The metrics of a line, in the units of the study. */
export function metricsIn(
  cells: ReadonlyMap<string, unknown>,
  { columns, place, problems }: Reading,
): ReadonlyMap<string, Told<number>> {
  const found = new Map<string, Told<number>>();
  for (const [column, cell] of cells) {
    const metric = columns.metrics.get(column);
    if (metric === undefined) continue;
    const value = numberOf(cell);
    if (value === null) problems.push({ ...place, column, what: `"${textOf(cell)}" is no number` });
    else found.set(metric.metric, { value: value * metric.times, place: { ...place, column } });
  }
  return found;
}

/** Adds the metrics of a line at a step. Lines of one step that say different metrics become one row. */
export function addRow(draft: Draft, cells: ReadonlyMap<string, unknown>, reading: Reading): void {
  const { columns, place, problems } = reading;
  const found = metricsIn(cells, reading);
  if (found.size === 0) return;
  const column = columns.parts.step.find((name) => cells.has(name)) ?? columns.parts.step[0] ?? "step";
  const step = numberOf(cells.get(column));
  if (step === null || !Number.isFinite(step)) {
    problems.push({
      ...{ ...place, column },
      what: cells.has(column) ? `"${textOf(cells.get(column))}" is no step; expected a number` : "no step is given",
    });
    return;
  }
  const values = Object.fromEntries([...found].map(([name, { value }]) => [name, value]));
  const last = draft.rows.at(-1);
  if (last !== undefined && step < last.step)
    problems.push({
      ...place,
      column,
      what: `step ${step} comes after step ${last.step}; expected steps in their order`,
    });
  else if (last === undefined || step > last.step) draft.rows.push({ step, ...values });
  else {
    // A table of one row per metric has NaN, as pandas writes it, where the other metrics of the step would stand.
    const known = (name: string): boolean => !Number.isNaN(last[name] ?? Number.NaN);
    const told = Object.entries(values).filter(([name, value]) => !(known(name) && Number.isNaN(value)));
    const twice = told.find(([name]) => known(name));
    if (twice === undefined) draft.rows[draft.rows.length - 1] = { ...last, ...Object.fromEntries(told) };
    else problems.push({ ...place, column, what: `step ${step} has the metric "${twice[0]}" a second time` });
  }
}
