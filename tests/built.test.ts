// The hash that tests/built.js compares with, on every system and Node of the workflows, is that of the sources.
import { trainSmallGru } from "@sluice/train/testing";
import { wasm } from "@sluice/wasm";
import { expect, test } from "vitest";
import { trainedOnWasm } from "./trained-on-wasm.js";

test("the small GRU on wasm has the weights that are known", async () => {
  const backend = wasm();
  expect((await trainSmallGru(backend)).hash).toBe(trainedOnWasm);
  await backend.close();
});
