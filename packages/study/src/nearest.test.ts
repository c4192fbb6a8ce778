import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

test("the nearest name is a slip of the hand away, or there is none", () => {
  expect(nearest("digts", ["events", "digits", "halves"])).toBe("digits");
  expect(nearest("sedes", ["seeds", "threads"])).toBe("seeds");
  expect(nearest("zebra", ["events", "digits"])).toBeUndefined();
  expect(nearest("gru", ["rnn", "lstm"])).toBeUndefined();
});
