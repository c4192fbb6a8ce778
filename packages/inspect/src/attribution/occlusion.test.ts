import { readFileSync } from "node:fs";
import { dense, rnn, sequence, sequential } from "@sluice/cells";
import { convert, take, tensor, valuesOf, type ArrayTensor } from "@sluice/tensor";
import { expectNear, expectSame } from "@sluice/tensor/testing";
import { wasm } from "@sluice/wasm";
import { afterAll, expect, test } from "vitest";
import { occlusion, type OcclusionOptions, type Score } from "../index.ts";

interface Stored {
  readonly shape: number[];
  readonly data: number[];
}
const golden: {
  readonly lengths: number[];
  readonly input: Stored;
  readonly baseline: Stored;
  readonly weights: Readonly<Record<"W" | "U" | "b" | "V", Stored>>;
  readonly scores: Stored;
  readonly occlusions: readonly {
    readonly name: string;
    readonly window: number;
    readonly stride: number;
    readonly together: number;
    readonly attributions: Stored;
  }[];
} = JSON.parse(readFileSync(new URL("../../../../fixtures/inspect/attribution.json", import.meta.url), "utf8"));

const backend = wasm();
afterAll(() => backend.close());

const read = ({ shape, data }: Stored): ArrayTensor => tensor(Float64Array.from(data), shape);
const { W, U, b, V } = golden.weights;
const params = [
  { W: read(W), U: read(U), b: read(b) },
  { W: read(V), b: tensor(new Float64Array(2)) },
] as const;
const model = sequential([sequence(rnn({ input: 3, hidden: 4 }), { outputs: "last" }), dense({ input: 4, output: 2 })]);
const score: Score = (x, inputs) => take(model.apply([...params], x, inputs).output, 1, 1);
const x = read(golden.input);
const [batch, time, features] = x.shape as [number, number, number];
const { lengths } = golden;
const has = (i: number): boolean => Math.floor(i / features) % time < lengths[Math.floor(i / (time * features))]!;
const together = (n: number): OcclusionOptions => (n === 1 ? {} : { groups: { all: [0, 1, 2] } });

test.each(golden.occlusions)("captum's attributions: $name", async (given) => {
  const { attributions, scores, windows } = await occlusion(score, x, {
    lengths,
    replacement: read(golden.baseline),
    window: given.window,
    stride: given.stride,
    ...together(given.together),
  });
  expect(windows.at(-1)?.to).toBe(time);
  expectNear("scores", valuesOf(scores), golden.scores.data, 1e-14);
  const found = valuesOf(attributions);
  found.forEach((y, i) => expect(Number.isNaN(y)).toBe(!has(i)));
  const present = (values: ArrayLike<number>): number[] => Array.from(values).filter((_, i) => has(i));
  expectNear("attributions", present(found), present(given.attributions.data), 1e-13);
});

test("each drop is the score minus that of a run with the window and group replaced", async () => {
  const { drops, windows, groups } = await occlusion(score, x, {
    lengths,
    window: 2,
    replacement: 0.5,
    groups: { first: [0], others: [1, 2] },
  });
  expect(windows).toEqual([
    { from: 0, to: 2 },
    { from: 2, to: 4 },
    { from: 4, to: 6 },
  ]);
  expect(groups.map(({ name }) => name)).toEqual(["first", "others"]);
  expect(drops.shape).toEqual([batch, 3, 2]);
  const rows = { lengths: tensor(lengths, [batch], { dtype: "i32" }) };
  const whole = valuesOf(score(x, rows));
  windows.forEach(({ from, to }, w) =>
    groups.forEach((group, g) => {
      const data = Float64Array.from(x.data, (y, i) => {
        const [step, feature] = [Math.floor(i / features) % time, i % features];
        return step >= from && step < to && group.features.includes(feature) ? 0.5 : y;
      });
      const without = valuesOf(score(tensor(data, x.shape), rows));
      for (let row = 0; row < batch; row++) {
        const found = valuesOf(drops)[(row * 3 + w) * 2 + g]!;
        if (from < lengths[row]!) expect(found).toBe(whole[row]! - without[row]!);
        else expect(found).toBeNaN();
      }
    }),
  );
});

test("the number of copies changes nothing, NaN beyond the lengths reaches nothing, and wasm agrees", async () => {
  const { drops, attributions } = await occlusion(score, x, { lengths, copies: 1 });
  const spoiled = tensor(
    Float64Array.from(x.data, (y, i) => (has(i) ? y : NaN)),
    x.shape,
  );
  for (const copies of [5, 100]) {
    const other = await occlusion(score, spoiled, { lengths, copies });
    expectSame(`${copies} copies`, { drops: other.drops, attributions: other.attributions }, { drops, attributions });
  }
  const single = (y: ArrayTensor): ArrayTensor => convert(y, "f32") as ArrayTensor;
  const [recurrent, readout] = params;
  const weights = [
    { W: single(recurrent.W), U: single(recurrent.U), b: single(recurrent.b) },
    { W: single(readout.W), b: single(readout.b) },
  ] as const;
  const inSingle: Score = (at, inputs) => take(model.apply([...weights], at, inputs).output, 1, 1);
  const compiled = await occlusion(inSingle, single(x), { lengths, backend });
  const present = (values: ArrayLike<number>): number[] => Array.from(values).filter((y) => !Number.isNaN(y));
  expectNear("in f32", present(valuesOf(compiled.drops)), present(valuesOf(drops)), 1e-5);
});

test("features in no group have no attribution", async () => {
  const { attributions } = await occlusion(score, x, { groups: { two: [0, 2] } });
  valuesOf(attributions).forEach((y, i) => expect(Number.isNaN(y)).toBe(i % features === 1));
});

test("arguments that do not fit are errors that say what is expected", async () => {
  const of = (options: object): Promise<unknown> => occlusion(score, x, options);
  await expect(of({ window: 0 })).rejects.toThrow("window must be an integer of at least 1 (steps), got 0");
  await expect(of({ window: 2, stride: 3 })).rejects.toThrow("stride 3 is larger than the window of 2 steps");
  await expect(of({ groups: { none: [] } })).rejects.toThrow("group none must list positions of features from 0 to 2");
  await expect(of({ groups: { far: [3] } })).rejects.toThrow(
    "group far must list positions of features from 0 to 2, got 3",
  );
  await expect(of({ copies: 0.5 })).rejects.toThrow("copies must be an integer of at least 1, got 0.5");
  await expect(of({ replacement: tensor([1, 2]) })).rejects.toThrow("replacement must be a number or broadcast to x");
  await expect(of({ baseline: 0 })).rejects.toThrow("replacement");
});
