import { createLogUpdate } from "log-update";
import type { RunEvent, RunPlan } from "@sluice/study";
import { paintFor } from "./paint.ts";
import { drawBoard, newBoard, plainLine, updated, type Board } from "./board.ts";
import { wrapped } from "./layout.ts";
import { isLive } from "./terminal.ts";

export interface Display {
  event(event: RunEvent): void;
  /** Prints a permanent line. */
  say(text: string): void;
  /** Draws below what others have written since. */
  afresh(): void;
  end(): void;
}

const REDRAW_MS = 150;
const PLAIN_EVERY_MS = 30_000;

/** What a display begins with. */
interface Shown {
  readonly board: Board;
  /** The title of the column of the headline metric. */
  readonly headline: string;
  /** How many trials run at a time. */
  jobs(board: Board): number;
}

/** A table if there are trials to run and the output is a terminal, otherwise lines. */
export const displayFor = (run: RunPlan, stream: NodeJS.WriteStream): Display =>
  run.pending.length > 0
    ? displayOf({ board: newBoard(run), headline: shortHeadline(run), jobs: (board) => jobsOf(run, board) }, stream)
    : plainDisplay(newBoard(run), printTo(stream));

/** The same for trials that come one after another, as a worker takes them. */
export const displayOf = (shown: Shown, stream: NodeJS.WriteStream): Display =>
  isLive(stream) ? liveDisplay(shown, stream) : plainDisplay(shown.board, printTo(stream));

const printTo =
  (stream: NodeJS.WriteStream) =>
  (line: string): void =>
    void stream.write(`${line}\n`);

/** Other machines run as many trials as they have room for: those that run now. */
const jobsOf = ({ executor, jobs }: RunPlan, board: Board): number =>
  executor.takesAll === true ? [...board.values()].filter(({ status }) => status === "running").length : jobs;

/** Older notes make room for the table. */
const NOTES = 5;

/** A table that overwrites itself. */
function liveDisplay({ board: first, headline, jobs }: Shown, stream: NodeJS.WriteStream): Display {
  const update = createLogUpdate(stream, { showCursor: true });
  const paint = paintFor(stream);
  let board = first;
  let notes: string[] = [];
  const draw = (): void => {
    const width = stream.columns - 1;
    const below = notes.flatMap((note) => wrapped(note, width));
    const table = drawBoard(board, {
      width,
      height: stream.rows - below.length,
      headline,
      now: Date.now(),
      jobs: jobs(board),
      paint,
    });
    update([table, ...below].join("\n"));
  };
  const timer = setInterval(draw, REDRAW_MS);
  let ended = false;
  draw();
  return {
    event: (event) => void (board = updated(board, event, Date.now())),
    say: (text) => void (notes = [...notes, text].slice(-NOTES)),
    afresh: () => update.done(),
    end() {
      if (ended) return;
      ended = true;
      clearInterval(timer);
      draw();
      update.done();
    },
  };
}

/** Prints lines one after another: starts and ends at once, progress from time to time. */
export function plainDisplay(first: Board, print: (line: string) => void, every = PLAIN_EVERY_MS): Display {
  let board = first;
  const printed = new Map<string, number>();
  const reasons = new Set<string>();
  return {
    event(event) {
      const now = Date.now();
      // Hundreds of trials may wait for the same reason.
      const isKnown = event.kind === "waiting" && !printed.has(event.trial.id) && reasons.has(event.reason);
      if (event.kind === "waiting") reasons.add(event.reason);
      board = updated(board, event, now);
      const row = board.get(event.trial.id);
      if (row === undefined) return;
      if (isKnown) return;
      if (event.kind === "progress" && now - (printed.get(event.trial.id) ?? 0) < every) return;
      printed.set(event.trial.id, now);
      print(plainLine(row, now, event.kind === "ended" ? event.record : undefined));
    },
    say: print,
    afresh() {},
    end() {},
  };
}

function shortHeadline(run: RunPlan): string {
  const label = (Object.values(run.study.metrics)[0]?.label ?? "metric").toLowerCase();
  if (label === "loss") return "score";
  return label.length <= 9 ? label : label.includes("accuracy") ? "accuracy" : `${label.slice(0, 8)}…`;
}
