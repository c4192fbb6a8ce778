// Every cell runs as loops of products, passes and reductions. How many of them, docs/catalogue.md says and page.test.ts
// checks: a fusion that is lost shows there.
import { expect, test } from "vitest";
import { entries } from "./entries.ts";
import { loopsOf } from "./loops.ts";
import { size } from "./measure.ts";

/** What else the loops of a cell do, and why. */
const others: Readonly<Record<string, { readonly kinds: readonly string[]; readonly why: string }>> = {
  onLstm: { kinds: ["cumulativeSum"], why: "its master gates are cumulative sums" },
  scoRnn: {
    kinds: ["pack"],
    why: "before time, a loop solves for the orthogonal matrix: its factors change in each step",
  },
  expRnn: { kinds: ["pack"], why: "before time, loops take the matrix exponential: its factors change in each step" },
};

test.each(entries)("$name: loops of products, passes and reductions", (entry) => {
  const loops = loopsOf(entry, size);
  expect(loops.length).toBeGreaterThanOrEqual(2);
  const found = [...new Set(loops.flatMap((loop) => loop.others))];
  expect(found).toEqual(others[entry.name]?.kinds ?? []);
});

test("a step of a GRU is one product and one pass, a step of a memory stores each large value once", () => {
  const named = (name: string) => {
    const entry = entries.find((other) => other.name === name);
    if (entry === undefined) throw new Error(`the catalogue has no ${name}`);
    return loopsOf(entry, size);
  };
  expect(named("gru")[0]).toEqual({ products: 1, passes: 1, reductions: 0, others: [] });
  expect(named("ltc")[0]).toMatchObject({ products: 0, reductions: 0 });
});
