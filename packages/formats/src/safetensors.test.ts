import { tensor, tensorsOf, valuesOf, type DType, type Tree } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSafetensors, SafetensorsError, writeSafetensors } from "./index.ts";

const example = {
  gru: {
    U: tensor([1.5, -2, NaN, Infinity, -0, 1e-45], [2, 3]),
    b: tensor([Math.PI, 5e-324], undefined, { dtype: "f64" }),
  },
  mask: tensor([1, 0, 1], undefined, { dtype: "bool" }),
  counts: [tensor([-2147483648, 7], undefined, { dtype: "i32" }), tensor([], [0, 4])],
  step: tensor([3], [], { dtype: "i32" }),
};

const bits = (tree: Tree): unknown[] =>
  tensorsOf(tree).map((x) => [x.dtype, x.shape, [...new Uint8Array(valuesOf(x).slice().buffer)]]);

describe("safetensors", () => {
  test("are the format: an aligned header of spaces and JSON, then the data without gaps", () => {
    const file = writeSafetensors(
      { b: tensor([1, 0], undefined, { dtype: "bool" }), a: tensor([1, 2], [2, 1]) },
      { made: "here" },
    );
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))).toEqual({
      __metadata__: { made: "here" },
      a: { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] },
      b: { dtype: "BOOL", shape: [2], data_offsets: [8, 10] },
    });
    expect([...file.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 1, 0]);
  });

  test("read back to the bit, names being paths", () => {
    const { tensors, metadata } = readSafetensors(writeSafetensors(example, { a: "ü" }));
    expect(Object.keys(tensors).sort()).toEqual(["counts.0", "counts.1", "gru.U", "gru.b", "mask", "step"]);
    expect(bits(tensors["gru.U"]!)).toEqual(bits(example.gru.U));
    expect(metadata).toEqual({ a: "ü" });
  });

  test("read from a view into a larger buffer, at any alignment", () => {
    const file = writeSafetensors(example);
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    expect(bits(readSafetensors(shifted.subarray(3)).tensors)).toEqual(bits(readSafetensors(file).tensors));
  });

  test("random trees of arrays come back", () => {
    const arrays = fc.record({
      dtype: fc.constantFrom<DType>("f32", "f64", "i32", "bool"),
      values: fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((s) => s !== "__metadata__" && s !== "__proto__" && !s.includes(".")),
          arrays,
          { maxKeys: 6 },
        ),
        (tree) => {
          const given = Object.fromEntries(
            Object.entries(tree).map(([name, { dtype, values }]) => [name, tensor(values, undefined, { dtype })]),
          );
          const { tensors } = readSafetensors(writeSafetensors(given));
          expect(Object.keys(tensors).sort()).toEqual(Object.keys(given).sort());
          for (const [name, x] of Object.entries(given)) expect(bits(tensors[name]!)).toEqual(bits(x));
        },
      ),
    );
  });

  test("a file cut off anywhere is an error that says so", () => {
    const file = writeSafetensors(example);
    for (let length = 0; length < file.length; length++)
      expect(() => readSafetensors(file.subarray(0, length)), `${length}`).toThrow(SafetensorsError);
    expect(() => readSafetensors(file.subarray(0, 5))).toThrow(
      "safetensors: the file has 5 bytes, less than the 8 of the header's length",
    );
    expect(() => readSafetensors(file.subarray(0, 20))).toThrow(/only 12 follow: the file is truncated/);
    expect(() => readSafetensors(file.subarray(0, file.length - 1))).toThrow(
      /the file is truncated: mask ends at byte/,
    );
  });

  const withHeader = (header: unknown, data = 8): Uint8Array => {
    const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
    const file = new Uint8Array(8 + json.length + data);
    new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
    file.set(json, 8);
    return file;
  };
  const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };

  test.each<[string, unknown, RegExp]>([
    ["no JSON", "{nonsense", /the header is not JSON/],
    ["no object", [1], /the header is not a JSON object/],
    [
      "a dtype that is not read",
      { a: { ...entry, dtype: "BF16" } },
      /a has the dtype BF16; F64, F32, I32, BOOL can be read/,
    ],
    ["a bad shape", { a: { ...entry, shape: [-2] } }, /a has the shape \[-2\]/],
    [
      "a shape that does not fill its span",
      { a: { ...entry, shape: [3] } },
      /a F32 \[3\] takes 12 bytes, but its data_offsets \[0,8\] span 8/,
    ],
    ["offsets backwards", { a: { ...entry, data_offsets: [8, 0] } }, /a has the data_offsets \[8,0\]/],
    ["an overlap", { a: entry, b: entry }, /b begins at byte 0 of the data, but a ends at 8/],
    ["left-over bytes", { a: { ...entry, shape: [1], data_offsets: [0, 4] } }, /4 bytes follow a/],
    ["metadata that are no strings", { __metadata__: { a: 1 }, a: entry }, /__metadata__.a is not a string/],
  ])("%s is an error that names it", (_, header, message) => {
    expect(() => readSafetensors(withHeader(header))).toThrow(message);
  });
});
