// Every cell of the catalogue on gpu.js: outputs, final states and gradients are the reference's within a tolerance.
import { catalogue } from "@sluice/cells/catalogue";
import { cellSuite } from "@sluice/cells/testing";
import { gpu } from "@sluice/gpu";
import { afterAll, describe, test } from "vitest";

/** Relative to the largest value: exp, tanh and division of gpu.js, and sums in another order. */
const TOLERANCE = 2e-5;

const backend = await gpu({ mode: "cpu" });
afterAll(() => backend.close());

describe.each(Object.entries(catalogue))("%s", (_, entries) => {
  describe.each(entries)("$name", ({ make, except = {}, input }) => {
    const options = { backend, tolerance: TOLERANCE, except, ...(input && { input }) };
    for (const { name, skip, run } of cellSuite(make({ input: 2, hidden: 3 }), options)) {
      if (name === "a backend has the reference's values")
        test(name, (context) => (skip === undefined ? run() : context.skip(skip)));
    }
  });
});
