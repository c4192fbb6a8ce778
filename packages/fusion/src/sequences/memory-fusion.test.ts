import { key, keyFor, normal, sliceAxis, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { memoryFusion } from "../index.ts";

const root = key(6);
const inputs = { text: 3, audio: 2 };
const [batch, time] = [2, 4];
const draw = (name: string, width: number): Tensor => normal(keyFor(root, name), [batch, time, width]);
const x = { text: draw("text", 3), audio: draw("audio", 2) };
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const flags = (values: readonly number[]): Tensor => tensor(values, [batch, time], { dtype: "bool" });

describe("memoryFusion", () => {
  const fusion = memoryFusion({ inputs, hidden: { text: 2, audio: 1 }, memory: 2, units: 3 });
  const params = fusion.init(root);
  const first = (steps: number, start = 0): Record<keyof typeof inputs, Tensor> => ({
    text: sliceAxis(x.text, 1, start, start + steps),
    audio: sliceAxis(x.audio, 1, start, start + steps),
  });

  test("a step that all modalities miss is as if it were not there", () => {
    const present = flags([0, 1, 1, 1, 0, 1, 1, 1]);
    const found = fusion.apply(params, { text: { x: x.text, present }, audio: { x: x.audio, present } });
    expect(numbers(found.output)).toEqual(numbers(fusion.apply(params, first(3, 1)).output));
  });

  test("the LSTM of a modality keeps its state at a step that it misses, and the memory goes on", () => {
    const present = flags([1, 1, 1, 0, 1, 1, 1, 0]);
    const found = numbers(fusion.apply(params, { text: x.text, audio: { x: x.audio, present } }).output);
    const [before, after] = [first(3), x].map((given) => numbers(fusion.apply(params, given).output));
    for (const row of [0, 5]) {
      // text, text | audio | memory, memory
      expect(found.slice(row, row + 2)).toEqual(after!.slice(row, row + 2));
      expect(found[row + 2]).toBe(before![row + 2]);
      expect(found.slice(row + 3, row + 5)).not.toEqual(before!.slice(row + 3, row + 5));
      expect(found.slice(row + 3, row + 5)).not.toEqual(after!.slice(row + 3, row + 5));
    }
  });

  test("traces attention and gates of every step", () => {
    const { traces } = fusion.apply(params, x, { traces: true });
    expect(Object.entries(traces).map(([name, { shape }]) => [name, shape])).toEqual([
      ["attention", [2, 4, 6]],
      ["retain", [2, 4, 2]],
      ["update", [2, 4, 2]],
    ]);
    const weights = numbers(traces["attention"]!);
    for (let step = 0; step < 8; step++)
      expect(weights.slice(6 * step, 6 * step + 6).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  });

  test.each(["attention", "proposal", "retain", "update"])("dropout of %s acts in training", (of) => {
    const dropping = memoryFusion({ inputs, hidden: 2, memory: 2, units: 8, dropout: { [of]: 0.5 } });
    const weights = dropping.init(root);
    const drawn = (seed: number): number[] =>
      numbers(dropping.apply(weights, x, { training: true, key: key(seed) }).output);
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    expect(drawn(1)).not.toEqual(numbers(dropping.apply(weights, x).output));
    expect(() => dropping.apply(weights, x, { training: true })).toThrow("dropout: training needs a key");
  });

  test.each<[string, () => unknown, string]>([
    [
      "one modality",
      () => memoryFusion({ inputs: { text: 2 }, hidden: 2, memory: 2 }),
      "memoryFusion: expected at least two modalities in inputs, got text",
    ],
    [
      "a vector",
      () => memoryFusion({ inputs: Object({ text: 2, age: { kind: "vector", width: 1 } }), hidden: 2, memory: 2 }),
      "memoryFusion: age is a vector, expected a sequence",
    ],
    [
      "no hidden units for a modality",
      () => memoryFusion({ inputs, hidden: Object({ text: 2 }), memory: 2 }),
      "memoryFusion: hidden of audio must be an integer >= 1, got undefined",
    ],
    [
      "units of a network that is not there",
      () => memoryFusion({ inputs, hidden: 2, memory: 2, units: Object({ gamma1: 2 }) }),
      "memoryFusion: units: unknown option gamma1",
    ],
    [
      "a rate of 1",
      () => memoryFusion({ inputs, hidden: 2, memory: 2, dropout: 1 }),
      "memoryFusion: dropout of attention must be a rate from 0 to less than 1, got 1",
    ],
  ])("%s is an error", (_, make, message) => {
    expect(make).toThrow(message);
  });
});
