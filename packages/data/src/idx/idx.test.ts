import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { key, valuesOf } from "@sluice/tensor";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { folderWith, readIn } from "../testing/data-folder.ts";
import { DataError, fashionMnist, mnist, parseIdx } from "../index.ts";
import { datasetSuite } from "../testing/index.ts";

const origin = { set: "toy", file: "toy-idx", obtain: "Get it there." };
const folder = folderWith("mnist");
const fashion = folderWith("fashion-mnist");

/** An IDX file, written the other way round. */
function written(shape: readonly number[], values: readonly number[]): Uint8Array {
  const bytes = [0, 0, 8, shape.length];
  for (const length of shape)
    bytes.push((length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
  return Uint8Array.from([...bytes, ...values]);
}

describe("the IDX format", () => {
  test("what is written is read", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 }), fc.nat(), (shape, seed) => {
        const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (seed + 31 * i) % 256);
        const idx = parseIdx(written(shape, values), origin);
        expect([idx.shape, [...idx.values]]).toEqual([shape, values]);
      }),
    );
  });

  test("a file cut off or continued anywhere is an error", () => {
    const whole = written([3, 2], [1, 2, 3, 4, 5, 6]);
    for (let length = 0; length < whole.length; length++)
      expect(() => parseIdx(whole.subarray(0, length), origin)).toThrow(DataError);
    expect(() => parseIdx(Uint8Array.from([...whole, 7]), origin)).toThrow(
      "toy: toy-idx, byte 12: it has 7 values, but its axes of 3 x 2 take 6. Get it there.",
    );
  });

  test.each<[string, readonly number[], string]>([
    ["empty", [], "byte 0: it has 0 bytes, but the header alone has 4"],
    ["packed", [0x1f, 0x8b, 8, 0], "byte 0: it is packed with gzip; unpack it first"],
    ["not IDX", [80, 75, 3, 4], "byte 0: an IDX file starts with two zero bytes, this one with 80 and 75"],
    ["floats", [0, 0, 13, 1, 0, 0, 0, 0], "byte 2: its values have the type 13, expected 8 (unsigned bytes)"],
    ["no axes", [0, 0, 8, 0, 1], "byte 3: it has no axes"],
    ["a part of the axes", [0, 0, 8, 2, 0, 0, 0, 1], "byte 4: it ends after 8 bytes, but its 2 axes take 12"],
    ["little-endian", [0, 0, 8, 1, 1, 0, 0, 0, 9], "it has 1 values, but its axes of 16777216 take 16777216"],
  ])("damaged: %s", (_, bytes, message) => {
    expect(() => parseIdx(Uint8Array.from(bytes), origin)).toThrow(message);
  });
});

