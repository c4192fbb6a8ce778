import { createLogUpdate } from "log-update";
import type { RunEvent, RunPlan } from "@sluice/study";
import { paintFor } from "./paint.ts";
import { drawBoard, newBoard, plainLine, updated } from "./board.ts";
import { isLive } from "./terminal.ts";

export interface Display {
  event(event: RunEvent): void;
  /** Prints a permanent line. */
  say(text: string): void;
  end(): void;
}

const REDRAW_MS = 150;
const PLAIN_EVERY_MS = 30_000;

/** A table if there are trials to run and the output is a terminal, otherwise lines. */
export const displayFor = (run: RunPlan, stream: NodeJS.WriteStream): Display =>
  isLive(stream) && run.pending.length > 0
    ? liveDisplay(run, stream)
    : plainDisplay(run, (line) => void stream.write(`${line}\n`));

/** A table that overwrites itself. */
function liveDisplay(run: RunPlan, stream: NodeJS.WriteStream): Display {
  const update = createLogUpdate(stream, { showCursor: true });
  const headline = shortHeadline(run);
  const paint = paintFor(stream);
  let board = newBoard(run);
  let notes: string[] = [];
  const draw = (): void => {
    const table = drawBoard(board, {
      width: stream.columns - 1,
      height: stream.rows - notes.length,
      headline,
      now: Date.now(),
      jobs: run.jobs,
      paint,
    });
    update([table, ...notes].join("\n"));
  };
  const timer = setInterval(draw, REDRAW_MS);
  let ended = false;
  draw();
  return {
    event: (event) => void (board = updated(board, event, Date.now())),
    say: (text) => void (notes = [...notes, text]),
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
export function plainDisplay(run: RunPlan, print: (line: string) => void, every = PLAIN_EVERY_MS): Display {
  let board = newBoard(run);
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
    end() {},
  };
}

function shortHeadline(run: RunPlan): string {
  const label = (Object.values(run.study.metrics)[0]?.label ?? "metric").toLowerCase();
  if (label === "loss") return "score";
  return label.length <= 9 ? label : label.includes("accuracy") ? "accuracy" : `${label.slice(0, 8)}…`;
}
