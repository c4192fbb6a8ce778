import { expect, test } from "vitest";
import { better } from "../claims/tests.ts";
import { study } from "../define-study.ts";
import { inProcess } from "../run/in-process.ts";
import { memoryStore } from "../run/memory-store.ts";
import { planRun } from "../run/plan-run.ts";
import { runStudy } from "../run/run-study.ts";
import { readModel } from "./model.ts";
import { page } from "./page.ts";

const where = { task: "rows", metric: "accuracy" };

const toy = study({
  name: "toy",
  question: "Which words?",
  settings: {},
  tasks: { rows: {} },
  variants: { a: {}, b: {} },
  seeds: 6,
  metrics: { accuracy: { label: "Accuracy", better: "higher" } },
  claims: [
    { text: "a beats b", kind: "own", test: better({ ...where, variant: "a", than: "b" }) },
    { text: "b beats a", kind: "ordering", test: better({ ...where, variant: "b", than: "a", by: "signed rank" }) },
  ],
  trial: async ({ variant, seedIndex }) => ({
    metrics: { accuracy: seedIndex + (variant === "a" ? 5 + ((seedIndex * 7) % 5) / 10 : 0) },
  }),
});

test("the report has the words of each claim and the method, also if the study cannot be loaded again", async () => {
  const store = memoryStore();
  await runStudy(await planRun(toy, { store, executor: inProcess() }));
  for (const known of [toy, null]) {
    const model = await readModel(store, known);
    expect(model.claims.map(({ words }) => words)).toEqual(["confirmed", "the ordering does not hold in this setting"]);
    const { text } = page(model);
    expect(text).toContain('<span class="verdict reproduced">confirmed</span>');
    expect(text).toContain("exact signed rank over 6 seeds");
    expect(text).toContain("paired t over 6 seeds");
  }
});
