import { expect, test } from "vitest";
import {
  better,
  inProcess,
  matchesPublished,
  memoryStore,
  planRun,
  reachOf,
  runStudy,
  study,
  type Asked,
  type Claim,
} from "./index.ts";
import { readModel } from "./report/model.ts";
import { page } from "./report/page.ts";

const where = { task: "rows", metric: "accuracy", variant: "a" };
const inPaper = { budgets: ["paper"] };
const anchor = { ...where, value: 90, source: "s", setting: "ten steps", sameSetting: inPaper };
const order = { text: "a beats b", sameSetting: inPaper, test: better({ ...where, than: "b" }) };
const number = { text: "a has 90", sameSetting: inPaper, test: matchesPublished({ ...where, value: 90, margin: 2 }) };
const options = {
  name: "toy",
  question: "Is it the published setting?",
  settings: { steps: 10, hidden: 8 },
  tasks: { rows: {} },
  variants: { a: {}, b: {} },
  seeds: 6,
  budgets: { quick: { steps: 2 }, paper: {} },
  metrics: { accuracy: { label: "Accuracy", better: "higher" as const, chance: 50 } },
  anchors: [anchor],
  claims: [order, number] as readonly Claim[],
  trial: async ({ variant, seedIndex }: { variant: string; seedIndex: number }) => ({
    metrics: { accuracy: variant === "a" ? 90 + ((seedIndex * 7) % 5) / 10 : 80 },
  }),
};
const toy = study(options);

/** What a run's report says of the anchor and the claims. */
async function told(budget: string, asked?: Asked) {
  const store = memoryStore();
  const executor = inProcess();
  const run = await planRun(toy, { store, executor, budget, ...(asked === undefined ? {} : { asked }) });
  await runStudy(run);
  const model = await readModel(store, run.study);
  return {
    chance: page(model).text.includes(">chance<"),
    other: page(model).text.includes("Another setting:"),
    claims: model.claims,
  };
}

test("a budget with the published setting reproduces, another one finds an ordering", async () => {
  const paper = await told("paper");
  expect(paper.chance).toBe(true);
  expect(paper.other).toBe(false);
  expect(paper.claims.map(({ words }) => words)).toEqual(["reproduced", "reproduced"]);
  const quick = await told("quick");
  expect(quick.other).toBe(true);
  expect(quick.claims).toMatchObject([
    { kind: "ordering", words: "the ordering holds in this setting" },
    { words: "undecided", because: expect.stringContaining("is not the published one") },
  ]);
  // What cannot be compared does not count in Holm's correction.
  expect(quick.claims[0]).not.toHaveProperty("corrected");
});

test("other settings than the budget's are another setting; the same ones, tasks and variants are not", async () => {
  const changed = await told("paper", { settings: { hidden: 4 } });
  expect(changed.other).toBe(true);
  expect(changed.claims.map(({ words }) => words)).toEqual(["the ordering holds in this setting", "undecided"]);
  const same = await told("paper", { settings: { hidden: 8 }, variants: ["a", "b"] });
  expect(same.other).toBe(false);
  expect(same.claims.map(({ words }) => words)).toEqual(["reproduced", "reproduced"]);
});

test("a plan refuses a published number in another setting and does not count it", () => {
  const { claims } = reachOf(toy, { budget: "quick" });
  expect(claims[0]).toMatchObject({ decidable: true, level: 0.05 });
  expect(claims[1]).toMatchObject({
    decidable: false,
    needs: null,
    says: 'Cannot be decided: the setting of the budget "quick" is not the published one.',
  });
  expect(reachOf(toy, { budget: "paper" }).claims[1]).toMatchObject({ decidable: true, level: 0.025 });
});

test.each([
  [{ anchors: [{ ...anchor, sameSetting: { budgets: ["papr"] } }] }, 'anchors.0.sameSetting: unknown budget "papr"'],
  [{ claims: [{ ...order, sameSetting: { budgets: ["papr"] } }] }, 'unknown budget "papr": did you mean "paper"?'],
  [{ claims: [{ ...order, kind: "own" as const }] }, 'claims.0.sameSetting: only claims of kind "published" have it'],
  [{ claims: [{ ...number, sameSetting: false }] }, "claims.0.sameSetting: false, but its test compares"],
])("a wrong setting is named: %#", (wrong, message) => {
  expect(() => study({ ...options, ...wrong })).toThrow(message);
});
