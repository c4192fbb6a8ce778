import { expect, test } from "vitest";
import { inTurns, median, runsFor } from "./statistics.ts";

test("the median is the middle value, or the mean of the two", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 3, 100])).toBe(3.5);
  expect(() => median([])).toThrow("no values");
});

test("short runs are taken together until a sample lasts long enough", () => {
  expect(runsFor(0.3)).toBe(67); // 67 * 0.3 = 20.1
  expect(runsFor(20)).toBe(1);
  expect(runsFor(500)).toBe(1);
});

test("contenders take turns, and each round begins with another", async () => {
  const order: string[] = [];
  const taker = (name: string, value: number): [string, () => Promise<number>] => [
    name,
    async () => {
      order.push(name);
      return value;
    },
  ];
  const samples = await inTurns([taker("a", 1), taker("b", 2), taker("c", 3)], 3);
  expect(order.join("")).toBe("abcbcacab");
  expect([...samples]).toEqual([
    ["a", [1, 1, 1]],
    ["b", [2, 2, 2]],
    ["c", [3, 3, 3]],
  ]);
});
