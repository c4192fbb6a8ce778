import type { PlannedTrial } from "../plan.ts";
import type { FileHashes, TrialRecord } from "../results.ts";
import { extremes } from "../statistics/summary.ts";
import type { Metric } from "../study.ts";
import type { MetricRow, TrialOutcome } from "../trial.ts";

/** How a trial ended. It is written last: a trial without a result is not finished. */
export interface TrialResult {
  /** Id of the trial. */
  readonly trial: string;
  readonly status: "done" | "diverged" | "failed" | "interrupted";
  /** The reason for every status except `done`. */
  readonly reason?: string;
  readonly stack?: string;
  readonly diverged?: { readonly step: number; readonly tensor: string };
  readonly metrics: { readonly [metric: string]: number | null };
  readonly weights?: string;
  readonly varies?: string;
  readonly parameters?: number;
  /** The files that the trial has kept; absent if there are none. */
  readonly files?: FileHashes;
  readonly warnings?: readonly string[];
  /**
   * The only part that differs between two runs of the same trial: seconds, the date and, if it had a process of its own,
   * in `startup` the seconds before it began, and in `memory` the bytes that the process has held at most. Of an imported
   * trial, seconds and date may not be known.
   */
  readonly timings: {
    readonly seconds?: number;
    readonly finished?: string;
    readonly [name: string]: number | string | undefined;
  };
}

/** The part of a trial's record that comes from its result. */
export function reportedOf(
  result: Pick<TrialResult, "status" | "metrics"> & {
    readonly reason?: string | undefined;
    readonly weights?: string | undefined;
    readonly varies?: string | undefined;
    readonly parameters?: number | undefined;
    readonly files?: FileHashes | undefined;
    readonly warnings?: readonly string[] | undefined;
    readonly timings: { readonly seconds?: number | undefined; readonly [name: string]: unknown };
  },
): Omit<TrialRecord, "id" | "folder" | "task" | "variant" | "seed" | "fold" | "imported"> {
  const { seconds, finished, startup, memory } = result.timings;
  return {
    status: result.status,
    ...(result.reason === undefined ? {} : { reason: result.reason }),
    metrics: result.metrics,
    ...(result.weights === undefined ? {} : { weights: result.weights }),
    ...(result.varies === undefined ? {} : { varies: result.varies }),
    ...(result.parameters === undefined ? {} : { parameters: result.parameters }),
    ...(result.files === undefined ? {} : { files: result.files }),
    ...(seconds !== undefined && { seconds }),
    ...(typeof finished === "string" && { finished }),
    ...(typeof startup === "number" && { startup }),
    ...(typeof memory === "number" && { memory }),
    warnings: result.warnings ?? [],
  };
}

/**
 * Summary values: those that the trial returned, or else those computed from the curves. Reports missing values and
 * values that are not numbers.
 */
export function summarise(
  metrics: { readonly [metric: string]: Metric },
  rows: readonly MetricRow[],
  outcome: TrialOutcome,
): {
  values: { [metric: string]: number | null };
  warnings: string[];
  notFinite: { step: number; tensor: string } | null;
} {
  const values: { [metric: string]: number | null } = {};
  const warnings: string[] = [];
  let notFinite: { step: number; tensor: string } | null = null;
  for (const [name, metric] of Object.entries(metrics)) {
    const given = outcome.metrics?.[name];
    const curve = rows.flatMap((row) => (row[name] === undefined ? [] : [{ step: row.step, value: row[name] }]));
    const bad = curve.find((point) => !Number.isFinite(point.value));
    const value =
      given === undefined
        ? read(
            metric,
            curve.map((point) => point.value),
          )
        : given;
    if (value === undefined)
      warnings.push(`no value for the metric "${name}": give it in a metric row or in the trial's outcome`);
    if (typeof value === "number" && !Number.isFinite(value))
      notFinite ??= { step: bad?.step ?? rows.at(-1)?.step ?? 0, tensor: name };
    values[name] = typeof value === "number" && Number.isFinite(value) ? value : null;
  }
  for (const name of Object.keys(outcome.metrics ?? {})) {
    if (metrics[name] === undefined)
      warnings.push(`the outcome's metric "${name}" is not a metric of the study: ${Object.keys(metrics).join(", ")}`);
  }
  return { values, warnings, notFinite };
}

/** Whether a task has a metric. */
export const hasMetric = ({ tasks }: Pick<Metric, "tasks">, task: string): boolean => tasks?.includes(task) ?? true;

/** What guessing gives on a task; `undefined` if that is not known, or if the task does not have the metric. */
export function chanceOf(metric: Pick<Metric, "chance" | "tasks">, task: string): number | undefined {
  if (!hasMetric(metric, task)) return undefined;
  return typeof metric.chance === "object" ? metric.chance[task] : metric.chance;
}

/**
 * The metrics that a trial reports: those of its task and, for a tuning trial, of them those not measured on test data.
 */
export const metricsOf = (
  { task, tuning }: Pick<PlannedTrial, "task" | "tuning">,
  metrics: { readonly [metric: string]: Metric },
): { readonly [metric: string]: Metric } =>
  Object.fromEntries(
    Object.entries(metrics).filter(
      ([, metric]) => hasMetric(metric, task) && (tuning === undefined || metric.split !== "test"),
    ),
  );

/** An error if a tuning trial reports what it measured on test data. */
export function refuseTestMetrics(
  { tuning }: Pick<PlannedTrial, "tuning">,
  metrics: { readonly [metric: string]: Metric },
  given: { readonly [metric: string]: unknown },
): void {
  if (tuning === undefined) return;
  const name = Object.keys(given).find((own) => Object.hasOwn(metrics, own) && metrics[own]?.split === "test");
  if (name !== undefined)
    throw new Error(
      `a tuning trial reported "${name}", which is measured on test data; leave the test data alone if context.tuning is true`,
    );
}

function read(metric: Metric, curve: readonly number[]): number | undefined {
  if (curve.length === 0) return undefined;
  if (metric.summarise === "best") return extremes(curve)[metric.better === "higher" ? "high" : "low"];
  if (metric.summarise === "tail mean") {
    const tail = curve.slice(-Math.max(1, Math.ceil(curve.length / 10)));
    return tail.reduce((sum, value) => sum + value, 0) / tail.length;
  }
  return curve.at(-1);
}
