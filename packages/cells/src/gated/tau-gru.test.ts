// tauGru refuses delays that are none. Its numbers are in golden-further.test.ts.
import { expect, test } from "vitest";
import { tauGru } from "../index.ts";

test.each([0, 1.5, Number.NaN])("a delay of %d is an error", (delay) => {
  expect(() => tauGru({ input: 1, hidden: 1, delay })).toThrow(`tauGru: delay must be an integer >= 1, got ${delay}`);
});
