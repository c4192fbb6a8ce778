import { expect, test } from "vitest";
import { study } from "../define-study.ts";
import { inProcess } from "../run/in-process.ts";
import { memoryStore } from "../run/memory-store.ts";
import { planRun } from "../run/plan-run.ts";
import { runStudy } from "../run/run-study.ts";

/** Scores of three variants: `a` is the best everywhere, `b` and `c` take turns. */
async function ranksOf(tasks: number, { mixed = false, failing = 0 } = {}) {
  const names = Array.from({ length: tasks }, (_, index) => `task ${index + 1}`);
  const score = { label: "Score", better: "higher", split: "test" } as const;
  const own = study({
    name: "over-tasks",
    question: "Which is best over all tasks?",
    settings: {},
    tasks: Object.fromEntries(names.map((name) => [name, {}])),
    variants: { c: {}, b: {}, a: {} },
    seeds: 1,
    metrics: mixed
      ? {
          score: { ...score, tasks: names.slice(1) },
          error: { ...score, label: "Error", better: "lower", tasks: ["task 1"] },
        }
      : { score },
    trial({ task, variant }) {
      const index = names.indexOf(task);
      if (variant === "b" && index < failing) throw new Error("out of memory");
      const value = variant === "a" ? 100 + index : variant === "b" ? 10 * (index % 2) : 5 + 0.1 * index;
      return Promise.resolve({ metrics: mixed && index === 0 ? { error: -value } : { score: value } });
    },
  });
  const store = memoryStore();
  const { document, records } = await runStudy(await planRun(own, { store, executor: inProcess() }));
  expect(records.flatMap(({ warnings }) => warnings)).toEqual([]);
  return { found: document.overTasks, report: store.report() ?? "" };
}

test("variants are ranked over at least five tasks, by a test that can find a difference", async () => {
  const { found, report } = await ranksOf(8);
  expect(found?.ranks.map(({ rank }) => rank)).toEqual([1, 2.5, 2.5]);
  expect(found?.ranks[0]?.variant).toBe("a");
  // Of 8 tasks the exact test has p = 2 / 256, times 3 pairs by Holm's method: a differs from both.
  expect([found?.test, found?.criticalDifference, found?.pairs.map(({ p }) => p < 0.05)]).toEqual([
    ...["signed rank", null],
    [true, true, false],
  ]);
  expect(found?.cliques.map((names) => [...names].sort())).toEqual([["b", "c"]]);
  for (const text of [
    "Over all tasks",
    "exact signed-rank test",
    "over-tasks-mean-ranks.svg",
    "over-tasks-mean-ranks.csv",
  ])
    expect(report).toContain(text);
});

test("with few tasks, or several metrics, only ranks are compared", async () => {
  const { found, report } = await ranksOf(5);
  // Demšar (2006), table 5: q for 3 variants is 2.343; 2.343 sqrt(3 4 / (6 5)).
  expect(found?.criticalDifference).toBeCloseTo(2.343 * Math.sqrt(12 / 30), 2);
  expect([found?.test, found?.because]).toEqual(["nemenyi", "few tasks"]);
  expect(report).toContain("cannot reach its corrected level with so few tasks");
  const mixed = await ranksOf(8, { mixed: true });
  expect([mixed.found?.test, mixed.found?.because]).toEqual(["nemenyi", "several metrics"]);
  expect(mixed.found?.metrics).toMatchObject({ "task 1": "error", "task 2": "score" });
  expect(mixed.found?.ranks[0]).toEqual({ variant: "a", rank: 1 });
  expect((await ranksOf(4)).found).toBeUndefined();
});

test("a diagram that lacks tasks says which, and for want of which variants", async () => {
  const enough = await ranksOf(6, { failing: 1 });
  expect(enough.found?.omitted).toEqual(["task 1"]);
  const { found, report } = await ranksOf(6, { failing: 2 });
  expect(found).toBeUndefined();
  expect(report).toContain(
    "it needs five tasks on which every variant has a value, and there are 4. Without a value: task 1 (b); task 2 (b).",
  );
  expect((await ranksOf(4)).report).not.toContain("Over all tasks");
});
