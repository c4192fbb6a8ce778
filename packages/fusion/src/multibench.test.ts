import { grad, mul, sum, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { describe, test } from "vitest";
import { double, expectClose, storedIn, type Stored, type StoredByName } from "../../../fixtures/stored.ts";
import { multiplicativeInteractions, nonLocalGate, type Fusion } from "./index.ts";

interface Case {
  readonly name: string;
  readonly inputs: StoredByName;
  readonly params: StoredByName;
  readonly upstream: Stored;
  readonly output: Stored;
  readonly gradients: StoredByName;
}

const { cases } = storedIn<{ readonly cases: readonly Case[] }>("fusion/multibench.json");

const fusions: Readonly<Record<string, Fusion>> = {
  multiplicativeInteractions: multiplicativeInteractions({ inputs: { x: 3, z: 2 }, output: 4 }),
  nonLocalGate: nonLocalGate({ inputs: { query: 3, source: 2 }, query: "query", output: 5 }),
};

const doubles = (stored: StoredByName): Readonly<Record<string, ArrayTensor>> =>
  Object.fromEntries(Object.entries(stored).map(([name, values]) => [name, double(values)]));

describe.each(cases)("MultiBench's $name", ({ name, inputs, params, upstream, output, gradients }) => {
  const fusion = fusions[name]!;
  const at = { params: doubles(params), inputs: doubles(inputs) };

  test("output and gradients", () => {
    expectClose("output", fusion.apply(at.params, at.inputs).output, output, 1e-13);
    const loss = (given: typeof at): Tensor =>
      sum(mul(fusion.apply(given.params, given.inputs).output, double(upstream)));
    const found = grad(loss)(at);
    for (const [path, g] of Object.entries({ ...found.params, ...found.inputs }))
      expectClose(path, g, gradients[path]!, 1e-13);
  });
});
