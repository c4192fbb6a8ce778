// reversible(layer, revIn()): the layer in the series' own scale, over the steps that a row takes.
import { revIn } from "@sluice/norm";
import {
  add,
  assertGradient,
  key,
  mapTree,
  mul,
  normal,
  sliceAxis,
  tensor,
  valuesOf,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { dense, gru, lstm, reversible, sequence, sequential, stream } from "../index.ts";
import { embedding } from "./embedding.ts";

const [batch, time, features] = [3, 4, 2];
const model = sequential([sequence(gru({ input: features, hidden: 3 })), dense({ input: 3, output: features })]);
const layer = reversible(model, revIn());
const params = layer.init(key(1));
const x = add(mul(normal(key(2), [batch, time, features]), 4), 10);
const lengths = [4, 2, 0];
const mask = tensor([1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1], [batch, time], { dtype: "bool" });
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const rowOf = (y: Tensor, row: number): number[] => numbers(sliceAxis(y, 0, row, row + 1));

test("moves and stretches with its series", () => {
  const { output } = layer.apply(params, x);
  const moved = layer.apply(params, add(mul(x, 8), 64)).output;
  numbers(moved).forEach((value, i) => expect(value).toBeCloseTo(8 * numbers(output)[i]! + 64, 1));
  expect(layer.apply(params, x).state).toEqual(
    model.apply(params.layer, revIn().normalize(params.norm, x).output).state,
  );
});

describe("a row", () => {
  test("with a length is the run over its steps alone, then zeros", () => {
    const { output } = layer.apply(params, x, { lengths });
    for (const [row, n] of lengths.entries()) {
      if (n > 0) {
        const alone = layer.apply(params, sliceAxis(sliceAxis(x, 0, row, row + 1), 1, 0, n)).output;
        numbers(alone).forEach((value, i) => expect(rowOf(output, row)[i]).toBeCloseTo(value, 4));
      }
      expect(rowOf(output, row).slice(n * features)).toEqual(new Array((time - n) * features).fill(0));
    }
  });

  test("with a mask is the run over the steps that are taken, and masked steps repeat if asked to", () => {
    const first = sliceAxis(x, 0, 0, 1);
    const cut = tensor(
      [0, 2, 3].flatMap((t) => numbers(sliceAxis(first, 1, t, t + 1))),
      [1, 3, features],
    );
    const alone = numbers(layer.apply(params, cut).output);
    const found = rowOf(layer.apply(params, x, { mask }).output, 0);
    [0, 2, 3].forEach((t, i) => {
      for (let f = 0; f < features; f++) expect(found[t * features + f]).toBeCloseTo(alone[i * features + f]!, 4);
    });
    expect(found.slice(2, 4)).toEqual([0, 0]);
    const repeating = layer.apply(params, x, { mask, lengths, maskedOutput: "repeat" }).output;
    expect(rowOf(repeating, 0).slice(2, 4)).toEqual(rowOf(repeating, 0).slice(0, 2));
    expect(rowOf(repeating, 1)).toEqual([0, 0, ...rowOf(repeating, 1).slice(2, 4), 0, 0, 0, 0]);
  });

  test("that takes no step outputs zeros, also if only the last output is wanted", () => {
    const last = reversible(
      sequential([sequence(gru({ input: features, hidden: 3 }), { outputs: "last" }), dense({ input: 3, output: 2 })]),
      revIn(),
    );
    const found = last.apply(params, x, { lengths, mask }).output;
    expect(found.shape).toEqual([batch, features]);
    expect(rowOf(found, 2)).toEqual([0, 0]);
    expect(rowOf(found, 1)).toEqual(rowOf(layer.apply(params, x, { lengths, mask }).output, 1).slice(2, 4));
  });
});

test("NaN at steps that are not taken reaches neither results nor gradients", () => {
  const at = (fill: number): Tensor =>
    tensor(
      numbers(x).map((value, i) => {
        const [row, t] = [Math.floor(i / (time * features)), Math.floor(i / features) % time];
        return t < lengths[row]! && numbers(mask)[row * time + t] === 1 ? value : fill;
      }),
      x.shape,
    );
  const run = (given: Tensor) => layer.apply(params, given, { lengths, mask });
  expect(run(at(NaN))).toEqual(run(at(0)));
});

test("gradients are those of central differences", () => {
  const wide = reversible(
    sequential([sequence(lstm({ input: 2, hidden: 3 }), { outputs: "last" }), dense({ input: 3, output: 4 })]),
    revIn(),
    { targets: [1] },
  );
  const inDouble = (y: Tensor): ArrayTensor => tensor(Float64Array.from(valuesOf(y)), y.shape);
  const weights = mapTree(wide.init(key(3)), (w) => inDouble(add(w, normal(key(4), w.shape, { deviation: 0.3 }))));
  assertGradient(
    (at: { readonly params: typeof weights; readonly x: Tensor }) => wide.apply(at.params, at.x, { lengths }).output,
    { params: weights, x: inDouble(x) },
    { samples: 4 },
  );
});

test("what would mix or cut series is refused, and what does not fit is named", async () => {
  await expect(stream(layer, params)).rejects.toThrow("needs the whole sequence before its first output");
  expect(() => layer.apply(params, x, { resets: mask })).toThrow("resets begin other sequences within a row");
  expect(() => reversible(sequence(gru({ input: 2, hidden: 3 })), revIn())).toThrow(
    "gru gives 3 features, which are not 2 of the input's",
  );
  expect(() => reversible(model, revIn(), { targets: [2] })).toThrow("targets must be features from 0 to 1");
  expect(() => reversible(model, revIn(), { targets: "x" as never })).toThrow("reversible: targets is");
  expect(() => reversible(model, {} as never)).toThrow("reversible: the normalizer");
  expect(() => reversible(embedding({ tokens: 3, features: 2 } as never), revIn())).toThrow("embedding");
  expect(() => reversible({} as never, revIn())).toThrow("reversible: the layer");
});
