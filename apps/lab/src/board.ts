import {
  trialName,
  type PlannedTrial,
  type Progress,
  type RunEvent,
  type RunPlan,
  type TrialRecord,
} from "@sluice/study";
import { cut, duration, fitted, hiddenLines, shortNumber, type Column } from "./layout.ts";
import { plain, type Paint, type Tone } from "./paint.ts";
import { remaining, secondsLeft } from "./remaining.ts";
import { triedOf } from "./tried.ts";

/** A trial in the live table. */
export interface BoardRow {
  readonly trial: PlannedTrial;
  readonly status: string;
  readonly progress?: Progress;
  /** When it started or made its first step in this session, and the number of that step. */
  readonly since?: number;
  readonly from?: number;
  readonly seconds?: number;
  /** Examples per second, smoothed. */
  readonly speed?: number;
  /** Where it runs, if not on this machine. */
  readonly place?: string;
  /** Why it waits again. */
  readonly why?: string;
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
  if (event.kind === "started") {
    const { place } = event;
    return { ...row, status: "running", since: now, from: 0, ...(place === undefined ? {} : { place }) };
  }
  if (event.kind === "waiting") {
    // What it did on a machine that is gone says nothing about the next one.
    const { progress: _progress, speed: _speed, since: _since, place: _place, ...rest } = row;
    return { ...rest, status: "waiting", why: event.reason };
  }
  if (event.kind === "resumed") return { ...row, from: event.step };
  if (event.kind === "progress") {
    // Loading data and compiling take place before the first step. The remaining time is estimated from the steps after
    // it.
    const start = row.progress === undefined ? { since: now, from: event.progress.step } : {};
    return { ...row, ...start, ...speedAfter(row, event.progress), status: "running", progress: event.progress };
  }
  return {
    ...row,
    status: event.record.status,
    ...(event.record.seconds === undefined ? {} : { seconds: event.record.seconds }),
  };
}

/** An exponential mean, because single steps take very different times. */
function speedAfter({ speed }: BoardRow, { examplesPerSecond }: Progress): { readonly speed?: number } {
  if (examplesPerSecond === undefined || !Number.isFinite(examplesPerSecond)) return {};
  return { speed: speed === undefined ? examplesPerSecond : speed + 0.2 * (examplesPerSecond - speed) };
}

/** A sign for each status, so that the table needs no column of words; the counts below it say what the signs mean. */
const signs: { readonly [status: string]: string } = {
  running: "▸",
  done: "✓",
  waiting: "·",
  diverged: "✗",
  failed: "✗",
  unreadable: "✗",
  interrupted: "‖",
};

const signOf = (status: string): string => signs[status] ?? "?";

/** Columns of numbers have the width of the widest number, so that they do not move. */
function columns({ headline, now, width }: Drawing, rows: readonly BoardRow[]): Column<BoardRow>[] {
  const tuned = Object.keys(triedOf(rows.find(({ trial }) => trial.tuning !== undefined)?.trial));
  const away = rows.some(({ place }) => place !== undefined);
  const text = (title: string, cell: (row: BoardRow) => string): Column<BoardRow> => ({
    title,
    align: "left",
    keep: 10,
    most: width < 100 ? 12 : 24,
    cell,
  });
  const number = (title: string, keep: number, least: number, cell: (row: BoardRow) => string): Column<BoardRow> => ({
    title,
    align: "right",
    keep,
    least,
    cell,
  });
  const left = (row: BoardRow): string => {
    const seconds = secondsLeft(row, now);
    if (seconds === undefined) return "";
    return seconds < 36_000 ? duration(seconds) : `${Math.round(seconds / 3600)} h`;
  };
  return [
    { title: "", align: "left", keep: 10, cell: ({ status }) => signOf(status) },
    text("task", ({ trial }) => trial.task),
    text("variant", ({ trial }) => trial.variant),
    number("seed", 9, 0, ({ trial: { seed, fold } }) =>
      fold === undefined ? String(seed) : `${seed}, fold ${fold.index + 1}`,
    ),
    ...tuned.map((name, index) => ({
      ...text(name.split(".").at(-1) ?? name, ({ trial }: BoardRow) => triedOf(trial)[name] ?? ""),
      keep: 8 - index / 100,
    })),
    ...(away ? [text("where", ({ place = "" }) => place)] : []),
    number("step", 3, 11, ({ progress }) => (progress === undefined ? "" : `${progress.step}/${progress.steps}`)),
    number("loss", 6, 7, ({ progress }) => shortNumber(progress?.loss)),
    number(headline, 5, 7, ({ progress }) => shortNumber(progress?.accuracy)),
    number("|grad|", 2, 7, ({ progress }) => shortNumber(progress?.gradientNorm)),
    number("ex/s", 4, 5, ({ speed }) => speedText(speed)),
    number("left", 7, 7, left),
  ];
}

