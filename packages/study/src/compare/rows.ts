import type { MetricRow } from "../trial.ts";

/** Where the curves of two trials part. */
export interface Parting {
  readonly step: number;
  readonly metric: string;
  /** `undefined` where a trial has no such number at this step. */
  readonly first: number | undefined;
  readonly second: number | undefined;
}

/**
 * The first step at which the rows of two trials have other numbers; `null` if they are the same to the bit. Rows after
 * it are not asked for.
 */
export function parting(first: Iterable<MetricRow>, second: Iterable<MetricRow>): Parting | null {
  const [ours, theirs] = [first[Symbol.iterator](), second[Symbol.iterator]()];
  for (;;) {
    const [a, b] = [nextOf(ours), nextOf(theirs)];
    if (a === undefined && b === undefined) return null;
    // A row that only one of them has, such as an evaluation, comes at the smaller step.
    const step = Math.min(a?.step ?? Infinity, b?.step ?? Infinity);
    const [own, other] = [a?.step === step ? a : undefined, b?.step === step ? b : undefined];
    const metric = [...new Set([...Object.keys(own ?? {}), ...Object.keys(other ?? {})])].find(
      (name) => !Object.is(own?.[name], other?.[name]),
    );
    if (metric === undefined) continue;
    const shown = metric === "step" ? (firstMetric(own) ?? firstMetric(other) ?? "step") : metric;
    return { step, metric: shown, first: own?.[shown], second: other?.[shown] };
  }
}

function nextOf(rows: Iterator<MetricRow>): MetricRow | undefined {
  const next = rows.next();
  return next.done === true ? undefined : next.value;
}

const firstMetric = (row: MetricRow | undefined): string | undefined =>
  Object.keys(row ?? {}).find((name) => name !== "step");
