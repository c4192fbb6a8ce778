import { createHash } from "node:crypto";
import { tensor, type ArrayTensor } from "@sluice/tensor";
import { expect, test } from "vitest";
import { weightsHash } from "./index.ts";

test("a hash of weights is SHA-256 over names, dtypes, shapes and bytes in order of the names", async () => {
  const expected = createHash("sha256")
    .update("a.b\nf32\n2,1\n")
    .update(new Uint8Array([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]))
    .update("c\ni32\n\n")
    .update(new Uint8Array([254, 255, 255, 255]))
    .digest("hex");
  const c: ArrayTensor = tensor([-2], [], { dtype: "i32" });
  expect(await weightsHash({ c, a: { b: tensor([1, 2], [2, 1]) } })).toBe(expected);
  expect(await weightsHash({ a: { b: tensor([1, 2], [2, 1]) }, c })).toBe(expected);
  expect(await weightsHash({ a: { b: tensor([1, 2]) }, c })).not.toBe(expected);
});
