import { describe, expect, test } from "vitest";
import { plan, settingOf, settingsOfTexts, settingsText, study, studyWith } from "./index.ts";

const whole = study({
  name: "rates",
  question: "Which rate?",
  settings: { hidden: 8, optimizer: { name: "adam", rate: 0.1 }, steps: 10 },
  tasks: { short: {}, long: { steps: 100 } },
  variants: { small: { hidden: 4 }, large: { hidden: 16 } },
  budgets: { quick: { steps: 2, perTask: { long: { steps: 20, optimizer: { rate: 0.2 } } } }, full: {} },
  seeds: 2,
  metrics: { loss: { label: "Loss", better: "lower" } },
  trial: async () => ({ metrics: {} }),
});
const options = { code: "", data: {} };
const configs = (given: Parameters<typeof studyWith>[1], budget = "quick") =>
  plan(studyWith(whole, given), { ...options, budget, seeds: 1 }).map(({ task, variant, config }) => [
    task,
    variant,
    config,
  ]);

describe("settings that a run gives", () => {
  test("replace those of the study, task, variant, budget and the budget's part for a task", () => {
    expect(configs({ settings: { steps: 3, optimizer: { rate: 0.5 } } })).toEqual([
      ["short", "small", { hidden: 4, optimizer: { name: "adam", rate: 0.5 }, steps: 3 }],
      ["short", "large", { hidden: 16, optimizer: { name: "adam", rate: 0.5 }, steps: 3 }],
      ["long", "small", { hidden: 4, optimizer: { name: "adam", rate: 0.5 }, steps: 3 }],
      ["long", "large", { hidden: 16, optimizer: { name: "adam", rate: 0.5 }, steps: 3 }],
    ]);
  });

  test("give other trials; the same ones give the same trials as the study that says them", () => {
    const ids = (given: Parameters<typeof studyWith>[1]) => plan(studyWith(whole, given), options).map(({ id }) => id);
    expect(ids({ settings: { steps: 3 } })).not.toEqual(ids({}));
    expect(ids({ settings: { optimizer: { name: "adam" } } })).toEqual(ids({}));
    expect(ids({ tasks: ["long"], variants: ["large"] })).toEqual(
      plan(whole, options).flatMap(({ id, task, variant }) => (task === "long" && variant === "large" ? [id] : [])),
    );
  });

  test("that make two variants the same are refused", () => {
    expect(() => studyWith(whole, { settings: { hidden: 32 } })).toThrow(
      'the study "rates" cannot be run so: with hidden=32 the variants "small" and "large" are the same; name one of them (--variant "small")',
    );
    expect(configs({ settings: { hidden: 32 }, variants: ["large"], tasks: ["short"] })).toEqual([
      ["short", "large", { hidden: 32, optimizer: { name: "adam", rate: 0.1 }, steps: 2 }],
    ]);
  });

  test("unknown names and values of another type are refused, all at once", () => {
    expect(() => studyWith(whole, { settings: { hiden: 3, steps: "3" }, tasks: ["shrt"], variants: ["huge"] })).toThrow(
      'the study "rates" cannot be run so: settings: unknown setting "hiden": did you mean "hidden"?; settings.steps: "3" is a string, expected a number as in settings; unknown task "shrt": did you mean "short"?; unknown variant "huge": known: small, large',
    );
    expect(() => studyWith(whole, { tasks: [] })).toThrow("no task is left");
  });
});

test("a setting is a name, or names with dots, and JSON or a text", () => {
  expect(settingsOfTexts(["a.b=3e-4", "a.c=[1,2]", "cell=gru", "deep=true", 'text="1"', "empty=", "a.b=1"])).toEqual({
    a: { b: 1, c: [1, 2] },
    cell: "gru",
    deep: true,
    text: "1",
    empty: "",
  });
  for (const wrong of ["hidden", "=3"])
    expect(() => settingOf(wrong)).toThrow(`"${wrong}" is no setting; expected name=value, such as hidden=128`);
  expect(settingsText({ b: { d: "x", c: 0.5 }, a: [1] })).toBe("a=[1] b.c=0.5 b.d=x");
});

test("seeds may be a list", () => {
  expect(plan(whole, { ...options, seeds: [5, 7] }).map(({ seed }) => seed)).toEqual([5, 5, 7, 7, 5, 5, 7, 7]);
  for (const wrong of [[], [1, 1], [-1], [0.5]])
    expect(() => plan(whole, { ...options, seeds: wrong })).toThrow("expected different integers of at least 0");
});
