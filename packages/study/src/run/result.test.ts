import { expect, test } from "vitest";
import { chanceOf, summarise } from "./result.ts";

test("summaries: last, best and tail mean; given values first; what is missing or not finite is said", () => {
  const metric = { label: "M", better: "higher" } as const;
  const rows = [0.5, 0.9, 0.7].map((m, index) => ({ step: index + 1, m }));
  const value = (extra: object): number | null | undefined =>
    summarise({ m: { ...metric, ...extra } }, rows, {}).values["m"];
  expect(value({})).toBe(0.7);
  expect(value({ summarise: "best" })).toBe(0.9);
  expect(value({ summarise: "best", better: "lower" })).toBe(0.5);
  expect(value({ summarise: "tail mean" })).toBe(0.7);
  expect(summarise({ m: metric }, rows, { metrics: { m: 1 } }).values).toEqual({ m: 1 });
  expect(summarise({ m: metric }, rows, { metrics: { m: null } })).toEqual({
    values: { m: null },
    warnings: [],
    notFinite: null,
  });
  expect(summarise({ other: metric }, rows, {}).warnings[0]).toContain('no value for the metric "other"');
  expect(summarise({ m: metric }, [...rows, { step: 4, m: Number.NaN }], {}).notFinite).toEqual({
    step: 4,
    tensor: "m",
  });
});

test("guessing gives nothing on a task that does not have the metric", () => {
  const tasks = ["parity"];
  expect(chanceOf({ chance: 50 }, "music")).toBe(50);
  expect(chanceOf({ chance: 50, tasks }, "parity")).toBe(50);
  expect(chanceOf({ chance: 50, tasks }, "music")).toBeUndefined();
  expect(chanceOf({ chance: { parity: 50 } }, "music")).toBeUndefined();
});
