// What a cell of the catalogue cannot do is an error that says why, and the reason is true.
import { layerNorm, rmsNorm } from "@sluice/norm";
import { add, key, keyFor, leavesOf, mapTree, mul, normal, valuesOf, zipTrees, type Tree } from "@sluice/tensor";
import { isFloat } from "@sluice/tensor/internal";
import { describe, expect, test } from "vitest";
import { nonLinearIn } from "../cell/non-linear.ts";
import {
  defineCell,
  probe,
  recurrenceOf,
  sequence,
  statesOf,
  zoneout,
  type Cell,
  type NumberByState,
  type State,
} from "../index.ts";
import { cellSuite } from "../testing/index.ts";
import { subjectOf } from "../testing/subject.ts";
import type { CatalogueEntry } from "./entry.ts";
import { catalogue } from "./index.ts";

const entries: readonly CatalogueEntry[] = Object.values(catalogue).flat();
const sizes = { input: 2, hidden: 4 };

/** Cells whose steps have nothing to normalize, with the reason. */
const withoutNorm: Readonly<Record<string, string>> = {
  lru: "its products enter state and output as they are, not through a gate or another nonlinearity",
  s4d: "each channel reads its own input, so there is no product that mixes features",
  s5: "its products enter state and output as they are, not through a gate or another nonlinearity",
  ltc: "a synapse opens by one neuron alone, so there is no sum over a layer before the nonlinearity",
  neuralCde: "its products are those of the field, within the solver, and a linear map of the first knot",
};

describe.each(entries)("$name", ({ make, name, input, except = {} }) => {
  const cell = make(sizes);

  test("has an associative scan, or is not linear in its states", () => {
    const linear = Math.max(...[1, 2, 3].map((seed) => bent(make(sizes), input, seed))) < 1e-12;
    if (recurrenceOf(cell) === undefined) {
      expect(() => sequence(cell, { scan: "associative" })).toThrow(
        /cannot be run with scan: "associative": its step is not linear in its states: it takes [\w ]+ of [\w., ]+; leave scan out$/,
      );
      expect(linear, "the step is linear in its states").toBe(false);
    } else expect(sequence(cell, { scan: "associative" }).scan).toBe("associative");
    if (nonLinearIn(cell) === undefined) expect(linear, "the step is not linear in its states").toBe(true);
  });

  test("takes a normalizer in every placement, or has nothing to normalize", () => {
    const reason = withoutNorm[name.split(",")[0]!];
    for (const placement of ["branches", "input", "gates"] as const) {
      for (const norm of [layerNorm({ placement }), rmsNorm({ placement, cell: false })]) {
        if (reason === undefined) expect(normalized(make({ ...sizes, norm }))).not.toEqual([]);
        else expect(() => make({ ...sizes, norm })).toThrow(`${norm.name} has nothing to act on: ${reason}`);
      }
    }
  });

  test("a law that is excepted does not hold", async () => {
    for (const { name: law, run } of cellSuite(cell, input && { input }))
      if (Object.hasOwn(except, law))
        await expect((async () => run())()).rejects.toThrow("differs from central differences");
  });

  test("has traces, or names no gate", () => {
    if (Object.keys(probe(cell).traces).length > 0) return;
    const { layer, params, x, extra, buffers } = subjectOf(cell, input);
    expect(() => layer.apply(params, x, { extra, buffers, traces: ["forget"] })).toThrow(
      "no trace forget: its step names no gate, so there are only its outputs and states to read",
    );
  });

  test("takes zoneout of every float state, and of no other", () => {
    for (const { path, dtype } of statesOf(cell.state)) {
      const rates = nested(path.split("."), 0.1);
      if (dtype === "f32") expect(zoneout(cell, rates).name).toBe(cell.name);
      else expect(() => zoneout(cell, rates)).toThrow(`state ${path} is ${dtype}, but zoneout needs a float state`);
    }
  });
});

test("a cell that is linear in its states and is not defined by a recurrence is told so", () => {
  const leaky = defineCell({
    name: "leaky",
    params: () => ({}),
    state: ({ hidden }) => ({ h: [hidden] }),
    step: (_, { h }, x) => ({ state: { h: add(mul(h, 0.5), x) }, output: "h" }),
  });
  expect(() => sequence(leaky({ input: 2, hidden: 2 }), { scan: "associative" })).toThrow(
    "its step is not defined by a recurrence, though it is linear in its states; define it with defineAssociativeCell",
  );
});

/** How far the next states of the middle of two states are from the middle of their next states, relative to them. */
function bent(cell: Cell, input: CatalogueEntry["input"], seed: number): number {
  const { layer, params, x, extra, buffers, state: initial } = subjectOf(cell, input, "f64");
  const next = (from: State): State =>
    layer.apply(params, x, { extra, buffers, state: from, lengths: [1, 1, 1] }).state;
  // A cell may treat its first step in its own way.
  const state = next(initial);
  const drawn = (name: string): State =>
    mapTree(state, (s, path) =>
      isFloat(s.dtype)
        ? add(s, normal(keyFor(key(seed), `${name} ${path}`), s.shape, { dtype: s.dtype, deviation: 0.3 }))
        : s,
    );
  const middle = <T extends Tree>(a: T, b: T): T =>
    zipTrees(a, b, (p, q) => (isFloat(p.dtype) ? mul(add(p, q), 0.5) : p));
  const [first, second] = [drawn("first"), drawn("second")];
  const numbers = (tree: Tree): number[] =>
    leavesOf(tree).flatMap(({ tensor }) => (isFloat(tensor.dtype) ? [...valuesOf(tensor)] : []));
  const [found, expected] = [numbers(next(middle(first, second))), numbers(middle(next(first), next(second)))];
  const scale = Math.max(1, ...expected.map(Math.abs));
  return Math.max(...found.map((value, i) => Math.abs(value - expected[i]!))) / scale;
}

/** The places of the normalizer, in the cell and in cells within it. */
function normalized(cell: Cell): string[] {
  const within = (tree: object): string[] =>
    Object.entries(tree).flatMap(([name, child]: [string, object]) =>
      "kind" in child ? [] : name === "norm" ? Object.keys(child) : within(child),
    );
  return within(cell.params);
}

function nested([name, ...below]: readonly string[], rate: number): NumberByState<State> {
  return name === undefined ? {} : { [name]: below.length === 0 ? rate : nested(below, rate) };
}
