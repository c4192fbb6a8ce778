// The order of modifiers of different kinds, and DropConnect around and inside of them.
import { dropConnect, weightsOf } from "@sluice/params";
import { key, keyFor, leavesOf, mapTree, normal, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  blockDiagonal,
  gru,
  highway,
  independentRecurrence,
  integration,
  learnedInitialState,
  multiplicative,
  reparametrize,
  residual,
  sequence,
  stateNoise,
  stepDropout,
  variationalDropout,
  type Cell,
} from "../index.ts";

const [batch, time, input, hidden] = [2, 5, 3, 4];
const x = normal(key(1), [batch, time, input], { dtype: "f64" });
const run = { training: true, key: key(7) };
const numbers = (y: Tensor): number[] => [...valuesOf(y)];

/** Parameters away from their initial values. */
const paramsOf = (cell: Cell): Tree =>
  mapTree(cell.init(key(2), { dtype: "f64" }), (w, path) => normal(keyFor(key(3), path), w.shape, { dtype: "f64" }));
const trained = (cell: Cell, params = paramsOf(cell)): number[] => numbers(sequence(cell).apply(params, x, run).output);

const ofWeights: Readonly<Record<string, (cell: Cell) => Cell>> = {
  independentRecurrence: (cell) => independentRecurrence(cell),
  blockDiagonal: (cell) => blockDiagonal(cell, { heads: 2 }),
  integration: (cell) => integration(cell, "multiplication"),
};
const rates = { input: 0.3, recurrent: 0.4 };
const dropouts: Readonly<Record<string, (cell: Cell) => Cell>> = {
  "stepDropout, shared": (cell) => stepDropout(cell, rates),
  "stepDropout, perGate": (cell) => stepDropout(cell, { ...rates, masks: "perGate" }),
  "variationalDropout, perGate": (cell) => variationalDropout(cell, { ...rates, masks: "perGate" }),
};

describe.each(Object.entries(ofWeights))("%s", (_, modify) => {
  test.each(Object.entries(dropouts))("commutes with %s, to the bit", (__, drop) => {
    for (const reset of ["after", "before"] as const) {
      const cell = gru({ input, hidden, reset });
      expect(trained(modify(drop(cell)))).toEqual(trained(drop(modify(cell))));
      expect(trained(drop(modify(cell)))).not.toEqual(trained(modify(cell)));
    }
  });
});

describe("DropConnect", () => {
  const drop = (cell: Cell): Cell => reparametrize(cell, { recurrent: dropConnect(0.5) });
  const weights = (cell: Cell): Tree =>
    weightsOf(cell, paramsOf(cell), { training: true, key: keyFor(run.key, "reparametrization") });

  test.each([
    ["independentRecurrence", ofWeights["independentRecurrence"]!],
    ["blockDiagonal", ofWeights["blockDiagonal"]!],
  ])("around %s drops connections of the structure: a GRU with the weights that are left", (_, modify) => {
    const cell = gru({ input, hidden });
    const dropped = weights(drop(modify(cell)));
    const left = numbers(leavesOf(dropped).find(({ path }) => path === "U")!.tensor).filter((w) => w !== 0).length;
    const all = numbers(
      leavesOf(weightsOf(modify(cell), paramsOf(modify(cell)))).find(({ path }) => path === "U")!.tensor,
    );
    expect(left).toBeLessThan(all.filter((w) => w !== 0).length);
    expect(left).toBeGreaterThan(0);
    const expected = trained(cell, dropped);
    trained(drop(modify(cell))).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 13));
  });

  test.each<readonly [string, (cell: Cell) => Cell]>([
    ["integration", (cell) => integration(cell, "multiplication")],
    ["multiplicative", multiplicative],
    ["residual", residual],
    ["highway", (cell) => highway(cell)],
    ["learnedInitialState", learnedInitialState],
    ["stateNoise", (cell) => stateNoise(cell, { deviation: 0.1 })],
    ["stepDropout", (cell) => stepDropout(cell, rates)],
  ])("around %s is that modifier with the weights that are left", (_, modify) => {
    const cell = modify(gru({ input, hidden }));
    expect(trained(drop(cell))).toEqual(trained(cell, weights(drop(cell))));
    expect(trained(drop(cell))).not.toEqual(trained(cell));
  });

  test("inside of a modifier is DropConnect of the cell's own weights", () => {
    for (const modify of [integration, (cell: Cell) => residual(cell), learnedInitialState] as const) {
      const inside = modify(drop(gru({ input, hidden })), "multiplication");
      expect(trained(inside)).toEqual(trained(drop(modify(gru({ input, hidden }), "multiplication"))));
    }
  });
});
