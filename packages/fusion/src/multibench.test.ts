import { readFileSync } from "node:fs";
import { grad, mul, sum, tensor, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { multiplicativeInteractions, nonLocalGate, type Fusion } from "./index.ts";

interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly params: Readonly<Record<string, Stored>>;
  readonly upstream: Stored;
  readonly output: Stored;
  readonly gradients: Readonly<Record<string, Stored>>;
}

const { cases } = JSON.parse(
  readFileSync(new URL("../../../fixtures/fusion/multibench.json", import.meta.url), "utf8"),
) as { readonly cases: readonly Case[] };

const fusions: Readonly<Record<string, Fusion>> = {
  multiplicativeInteractions: multiplicativeInteractions({ inputs: { x: 3, z: 2 }, output: 4 }),
  nonLocalGate: nonLocalGate({ inputs: { query: 3, source: 2 }, query: "query", output: 5 }),
};

const double = ({ shape, data }: Stored): ArrayTensor => tensor(new Float64Array(data), shape);
const doubles = (stored: Readonly<Record<string, Stored>>): Readonly<Record<string, ArrayTensor>> =>
  Object.fromEntries(Object.entries(stored).map(([name, values]) => [name, double(values)]));

function expectClose(what: string, found: Tensor, { shape, data }: Stored): void {
  expect(found.shape, what).toEqual(shape);
  const largest = Math.max(...data.map(Math.abs));
  const error = Math.max(...[...valuesOf(found)].map((value, i) => Math.abs(value - data[i]!)));
  expect(error / largest, what).toBeLessThan(1e-13);
}

describe.each(cases)("MultiBench's $name", ({ name, inputs, params, upstream, output, gradients }) => {
  const fusion = fusions[name]!;
  const at = { params: doubles(params), inputs: doubles(inputs) };

  test("output and gradients", () => {
    expectClose("output", fusion.apply(at.params, at.inputs).output, output);
    const loss = (given: typeof at): Tensor =>
      sum(mul(fusion.apply(given.params, given.inputs).output, double(upstream)));
    const found = grad(loss)(at);
    for (const [path, g] of Object.entries({ ...found.params, ...found.inputs }))
      expectClose(path, g, gradients[path]!);
  });
});
