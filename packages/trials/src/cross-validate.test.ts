import { dense, rnn, sequence, sequential } from "@sluice/cells";
import { key, normal, tensor, valuesOf } from "@sluice/tensor";
import { crossEntropy, rowsOf } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, expect, test } from "vitest";
import { crossValidate, evaluateModel, type FoldRows } from "./index.ts";

const backend = wasm();
afterAll(() => backend.close());

const model = sequential([sequence(rnn({ input: 1, hidden: 2 }), { outputs: "last" }), dense({ input: 2, output: 2 })]);
const examples = {
  x: normal(key(1), [20, 3, 1]),
  y: tensor(Int32Array.from({ length: 20 }, (_, row) => Number(row % 4 === 0))),
};

test("each fold is tested by a model that has not seen it, and its validation rows are of the others", async () => {
  const options = { loss: crossEntropy, size: 4, backend } as const;
  const folds = await crossValidate(model, examples, {
    ...options,
    folds: 5,
    classes: valuesOf(examples.y),
    validation: 0.25,
    epochs: 2,
    keep: "best",
    seed: 3,
  });
  expect(folds.flatMap(({ rows }) => [...rows.test]).sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
  for (const { trained, test: tested, rows } of folds) {
    const all = [...rows.train, ...rows.validation, ...rows.test];
    expect(all.sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
    expect([rows.train.length, rows.validation.length, rows.test.length]).toEqual([12, 4, 4]);
    for (const own of [rows.validation, rows.test]) expect([...own].filter((row) => row % 4 === 0)).toHaveLength(1);
    expect(tested).toEqual(await evaluateModel(model, trained.params, rowsOf(examples, rows.test), options));
    expect(trained.history[trained.best.step / 3]?.validation).toEqual(
      await evaluateModel(model, trained.params, rowsOf(examples, rows.validation), options),
    );
  }
  expect(new Set(folds.map(({ trained }) => trained.history[0]?.validation?.loss)).size).toBe(5);
});

test("a function makes the data of each fold from its rows", async () => {
  const options = { loss: crossEntropy, size: 4, backend, epochs: 2, folds: 4, classes: valuesOf(examples.y) } as const;
  const given: FoldRows[] = [];
  const data = (rows: FoldRows) => {
    given.push(rows);
    return {
      name: "made",
      train: rowsOf(examples, rows.train),
      validation: rowsOf(examples, rows.validation),
      test: rowsOf(examples, rows.test),
    };
  };
  const made = await crossValidate(model, data, options);
  const taken = await crossValidate(model, examples, options);
  expect(made.map(({ rows, test: tested }) => ({ rows, tested }))).toEqual(
    taken.map(({ rows, test: tested }) => ({ rows, tested })),
  );
  expect(given).toEqual(taken.map(({ rows }) => rows));
  await expect(crossValidate(model, data, { loss: crossEntropy, epochs: 1, backend, folds: 4 })).rejects.toThrow(
    "classes must tell how many rows there are",
  );
});

test("the examples of a group are together, in folds and in validation", async () => {
  const groups = Array.from({ length: 20 }, (_, row) => row % 7);
  const options = { loss: crossEntropy, size: 4, backend, epochs: 1 } as const;
  const folds = await crossValidate(model, examples, { ...options, folds: 3, groups, validation: 0.5 });
  expect(folds.flatMap(({ rows }) => [...rows.test]).sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
  for (const { rows } of folds) {
    const parts = [rows.train, rows.validation, rows.test].map((own) => new Set(Array.from(own, (row) => groups[row])));
    expect(parts.map(({ size }) => size).reduce((sum, size) => sum + size)).toBe(7);
    expect(rows.validation.length).toBeGreaterThan(0);
  }
});

test("errors say what is wrong", async () => {
  const options = { loss: crossEntropy, epochs: 1, backend };
  await expect(crossValidate(model, examples, { ...options, folds: 1 })).rejects.toThrow("at least 2 folds, got 1");
  await expect(crossValidate(model, examples, { ...options, folds: 2, validation: 1 })).rejects.toThrow(
    "from 0 to 0.5",
  );
  await expect(crossValidate(model, examples, { ...options, folds: 21 })).rejects.toThrow("20 rows for 21 folds");
});
