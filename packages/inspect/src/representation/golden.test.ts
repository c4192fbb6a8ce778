// Principal components, similarity and readouts, as scikit-learn and SciPy compute them.
import { readFileSync } from "node:fs";
import { convert, tensor, valuesOf, type ArrayTensor } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import { expect, test } from "vitest";
import {
  linearCka,
  logisticReadout,
  principalComponents,
  procrustesDistance,
  projected,
  ridgeReadout,
  similarityOverTime,
} from "../index.ts";

interface Stored {
  readonly shape: number[];
  readonly data: number[];
}
type Scores = Readonly<Record<"train" | "test" | "baseline", Readonly<Record<string, number>>>>;
interface Readout extends Scores {
  readonly name: string;
  readonly penalty: number;
  readonly weights: Stored;
  readonly bias: Stored;
}

const file = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../../fixtures/inspect/${name}.json`, import.meta.url), "utf8"));
const read = ({ shape, data }: Stored): ArrayTensor => tensor(Float64Array.from(data), shape);

/** NaN at steps that no row has, where nothing may look. */
function spoiled(x: ArrayTensor, lengths: readonly number[]): ArrayTensor {
  const [, time = 1, features = 1] = x.shape;
  const has = (i: number): boolean => Math.floor(i / features) % time < lengths[Math.floor(i / features / time)]!;
  return tensor(
    Float64Array.from(x.data, (y, i) => (has(i) ? y : NaN)),
    x.shape,
  );
}

const pca = file<
  Record<"states" | "mean" | "directions" | "variances" | "explained" | "other" | "otherProjected", Stored> & {
    lengths: number[];
  }
>("components");

test("principal components are scikit-learn's, up to the sign", () => {
  const states = spoiled(read(pca.states), pca.lengths);
  const found = principalComponents(states, { components: 3, lengths: pca.lengths });
  expect(found.directions.shape).toEqual(pca.directions.shape);
  const signs = [0, 1, 2].map((k) => (found.directions.data[k * 6]! * pca.directions.data[k * 6]! > 0 ? 1 : -1));
  expectNear("mean", found.mean.data, pca.mean.data, 1e-14);
  expectNear(
    "directions",
    found.directions.data,
    pca.directions.data.map((y, i) => y * signs[Math.floor(i / 6)]!),
    1e-12,
  );
  expectNear("variances", found.variances.data, pca.variances.data, 1e-13);
  expectNear("explained", found.explained.data, pca.explained.data, 1e-13);
  expectNear(
    "other points",
    projected(read(pca.other), found).data,
    pca.otherProjected.data.map((y, i) => y * signs[i % 3]!),
    1e-12,
  );
});

const similarity = file<{
  lengths: number[];
  states: Stored;
  cases: {
    name: string;
    other: Stored;
    cka: number;
    procrustes: number;
    ckaOfSteps: number[];
    procrustesOfSteps: number[];
  }[];
}>("similarity");

test.each(similarity.cases)("similarity to $name", (given) => {
  const { lengths } = similarity;
  const [x, y] = [spoiled(read(similarity.states), lengths), spoiled(read(given.other), lengths)];
  expect(linearCka(x, y, { lengths })).toBeCloseTo(given.cka, 12);
  expect(linearCka(y, x, { lengths })).toBeCloseTo(given.cka, 12);
  expect(procrustesDistance(x, y, { lengths })).toBeCloseTo(given.procrustes, 12);
  expect(procrustesDistance(y, x, { lengths })).toBeCloseTo(given.procrustes, 12);
  const over = similarityOverTime(linearCka, x, y, { lengths });
  expectNear("CKA of steps", over.data, given.ckaOfSteps, 1e-12);
  expectNear(
    "distance of steps",
    similarityOverTime(procrustesDistance, x, y, { lengths }).data,
    given.procrustesOfSteps,
    1e-12,
  );
});

const readouts = file<{
  lengths: number[];
  testRows: number[];
  states: Stored;
  targets: Stored;
  regressions: Readout[];
  classifications: (Readout & { classes: Stored })[];
}>("readouts");
const { lengths, testRows } = readouts;
const states = spoiled(read(readouts.states), lengths);

test.each(readouts.regressions)("$name", ({ penalty, weights, bias, ...scores }) => {
  const found = ridgeReadout(states, spoiled(read(readouts.targets), lengths), { test: testRows, penalty, lengths });
  expectNear("weights", valuesOf(found.weights), weights.data, 1e-12);
  expectNear("bias", valuesOf(found.bias), bias.data, 1e-12);
  expectScores({ train: { ...found.train }, test: { ...found.test }, baseline: { ...found.baseline } }, scores, 1e-12);
});

test.each(readouts.classifications)("$name", ({ penalty, classes, weights, bias, ...scores }) => {
  const labels = convert(tensor(classes.data, classes.shape, { dtype: "i32" }), "f64") as ArrayTensor;
  const found = logisticReadout(states, spoiled(labels, lengths), { test: testRows, penalty, lengths });
  expectNear("weights", valuesOf(found.weights), weights.data, 1e-10);
  expectNear("bias", valuesOf(found.bias), bias.data, 1e-10);
  expectScores({ train: { ...found.train }, test: { ...found.test }, baseline: { ...found.baseline } }, scores, 1e-10);
});

function expectScores(found: Scores, expected: Scores, tolerance: number): void {
  for (const side of ["train", "test", "baseline"] as const)
    for (const [name, score] of Object.entries(expected[side]))
      expectNear(`${name} of ${side}`, [found[side][name]!], [score], tolerance);
}
