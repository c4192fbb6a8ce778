// Cells against the numbers of other packages: outputs, final states, and gradients of everything, in f64
// (fixtures/cells/README.md).
import {
  concat,
  full,
  grad,
  leavesOf,
  mul,
  split,
  sum,
  transpose,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import { describe, expect, test } from "vitest";
import { fixtureOf, type CellCase } from "../../../fixtures/cells/fixture-of.ts";
import { minGru, sequence, type Cell, type CellSizes, type State } from "./index.ts";

type Named = Readonly<Record<string, Tensor>>;
type Given = { readonly parameters: Named; readonly x: Tensor; readonly initial: Named };

interface Golden {
  readonly source: string;
  readonly file: string;
  readonly cell: (sizes: CellSizes, golden: CellCase) => Cell;
  /** The cell's parameters from the package's. Gradients go back through it, so it may add and multiply. */
  readonly params: (given: Named, golden: CellCase) => Tree;
  /** The cell's states from the package's, where their names or shapes differ. */
  readonly states?: (given: Named) => State;
}

const goldens: readonly Golden[] = [
  {
    source: "minGRU-pytorch",
    file: "min-gru",
    cell: (sizes) => minGru(sizes),
    params(given) {
      const [n, z] = split(transpose(given["to_hidden_and_gate.weight"]!), 2);
      return { W: concat([z!, n!], 1), b: full([8], 0, "f64") };
    },
  },
];

describe.each(goldens)("$source's $file", ({ source, file, cell, params, states = (given) => given }) => {
  const { sizes, cases } = fixtureOf(source, file);
  test.each(cases)("$name", (golden) => {
    const layer = sequence(cell(sizes, golden));
    const run = ({ parameters, x, initial }: Given) =>
      layer.apply(params(parameters, golden), x, { state: states(initial), extra: golden.extra });

    const { parameters, x, initial, R, gradients } = golden;
    const { output, state } = run({ parameters, x, initial });
    near("output", { output }, { output: golden.output });
    near("final", state, states(golden.final));
    const found = grad((given: Given) => sum(mul(run(given).output, R)))({ parameters, x, initial });
    near("gradient of", found, gradients);
  });
});

function near(what: string, found: Tree, expected: Tree): void {
  const values = new Map(leavesOf(found).map(({ path, tensor }) => [path, tensor]));
  expect([...values.keys()].toSorted()).toEqual(
    leavesOf(expected)
      .map(({ path }) => path)
      .toSorted(),
  );
  for (const { path, tensor } of leavesOf(expected)) {
    expect(values.get(path)!.shape, `${what} ${path}`).toEqual(tensor.shape);
    expectNear(`${what} ${path}`, valuesOf(values.get(path)!), valuesOf(tensor), 1e-12);
  }
}
