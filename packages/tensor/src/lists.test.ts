import { expect, test } from "vitest";
import { lookUp, nth, picked, zip } from "./lists.ts";

test("elements that are there", () => {
  expect(nth([4, 5, 6], 2)).toBe(6);
  expect(nth(Float32Array.of(0.5), 0)).toBe(0.5);
  expect(picked(["a", "b", "c"], [2, 0, 2])).toEqual(["c", "a", "c"]);
  expect(zip([1, 2], ["a", "b"])).toEqual([
    [1, "a"],
    [2, "b"],
  ]);
  expect(lookUp(new Map([["a", 0]]), "a", "no a")).toBe(0);
});

test("elements that are missing are errors, not undefined", () => {
  expect(() => nth([4, 5, 6], 3)).toThrow("a list of 3 has no element 3");
  expect(() => nth([4, 5, 6], -1)).toThrow("a list of 3 has no element -1");
  expect(() => picked([1], [0, 1])).toThrow("a list of 1 has no element 1");
  expect(() => zip([1, 2], [3])).toThrow("lists of 2 and 1 elements have no pairs");
  expect(() => zip([1], [2, 3])).toThrow("lists of 1 and 2 elements have no pairs");
  expect(() => lookUp(new Map<string, number>(), "a", "no a")).toThrow("no a");
});
