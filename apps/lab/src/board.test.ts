import type { PlannedTrial, RunEvent } from "@sluice/study";
import { expect, test } from "vitest";
import { drawBoard, plainLine, updated, type Board, type BoardRow, type Drawing } from "./board.ts";
import { paintFor } from "./paint.ts";

const trial = (variant: string, seed: number, task = "pixels"): PlannedTrial => ({
  ...{ id: `${task}-${variant}-${seed}`, folder: "", study: "digits", task, variant, seed },
  ...{ config: {}, code: "", data: {} },
});

const boardOf = (rows: readonly BoardRow[]): Board => new Map(rows.map((row) => [row.trial.id, row]));

const progress = {
  step: 400,
  steps: 1600,
  loss: 0.51234,
  accuracy: 87.5,
  gradientNorm: 1.25e-4,
  examplesPerSecond: 2e4,
};

const board = boardOf([
  { trial: trial("RNN", 0), status: "done", seconds: 100 },
  { trial: trial("RNN", 1), status: "failed" },
  // 400 steps in 50 seconds: 150 are left.
  { trial: trial("GRU", 0), status: "running", since: 0, from: 0, progress, speed: 19_876.4 },
  { trial: trial("GRU", 1), status: "running", since: 40_000, from: 0 },
  { trial: trial("LSTM", 0), status: "waiting" },
  { trial: trial("LSTM", 1), status: "waiting" },
]);

const drawing: Drawing = { width: 160, height: 24, headline: "accuracy", now: 50_000, jobs: 2 };
const linesAt = (width: number, given = board): string[] => drawBoard(given, { ...drawing, width }).split("\n");

test("at 160 columns everything is there: bar, time left, and a line for each trial", () => {
  // Of 2 x 100 + 2 x 200 + 2 x 150 seconds 100 + 100 + 50 are done. A failed trial counts like its variant.
  expect(linesAt(160)).toEqual([
    "███████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  27 %  2 of 6 trials, about 5:25 left",
    "   task    variant  seed         step     loss  accuracy   |grad|   ex/s     left",
    "✓  pixels  RNN         0",
    "✗  pixels  RNN         1",
    "▸  pixels  GRU         0     400/1600   0.5123     87.50   1.3e-4  19876     2:30",
    "▸  pixels  GRU         1",
    "·  pixels  LSTM        0",
    "·  pixels  LSTM        1",
    "✓ 1 done, ▸ 2 running, · 2 waiting, ✗ 1 failed",
  ]);
});

test("at 80 and 60 columns the loss, the metric and the speed stay, and a line names what does not fit", () => {
  expect(linesAt(80).slice(1)).toEqual([
    "   task    variant  seed         step     loss  accuracy   ex/s     left",
    "✓  pixels  RNN         0",
    "✗  pixels  RNN         1",
    "▸  pixels  GRU         0     400/1600   0.5123     87.50  19876     2:30",
    "▸  pixels  GRU         1",
    "·  pixels  LSTM        0",
    "·  pixels  LSTM        1",
    "(too narrow for: |grad|)",
    "✓ 1 done, ▸ 2 running, · 2 waiting, ✗ 1 failed",
  ]);
  // The last column of a terminal of 60 stays free.
  const narrow = linesAt(59);
  expect(narrow[1]).toBe("   task    variant  seed     loss  accuracy   ex/s     left");
  expect(narrow).toContain("(too narrow for: step, |grad|)");
  for (const width of [20, 40, 60, 80])
    for (const line of linesAt(width)) expect(line.length).toBeLessThanOrEqual(width);
});

test("columns stay where they are, whatever the numbers and the trials that are shown", () => {
  const head = linesAt(100)[1];
  const other = new Map(board);
  for (const [id, row] of board)
    if (row.status === "running")
      other.set(id, {
        ...row,
        progress: { ...progress, step: 1, loss: 1.234567e-11, gradientNorm: 123456 },
        speed: 1e6,
      });
  expect(linesAt(100, other)[1]).toBe(head);
  expect(linesAt(100, boardOf([...board.values()].map((row) => ({ ...row, status: "waiting" }))))[1]).toBe(head);
  expect(drawBoard(board, { ...drawing, width: 100, height: 8 }).split("\n")[1]).toBe(head);
});

test("trials that do not fit are counted, those that run are shown first", () => {
  const lines = drawBoard(board, { ...drawing, height: 8 }).split("\n");
  expect(lines.slice(2, -1).map((line) => line[0])).toEqual(["✗", "▸", "▸"]);
  expect(lines.at(-1)).toBe("✓ 1 done, ▸ 2 running, · 2 waiting, ✗ 1 failed (3 not shown)");
});

test("the speed is smoothed", () => {
  const given = trial("GRU", 0);
  const speedAfter = (...speeds: readonly number[]): number | undefined =>
    speeds
      .reduce<Board>(
        (now, examplesPerSecond, step) =>
          updated(now, { kind: "progress", trial: given, progress: { step, steps: 9, examplesPerSecond } }, step),
        boardOf([{ trial: given, status: "running" }]),
      )
      .get(given.id)?.speed;
  expect(speedAfter(100)).toBe(100);
  expect(speedAfter(100, 200)).toBeCloseTo(120, 10);
  expect(speedAfter(100, 200, Number.NaN)).toBeCloseTo(120, 10);
});

test("before the first step nothing is known of the time, and with all trials done none is left", () => {
  const all = [...board.values()];
  const [waiting] = linesAt(80, boardOf(all.map(({ trial: each }) => ({ trial: each, status: "waiting" }))));
  expect(waiting).toMatch(/ 0 % {2}0 of 6 trials$/);
  const [done] = linesAt(80, boardOf(all.map(({ trial: each }) => ({ trial: each, status: "done", seconds: 1 }))));
  expect(done).toMatch(/^█+ {1}100 % {2}6 of 6 trials$/);
});

test("colours change no text, and are left out where the terminal has none", () => {
  const stream = (colours: boolean, isTTY = true) =>
    ({ isTTY, hasColors: () => colours }) as unknown as NodeJS.WriteStream;
  const coloured = drawBoard(board, { ...drawing, paint: paintFor(stream(true)) });
  expect(coloured).toContain("\u001B[31m✗  pixels  RNN         1\u001B[39m");

  expect(coloured.replaceAll(/\u001B\[\d+m/g, "")).toBe(drawBoard(board, drawing));
  expect(drawBoard(board, { ...drawing, paint: paintFor(stream(false)) })).toBe(drawBoard(board, drawing));
  expect(drawBoard(board, { ...drawing, paint: paintFor(stream(true, false)) })).toBe(drawBoard(board, drawing));
});

test("a line says why most trials wait, and a trial that waits again has lost its numbers", () => {
  const events: readonly RunEvent[] = [...board.values()]
    .filter(({ status }) => status !== "done")
    .map(({ trial }, index) => ({
      kind: "waiting",
      trial,
      reason: index === 0 ? "its worker is gone" : "no node is free",
    }));
  const waiting = events.reduce((before, event) => updated(before, event, 0), board);
  const lines = linesAt(60, waiting);
  expect(lines.at(-2)).toBe("waiting: no node is free");
  expect(lines.at(-1)).toBe("✓ 1 done, · 5 waiting");
  expect(lines.join("\n")).not.toContain("87.50");
  const [, first] = events;
  const started = updated(waiting, { kind: "started", trial: first!.trial, place: "node-7" }, 0).get(first!.trial.id)!;
  expect(plainLine(started, 0)).toMatch(/: started on node-7$/);
});