function speedText(speed: number | undefined): string {
  if (speed === undefined) return "";
  return speed < 99_999.5 ? String(Math.round(speed)) : `${Math.round(speed / 1000)}k`;
}

/** What {@link drawBoard} needs to know besides the trials. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** The title of the column of the headline metric. */
  readonly headline: string;
  /** Milliseconds, as of `Date.now()`. */
  readonly now: number;
  /** Trials at a time. */
  readonly jobs: number;
  /** Default `plain`. */
  readonly paint?: Paint;
}

/**
 * The live table for a terminal: a bar of all the work, then running trials, then problems, then waiting and finished
 * trials, as far as they fit.
 */
export function drawBoard(board: Board, drawing: Drawing): string {
  const { width, height, paint = plain } = drawing;
  const rows = [...board.values()];
  const weight = (row: BoardRow): number =>
    row.status === "running" ? 0 : row.status === "done" ? 2 : row.status === "waiting" ? 3 : 1;
  const given = columns(drawing, rows);
  const below = [
    ...hiddenLines(fitted(given, [], { width, measured: rows }).hidden, width),
    ...waitingLines(rows, width),
  ];
  const room = Math.max(1, height - 5 - below.length);
  const chosen = new Set([...rows].sort((a, b) => weight(a) - weight(b)).slice(0, room));
  const shown = rows.filter((row) => chosen.has(row));
  const [head = "", ...lines] = fitted(given, shown, { width, measured: rows }).lines;
  return [
    overall(rows, drawing),
    paint(head, "dim"),
    ...lines.map((line, index) => paint(line, toneOf(shown[index]?.status ?? ""))),
    ...below.map((line) => paint(line, "dim")),
    countsLine(rows, rows.length - shown.length, width),
  ].join("\n");
}

function toneOf(status: string): Tone {
  if (status === "running") return "normal";
  if (status === "done" || status === "waiting") return "dim";
  return "red";
}

/** The number of trials of each status with its sign. */
function countsLine(rows: readonly BoardRow[], hidden: number, width: number): string {
  const counts = ["done", "running", "waiting", "diverged", "failed", "interrupted", "unreadable"]
    .map((status) => [status, rows.filter((row) => row.status === status).length] as const)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${signOf(status)} ${count} ${status}`);
  return cut(`${counts.join(", ")}${hidden > 0 ? ` (${hidden} not shown)` : ""}`, width);
}

/** A line with the reason for which most trials wait, if the executor gives one. */
function waitingLines(rows: readonly BoardRow[], width: number): string[] {
  const reasons = new Map<string, number>();
  for (const { status, why } of rows)
    if (status === "waiting" && why !== undefined) reasons.set(why, (reasons.get(why) ?? 0) + 1);
  const [most] = [...reasons].sort(([, a], [, b]) => b - a);
  return most === undefined ? [] : [cut(`waiting: ${most[0]}`, width)];
}

/** A bar over the work of all trials, with the time left. */
function overall(rows: readonly BoardRow[], { width, now, jobs, paint = plain }: Drawing): string {
  const { share, left } = remaining(rows, { now, jobs });
  const ended = rows.filter(({ status }) => status !== "waiting" && status !== "running").length;
  const percent = `${Math.floor(100 * share)} %`.padStart(5);
  const time = left === undefined || ended === rows.length ? "" : `, about ${duration(left)} left`;
  const text = `${percent}  ${ended} of ${rows.length} trials${time}`;
  const cells = Math.max(0, Math.min(40, width - text.length - 3));
  if (cells < 8) return cut(text.trim(), width);
  const full = Math.floor(cells * share);
  return `${paint("█".repeat(full), "green")}${paint("░".repeat(cells - full), "dim")} ${text}`;
}

/** How a trial without progress stands: "started on box2 from step 40", "waiting: its worker is gone". */
function startText({ status, place, why, from = 0 }: BoardRow): string {
  if (status !== "running") return why === undefined ? status : `${status}: ${why}`;
  return `started${place === undefined ? "" : ` on ${place}`}${from > 0 ? ` from step ${from}` : ""}`;
}

/** One line about a trial, for output that is not a terminal. */
export function plainLine(row: BoardRow, now: number, record?: TrialRecord): string {
  const { trial, progress } = row;
  const name = `${trial.task} / ${trialName(trial)}`;
  if (record !== undefined) {
    const took = record.seconds === undefined ? "" : ` in ${duration(record.seconds)}`;
    return `${name}: ${record.status}${took}${record.reason === undefined ? "" : `: ${record.reason.split("\n")[0]}`}`;
  }
  if (progress === undefined) return `${name}: ${startText(row)}`;
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
