import { expectTypeOf, test } from "vitest";
import { study } from "./define-study.ts";
import type { StudyOptions } from "./study.ts";

test("tasks, variants and budgets know the settings, and the trial has them typed", () => {
  study({
    name: "toy",
    question: "Is it so?",
    settings: { cell: "gru", hidden: 64 },
    tasks: { rows: {}, pixels: { hidden: 32 } },
    // @ts-expect-error: no such setting
    variants: { lstm: { cel: "lstm" } },
    seeds: 5,
    // @ts-expect-error: a number is expected
    budgets: { quick: { seeds: 2, hidden: "8" }, full: {} },
    metrics: { accuracy: { label: "Accuracy", better: "higher" } },
    async trial({ config, restored }) {
      expectTypeOf(config.cell).toEqualTypeOf<string>();
      expectTypeOf(config.hidden).toEqualTypeOf<number>();
      expectTypeOf(restored).toExtend<{ readonly step: number } | null>();
      return { metrics: { accuracy: 1 } };
    },
  });
});

test("settings are plain JSON", () => {
  // @ts-expect-error: a function is no setting
  expectTypeOf<StudyOptions<{ activation: () => number }>>();
});
