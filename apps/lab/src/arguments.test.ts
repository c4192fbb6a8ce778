import { expect, test } from "vitest";
import { bytes, seeds } from "./arguments.ts";
import { folderName } from "./study-options.ts";

test("seeds are a count, or a list of numbers and ranges", () => {
  expect(seeds("10")).toBe(10);
  expect(seeds("5..9")).toEqual([5, 6, 7, 8, 9]);
  expect(seeds("0,3,5..7")).toEqual([0, 3, 5, 6, 7]);
  for (const wrong of ["0", "9..5", "a", "1,", "1..", "0..1000000", "-1"])
    expect(() => seeds(wrong)).toThrow("expected");
  expect(() => seeds("1,0..2")).toThrow("a seed is listed twice.");
});

test("sizes have units, of powers of 1000 or 1024", () => {
  expect(["2GB", "1.5 GiB", "500mb", "300000B", "0.5kB"].map(bytes)).toEqual([2e9, 1_610_612_736, 5e8, 3e5, 500]);
  for (const wrong of ["2", "GB", "-1GB", "0GB", "2 Gbit", "2GB more", "1e3GB", "Infinity GB"])
    expect(() => bytes(wrong)).toThrow("expected a size above 0 with its unit");
});

test("a run with other settings has a folder of its own", () => {
  expect(folderName("quick", {})).toBe("quick");
  expect(folderName("quick", { hidden: 128, optimizer: { rate: 3e-4 } })).toBe(
    "quick+hidden=128+optimizer.rate=0.0003",
  );
  const long = folderName("quick", { path: "../up", other: "x".repeat(80) });
  expect(long).toMatch(/^quick\+[\w.=+-]{1,40}-[0-9a-f]{8}$/);
  expect(folderName("quick", { path: "a b" })).not.toBe(folderName("quick", { path: "a+b" }));
});
