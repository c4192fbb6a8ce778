import { expect, test } from "vitest";
import { linesNote } from "./notes.ts";
import type { TrialRecord } from "../results.ts";

const trial = (seed: number, fold?: number): TrialRecord => ({
  id: `${seed}-${fold}`,
  folder: "",
  task: "rows",
  variant: "a",
  seed,
  ...(fold === undefined ? {} : { fold: { index: fold, of: 2 } }),
  status: "done",
  metrics: {},
  warnings: [],
});

const note = (...trials: TrialRecord[]): string => linesNote({ trials }, { average: "mean", joined: false });

test("a note names what the lines average: seeds, folds of one seed, or trials", () => {
  expect(note(trial(0), trial(1))).toBe("Line: mean over the seeds. Band: lowest to highest value of any seed.");
  expect(note(trial(0, 0), trial(0, 1))).toBe("Line: mean over the folds. Band: lowest to highest value of any fold.");
  expect(note(trial(0, 0), trial(0, 1), trial(1, 0), trial(1, 1))).toBe(
    "Line: mean over the trials (one per seed and fold). Band: lowest to highest value of any trial.",
  );
});

test("with one seed there is no average, and a band only where points are joined", () => {
  expect(note(trial(0))).toBe("One seed.");
  expect(linesNote({ trials: [trial(0)] }, { average: "median", joined: true })).toBe(
    "One seed. Where there are too many points to draw, neighboring points are joined: the line is their mean, the band their lowest to highest value.",
  );
});