test("without the folder, the errors say how to get the sets", async () => {
  await expect(mnist({ folder: "/nowhere" })).rejects.toThrow(
    /^MNIST: \/nowhere\/mnist\/train-images-idx3-ubyte.gz: cannot be read \(ENOENT.*Download the four .gz files of MNIST/,
  );
  await expect(fashionMnist({ folder: "/nowhere" })).rejects.toThrow(/^Fashion-MNIST: .*Debian's package/);
});

test.each<[object, string]>([
  [{ by: "columns" }, "mnist: unknown by columns"],
  [
    { validation: 60_001 },
    "mnist: train 0 and validation 60001 add up to 60001 images, but the training set has 60000",
  ],
  [{ train: 55_001, validation: 5000 }, "mnist: train 55001 and validation 5000 add up to 60001 images"],
  [{ test: 10_001 }, "mnist: test 10001 is more than the 10000 images of the test set"],
  [{ validation: -1 }, "mnist: validation must be an integer >= 0, got -1"],
  [{ order: "rows" }, "mnist: unknown option order"],
])("refuses %j", async (options, message) => {
  await expect(mnist(options)).rejects.toThrow(message);
});

describe.skipIf(folder === null)("MNIST, where there is a data folder with it", () => {
  const few = { folder, train: 150, validation: 40, test: 30 };
  const tensors = { x: { shape: [28, 28], dtype: "f32" }, y: { shape: [], dtype: "i32" } } as const;
  const laws = datasetSuite(() => mnist(few), { tensors, examples: 220, read: readIn(folder) });
  for (const { name, skip, run } of laws) test(name, { skip: skip !== undefined }, run);

  test("counts of classes, mean and deviation as published", async () => {
    const { train, validation, test: testing } = await mnist({ folder });
    expect([train, validation, testing].map(({ x }) => x.shape[0])).toEqual([55_000, 5000, 10_000]);
    const labels = [...valuesOf(train.y), ...valuesOf(validation.y)];
    expect(Array.from({ length: 10 }, (_, digit) => labels.filter((y) => y === digit).length)).toEqual([
      5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]);
    expect([...valuesOf(testing.y).subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    // The mean and the standard deviation of the training images by which PyTorch's example normalizes them.
    let [sum, squares] = [0, 0];
    for (const part of [train.x, validation.x])
      for (const v of valuesOf(part)) [sum, squares] = [sum + v, squares + v * v];
    const mean = sum / (60_000 * 784);
    expect([mean, Math.sqrt(squares / (60_000 * 784) - mean * mean)].map((v) => v.toFixed(4))).toEqual([
      "0.1307",
      "0.3081",
    ]);
  });

  test("pixels are the rows one after the other; permuted, all images in one order", async () => {
    const [rows, pixels, permuted, other] = await Promise.all([
      mnist(few),
      mnist({ ...few, by: "pixels" }),
      mnist({ ...few, by: "permuted" }),
      mnist({ ...few, by: "permuted", key: key(1) }),
    ]);
    expect(pixels.test.x.shape).toEqual([30, 784, 1]);
    expect(valuesOf(pixels.test.x)).toEqual(valuesOf(rows.test.x));
    expect(valuesOf(permuted.test.y)).toEqual(valuesOf(rows.test.y));
    expect(valuesOf(other.test.x)).not.toEqual(valuesOf(permuted.test.x));
    const column = (x: ArrayLike<number>, i: number): string =>
      Array.from({ length: 30 }, (_, image) => x[image * 784 + i]).join();
    const columns = (x: ArrayLike<number>): string[] => Array.from({ length: 784 }, (_, i) => column(x, i));
    const [before, after] = [columns(valuesOf(pixels.test.x)), columns(valuesOf(permuted.test.x))];
    expect(after).not.toEqual(before);
    expect(after.toSorted()).toEqual(before.toSorted());
  });

  test("the first test image is that of the file", async () => {
    const packed = await readFile(join(folder ?? "", "mnist/t10k-images-idx3-ubyte.gz"));
    const bytes = gunzipSync(packed).subarray(16, 16 + 784);
    const { test: testing } = await mnist(few);
    expect([...valuesOf(testing.x).subarray(0, 784)]).toEqual([...bytes].map((v) => Math.fround(v / 255)));
  });
});

describe.skipIf(fashion === null)("Fashion-MNIST as a data set, where there is a data folder with it", () => {
  const tensors = { x: { shape: [28, 28], dtype: "f32" }, y: { shape: [], dtype: "i32" } } as const;
  const few = { folder: fashion, train: 150, validation: 40, test: 30 };
  const laws = datasetSuite(() => fashionMnist(few), { tensors, examples: 220, read: readIn(fashion) });
  for (const { name, skip, run } of laws) test(name, { skip: skip !== undefined }, run);
});

test.skipIf(fashion === null)("Fashion-MNIST, where there is a data folder with it", async () => {
  const set = await fashionMnist({ folder: fashion, validation: 0 });
  const counts = Array.from({ length: 10 }, (_, c) => valuesOf(set.train.y).filter((y) => y === c).length);
  expect(counts).toEqual(new Array(10).fill(6000));
  expect([...valuesOf(set.test.y).subarray(0, 10)].map((y) => set.classes?.[y])).toEqual([
    "Ankle boot",
    "Pullover",
    "Trouser",
    "Trouser",
    "Shirt",
    "Trouser",
    "Coat",
    "Shirt",
    "Sandal",
    "Sneaker",
  ]);
});
