import { tensor } from "@sluice/tensor";
import { expectTypeOf, test } from "vitest";
import { toPadded, type RaggedBatch } from "../index.ts";

test("a padded batch is a tree of tensors", () => {
  const batch: RaggedBatch = { values: tensor([1], [1, 1]), offsets: tensor(Int32Array.of(0, 1)) };
  expectTypeOf(toPadded(batch).x.data).not.toBeAny();
  // @ts-expect-error offsets are needed
  void ({ values: tensor([1], [1, 1]) } satisfies RaggedBatch);
});
