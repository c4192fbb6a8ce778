// Every cell of the family passes what a third party's must.
import { wasm } from "@sluice/wasm";
import { afterAll, describe, test } from "vitest";
import { cellSuite } from "../testing/index.ts";
import { memoryCells } from "./catalogue.ts";

const backend = wasm();
afterAll(() => backend.close());

describe.each(memoryCells)("$name", ({ make, except = {}, input }) => {
  const cell = make({ input: 2, hidden: 3 });
  for (const { name, skip, run } of cellSuite(cell, { backend, except, ...(input && { input }) }))
    test(name, (context) => (skip === undefined ? run() : context.skip(skip)));
});
