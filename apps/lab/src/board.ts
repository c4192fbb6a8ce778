import {
  trialName,
  type PlannedTrial,
  type Progress,
  type RunEvent,
  type RunPlan,
  type TrialRecord,
} from "@sluice/study";
import { duration, layTable, shortNumber, type Column } from "./layout.ts";

/** A trial in the live table. */
export interface BoardRow {
  readonly trial: PlannedTrial;
  readonly status: string;
  readonly progress?: Progress;
  /** When it started or made its first step in this session, and the number of that step. */
  readonly since?: number;
  readonly from?: number;
  readonly seconds?: number;
}

export type Board = ReadonlyMap<string, BoardRow>;

export function newBoard(run: RunPlan): Board {
  const pending = new Set(run.pending.map((trial) => trial.id));
  return new Map(
    run.trials.map((trial, index) => {
      const record = run.records[index];
      return [
        trial.id,
        {
          trial,
          status: pending.has(trial.id) ? "waiting" : (record?.status ?? "waiting"),
          ...(record?.seconds === undefined ? {} : { seconds: record.seconds }),
        },
      ];
    }),
  );
}

/** The board after an event. */
export function updated(board: Board, event: RunEvent, now: number): Board {
  const row = board.get(event.trial.id) ?? { trial: event.trial, status: "waiting" };
  return new Map(board).set(event.trial.id, changed(row, event, now));
}

function changed(row: BoardRow, event: RunEvent, now: number): BoardRow {
  if (event.kind === "started") return { ...row, status: "running", since: now, from: 0 };
  if (event.kind === "resumed") return { ...row, from: event.step };
  if (event.kind === "progress") {
    // Loading data and compiling take place before the first step. The remaining time is estimated from the steps after
    // it.
    const start = row.progress === undefined ? { since: now, from: event.progress.step } : {};
    return { ...row, ...start, status: "running", progress: event.progress };
  }
  return {
    ...row,
    status: event.record.status,
    ...(event.record.seconds === undefined ? {} : { seconds: event.record.seconds }),
  };
}

/** Remaining seconds of a running trial, from the steps of this session; `undefined` until there are some. */
function secondsLeft({ progress, since, from = 0, status }: BoardRow, now: number): number | undefined {
  if (status !== "running" || progress === undefined || since === undefined) return undefined;
  const made = progress.step - from;
  return made <= 0 ? undefined : ((now - since) / 1000 / made) * (progress.steps - progress.step);
}

function columns(headline: string, now: number): Column<BoardRow>[] {
  const text = (title: string, keep: number, cell: (row: BoardRow) => string, most = 16): Column<BoardRow> => ({
    title,
    align: "left",
    keep,
    most,
    cell,
  });
  const number = (title: string, keep: number, cell: (row: BoardRow) => string): Column<BoardRow> => ({
    title,
    align: "right",
    keep,
    cell,
  });
  const left = (row: BoardRow): string => {
    const seconds = secondsLeft(row, now);
    return seconds === undefined ? "" : duration(seconds);
  };
  return [
    text("task", 10, (row) => row.trial.task),
    text("variant", 10, (row) => row.trial.variant),
    number("seed", 9, ({ trial: { seed, fold } }) =>
      fold === undefined ? String(seed) : `${seed}, fold ${fold.index + 1}`,
    ),
    number("step", 6, ({ progress }) => (progress === undefined ? "" : `${progress.step}/${progress.steps}`)),
    number("loss", 5, ({ progress }) => shortNumber(progress?.loss)),
    number(headline, 4, ({ progress }) => shortNumber(progress?.accuracy)),
    number("|grad|", 3, ({ progress }) => shortNumber(progress?.gradientNorm)),
    number("ex/s", 2, ({ progress }) =>
      progress?.examplesPerSecond === undefined ? "" : String(Math.round(progress.examplesPerSecond)),
    ),
    number("left", 7, left),
    text("status", 10, (row) => row.status),
  ];
}

/**
 * The live table for a terminal: first running trials, then problems, then waiting and finished trials, as far as they
 * fit.
 */
export function drawBoard(
  board: Board,
  { width, height, headline, now }: { width: number; height: number; headline: string; now: number },
): string {
  const rows = [...board.values()];
  const weight = (row: BoardRow): number =>
    row.status === "running" ? 0 : row.status === "done" ? 2 : row.status === "waiting" ? 3 : 1;
  const room = Math.max(1, height - 4);
  const chosen = new Set([...rows].sort((a, b) => weight(a) - weight(b)).slice(0, room));
  const shown = rows.filter((row) => chosen.has(row));
  const counts = ["done", "running", "waiting", "diverged", "failed", "interrupted", "unreadable"]
    .map((status) => [status, rows.filter((row) => row.status === status).length] as const)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`);
  const hidden = rows.length - shown.length;
  return [
    ...layTable(columns(headline, now), shown, width),
    "",
    `${counts.join(", ")}${hidden > 0 ? ` (${hidden} not shown)` : ""}`.slice(0, width),
  ].join("\n");
}

/** One line about a trial, for output that is not a terminal. */
export function plainLine(row: BoardRow, now: number, record?: TrialRecord): string {
  const { trial, progress, status } = row;
  const name = `${trial.task} / ${trialName(trial)}`;
  if (record !== undefined) {
    const took = record.seconds === undefined ? "" : ` in ${duration(record.seconds)}`;
    return `${name}: ${record.status}${took}${record.reason === undefined ? "" : `: ${record.reason.split("\n")[0]}`}`;
  }
  if (progress === undefined)
    return `${name}: ${status === "running" ? "started" : status}${(row.from ?? 0) > 0 ? ` from step ${row.from}` : ""}`;
  const left = secondsLeft(row, now);
  const parts = [
    `step ${progress.step}/${progress.steps}`,
    progress.loss !== undefined && `loss ${shortNumber(progress.loss)}`,
    progress.accuracy !== undefined && `accuracy ${shortNumber(progress.accuracy)}`,
    progress.gradientNorm !== undefined && `gradient ${shortNumber(progress.gradientNorm)}`,
    progress.examplesPerSecond !== undefined && `${Math.round(progress.examplesPerSecond)} examples/s`,
    left !== undefined && `${duration(left)} left`,
  ];
  return `${name}: ${parts.filter((part) => part !== false).join(", ")}`;
}
