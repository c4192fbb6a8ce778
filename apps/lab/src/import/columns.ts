import { suggestion, usualSettings, type Json, type Manifest } from "@sluice/study";
import { PARTS, type Mapping, type Part } from "./mapping.ts";
import type { ImportProblem } from "./problem.ts";

/** Which column says what. A column that is not among these says nothing. */
export interface Columns {
  /** Columns by part; the first one that a line has counts. */
  readonly parts: Readonly<Record<Part, readonly string[]>>;
  /** Metrics by column, with the factor that brings their values into the unit of the study. */
  readonly metrics: ReadonlyMap<string, { readonly metric: string; readonly times: number }>;
  /** Settings by column, with the value that the run has there. */
  readonly settings: ReadonlyMap<string, { readonly name: string; readonly usual: Json | undefined }>;
  /** Columns that the mapping names, of which one must be there, with what it says they are. */
  readonly named: readonly NamedColumns[];
}

interface NamedColumns {
  readonly columns: readonly string[];
  readonly what: string;
}

/**
 * The columns that a mapping names and, for what it does not name, those that are called like the part, metric or
 * setting, as `sluice export` calls them too: `seed`, `accuracy` or `metric.accuracy`, `hidden` or `setting.hidden`.
 *
 * A tracker's table of runs may have the configuration of each run in columns `config.…` and its summary in columns
 * `summary.…`. They are found by their last name, too.
 */
export function columnsOf(mapping: Mapping, manifest: Manifest): Columns {
  const named: NamedColumns[] = [];
  const partColumns = (part: Part): readonly string[] => {
    const given = [mapping.columns?.[part] ?? []].flat().flatMap((column) => within(CONFIG, column));
    if (given.length > 0) named.push({ columns: given, what: part });
    // A column "trial" may mean anything, and a file of weights is not kept unless it is asked for.
    return given.length > 0 ? given : part === "trial" || part === "weights" ? [] : usualColumns(part);
  };
  const parts: Readonly<Record<Part, readonly string[]>> = {
    task: partColumns("task"),
    variant: partColumns("variant"),
    seed: partColumns("seed"),
    fold: partColumns("fold"),
    step: partColumns("step"),
    trial: partColumns("trial"),
    status: partColumns("status"),
    reason: partColumns("reason"),
    seconds: partColumns("seconds"),
    finished: partColumns("finished"),
    parameters: partColumns("parameters"),
    weights: partColumns("weights"),
  };
  const metrics = new Map<string, { readonly metric: string; readonly times: number }>();
  for (const metric of Object.keys(manifest.metrics)) {
    const given = mapping.metrics?.[metric];
    const own = typeof given === "string" ? { column: given, times: 1 } : given;
    const candidates = within(SUMMARY, own?.column ?? metric);
    if (own === undefined) candidates.push(`metric.${metric}`);
    else named.push({ columns: candidates, what: `the metric "${metric}"` });
    for (const column of candidates) metrics.set(column, { metric, times: own?.times ?? 1 });
  }
  return { parts, metrics, settings: settingColumns(mapping, manifest, named), named };
}

function settingColumns(mapping: Mapping, manifest: Manifest, named: NamedColumns[]): Columns["settings"] {
  const usual = usualSettings(manifest);
  const settings = new Map<string, { readonly name: string; readonly usual: Json | undefined }>();
  for (const name of new Set([...usual.keys(), ...Object.keys(mapping.settings ?? {})])) {
    const given = mapping.settings?.[name];
    const candidates = within(CONFIG, given ?? name);
    if (given === undefined) candidates.push(`setting.${name}`);
    else named.push({ columns: candidates, what: `the setting "${name}"` });
    for (const column of candidates) settings.set(column, { name, usual: usual.get(name) });
  }
  return settings;
}

const CONFIG = "config";
const SUMMARY = "summary";

/** A column as it is called alone, and among the members of a column of a tracker's table. */
const within = (group: string, column: string): string[] => [column, `${group}.${column}`, `${group}/${column}`];

/** What W&B calls the state of a run and its time: a run that crashed must not count as done. */
const TRACKED: { readonly [part in Part]?: readonly string[] } = {
  status: ["State"],
  seconds: ["Runtime", "summary._runtime", "summary/_runtime"],
};

const usualColumns = (part: Part): readonly string[] => [...within(CONFIG, part), ...(TRACKED[part] ?? [])];

/**
 * The setting that a column of a table says. The members of a configuration are settings too where the run has none of
 * their names, as in the configuration of a folder; a tracker's own members begin with an underscore.
 */
export function settingIn(
  columns: Columns,
  column: string,
): { readonly name: string; readonly usual: Json | undefined } | undefined {
  const known = columns.settings.get(column);
  if (known !== undefined || isUsed(columns, column)) return known;
  const [, name] = /^config[./]([^_].*)$/.exec(column) ?? [];
  return name === undefined ? undefined : { name, usual: undefined };
}

/** Names in the mapping that the run does not have. */
export function mappingProblems(mapping: Mapping, manifest: Manifest, file: string): ImportProblem[] {
  const metrics = Object.keys(manifest.metrics);
  const known = [...usualSettings(manifest).keys()];
  return [
    ...Object.keys(mapping.metrics ?? {})
      .filter((name) => !metrics.includes(name))
      .map((name) => ({
        ...{ file, line: null, column: null },
        what: `metrics: the run has no metric "${name}"; ${suggestion(name, metrics)}`,
      })),
    ...Object.keys(mapping.settings ?? {})
      .filter((name) => known.length > 0 && !known.includes(name))
      .map((name) => ({
        ...{ file, line: null, column: null },
        what: `settings: the run has no setting "${name}"; ${suggestion(name, known)}. Settings of your own are kept under their own names`,
      })),
  ];
}

/** Columns that the mapping names and the table does not have. */
export function missingColumns(columns: Columns, headings: ReadonlySet<string>, file: string): ImportProblem[] {
  return columns.named
    .filter(({ columns: own }) => !own.some((column) => headings.has(column)))
    .map(({ columns: [column = ""], what }) => ({
      ...{ file, line: null, column },
      what: `the mapping names it for ${what}, and there is no such column; ${suggestion(column, [...headings])}`,
    }));
}

/** Whether a column says anything. */
export const isUsed = ({ parts, metrics, settings }: Columns, column: string): boolean =>
  metrics.has(column) || settings.has(column) || PARTS.some((part) => parts[part].includes(column));
