import { expect, test } from "vitest";
import { widthOf } from "./terminal.ts";

test("a file, and a terminal whose size was never set, have the usual width", () => {
  expect([widthOf({}), widthOf({ columns: 0 }), widthOf({ columns: 80 })]).toEqual([120, 120, 80]);
  expect(widthOf({ columns: 0 }, 160)).toBe(160);
});
