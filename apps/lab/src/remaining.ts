import type { BoardRow } from "./board.ts";

/** Remaining seconds of a running trial, from the steps of this session; `undefined` until there are some. */
export function secondsLeft(row: BoardRow, now: number): number | undefined {
  const each = secondsPerStep(row, now);
  return each === undefined || row.progress === undefined ? undefined : each * (row.progress.steps - row.progress.step);
}

function secondsPerStep({ progress, since, from = 0, status }: BoardRow, now: number): number | undefined {
  if (status !== "running" || progress === undefined || since === undefined) return undefined;
  const made = progress.step - from;
  return made <= 0 ? undefined : (now - since) / 1000 / made;
}

/** What is left of all trials. */
export interface Remaining {
  /** The share of the work that is done, 0 to 1. Trials that failed count as done. */
  readonly share: number;
  /** Seconds; `undefined` until a trial of this task and variant, or of any, has made some steps. */
  readonly left: number | undefined;
}

/**
 * The work of a trial is the time that it takes, by its own steps, or by the mean of the trials of the same task and
 * variant, or of all trials.
 */
export function remaining(
  rows: readonly BoardRow[],
  { now, jobs }: { readonly now: number; readonly jobs: number },
): Remaining {
  const known = rows.map((row) => ({ row, whole: wholeOf(row, now) }));
  const meanOf = (pick: (row: BoardRow) => boolean): number | undefined => {
    const found = known.flatMap(({ row, whole }) => (whole !== undefined && pick(row) ? [whole] : []));
    return found.length === 0 ? undefined : found.reduce((sum, seconds) => sum + seconds, 0) / found.length;
  };
  const all = meanOf(() => true);
  const means = new Map<string, number | undefined>();
  const expected = ({ trial: { task, variant } }: BoardRow): number | undefined => {
    const name = JSON.stringify([task, variant]);
    if (!means.has(name))
      means.set(name, meanOf(({ trial }) => trial.task === task && trial.variant === variant) ?? all);
    return means.get(name);
  };
  let [work, done, longest] = [0, 0, 0];
  for (const { row, whole = expected(row) ?? 1 } of known) {
    const left = leftOf(row, { whole, now });
    work += whole;
    done += whole - left;
    longest = Math.max(longest, left);
  }
  const share = work === 0 ? 1 : done / work;
  // The last trials do not fill all places.
  const left = all === undefined ? undefined : Math.max(longest, (work - done) / Math.max(1, jobs));
  return { share: Math.max(0, Math.min(1, share)), left };
}

function wholeOf(row: BoardRow, now: number): number | undefined {
  if (row.status !== "running") return row.status === "done" ? row.seconds : undefined;
  const each = secondsPerStep(row, now);
  return each === undefined || row.progress === undefined ? undefined : each * row.progress.steps;
}

function leftOf(row: BoardRow, { whole, now }: { readonly whole: number; readonly now: number }): number {
  if (row.status === "waiting") return whole;
  if (row.status !== "running") return 0;
  return secondsLeft(row, now) ?? whole;
}
