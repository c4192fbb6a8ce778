import { tensor, tensorsOf, valuesOf, type Tree } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { loadState, saveState } from "../index.ts";

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

describe("states", () => {
  test("load to the bit", async () => {
    expect(bits(await loadState(await saveState(example, { metadata: { step: "3" } }), example))).toEqual(
      bits(example),
    );
  });

  test("a changed byte of the data is found", async () => {
    const file = await saveState(example);
    file[file.length - 10]! ^= 1;
    await expect(loadState(file, example)).rejects.toThrow(/the file is damaged/);
  });

  test("another model's file is refused, with the tensors named", async () => {
    const file = await saveState({ W: tensor([1, 2]), b: tensor([1]) });
    await expect(loadState(file, { W: tensor([1, 2]), c: tensor([1]) })).rejects.toThrow(
      "it lacks c and has b, which do not belong",
    );
    await expect(loadState(file, { W: tensor([1, 2], [2, 1]), b: tensor([1]) })).rejects.toThrow(
      "W is f32 [2] in the file, expected f32 [2,1]",
    );
  });
});
