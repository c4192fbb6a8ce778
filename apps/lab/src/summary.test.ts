import type { ResultsDocument } from "@sluice/study";
import { expect, test } from "vitest";
import { summaryTable } from "./summary.ts";

const metrics = {
  validation: { label: "Validation accuracy", unit: "%", better: "higher", digits: 1 },
  accuracy: { label: "Held-out accuracy", unit: "%", better: "higher", digits: 1 },
  loss: { label: "Training loss", better: "lower", digits: 3 },
  solved: { label: "Steps to 90 %", better: "lower", digits: 0 },
} as const;

/** The results of two seeds of these variants. Those of `solved` are undefined. */
function documentOf(variants: readonly string[], task = "pixels"): ResultsDocument {
  const values = { validation: 96.25, accuracy: 95.5, loss: 0.1234, solved: null };
  return {
    study: "digits",
    budget: "quick",
    code: "",
    data: {},
    report: "",
    claims: [],
    summary: variants.flatMap((variant) =>
      Object.entries(values).map(([metric, mean]) => ({
        ...{ task, variant, metric, n: 2, mean, seeds: [] },
        interval: mean === null ? null : ([mean - 0.5, mean + 0.5] as const),
      })),
    ),
    trials: variants.flatMap((variant) =>
      [0, 1].map((seed) => ({
        ...{
          id: "",
          task,
          variant,
          seed,
          fold: null,
          metrics: {},
          weights: null,
          seconds: 1,
          imported: null,
          folder: "",
        },
        ...(variant === "LSTM" && seed === 1
          ? { status: "diverged", reason: "step 3: W is not finite" }
          : { status: "done", reason: null }),
      })),
    ),
  };
}

const few = documentOf(["RNN", "LSTM"]);

test("at 160 columns there is a row for each variant", () => {
  expect(summaryTable(few, metrics, 160)).toEqual([
    "task    variant  Validation accuracy (%)  Held-out accuracy (%)  Training loss  Steps to 90 %  done",
    "pixels  RNN                   96.3 ± 0.5             95.5 ± 0.5  0.123 ± 0.500      undefined  2/2",
    "pixels  LSTM                  96.3 ± 0.5             95.5 ± 0.5  0.123 ± 0.500      undefined  1/2, 1 diverged",
  ]);
});

test("at 80 and 60 columns there is a row for each metric, so that none is left out", () => {
  const turned = [
    "pixels                             RNN             LSTM",
    "Validation accuracy (%)     96.3 ± 0.5       96.3 ± 0.5",
    "Held-out accuracy (%)       95.5 ± 0.5       95.5 ± 0.5",
    "Training loss            0.123 ± 0.500    0.123 ± 0.500",
    "Steps to 90 %                undefined        undefined",
    "done                               2/2  1/2, 1 diverged",
  ];
  expect(summaryTable(few, metrics, 80)).toEqual(turned);
  expect(summaryTable(few, metrics, 60)).toEqual(turned);
});

test("variants that do not fit beside each other either are listed", () => {
  const many = documentOf(["RNN", "GRU", "a variant with a name that is longer than most"]);
  const lines = summaryTable(many, metrics, 60);
  expect(lines.slice(0, 7)).toEqual([
    "pixels, RNN: 2/2 done",
    "  Validation accuracy (%): 96.3 ± 0.5",
    "  Held-out accuracy (%): 95.5 ± 0.5",
    "  Training loss: 0.123 ± 0.500",
    "  Steps to 90 %: undefined",
    "",
    "pixels, GRU: 2/2 done",
  ]);
  expect(lines).toContain("pixels, a variant with a name that is longer than most: 2/2…");
});

test.each([20, 40, 60, 80, 100, 160])("at %i columns every metric of every variant is there", (width) => {
  for (const variants of [["RNN"], ["RNN", "GRU", "LSTM"], Array.from({ length: 12 }, (_, i) => `variant ${i}`)]) {
    const lines = summaryTable(documentOf(variants), metrics, width);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    const text = lines.join(" ").replaceAll(/\s+/g, " ");
    for (const { label } of Object.values(metrics)) expect(text).toContain(label);
    expect(text.match(/0\.123 ± 0\.500/g)).toHaveLength(variants.length);
    expect(text.match(/undefined/g)).toHaveLength(variants.length);
  }
});
