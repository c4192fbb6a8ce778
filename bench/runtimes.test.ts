import { chromium as browser } from "@sluice/browsers";
import { expect, test } from "vitest";
import { makeCase } from "./cases.ts";
import { measureRuntimes } from "./runtimes.ts";

const options = { samples: 1, warmMilliseconds: 0, clock: "wall" } as const;
const own = ["gpu-webasm", "gpu-webgl2", "gpu-webgpu", "sluice"];

test("every backend computes the same and is timed, in Node and in one page of Chromium", async ({ skip }) => {
  skip(browser.path === undefined, browser.absent);
  const cases = [makeCase("train", "gru", [2, 3, 4, 5], 1), makeCase("adam", "gru", [2, 3, 4, 5], 1)];
  const [node, chromium] = await measureRuntimes(cases, options);
  expect(node).toMatchObject({
    name: "Node",
    contenders: {
      sluice: expect.stringContaining("WebAssembly"),
      "gpu-webasm": expect.stringContaining("mode webasm"),
      "gpu-cpu": expect.stringContaining("mode cpu"),
    },
  });
  expect(chromium).toMatchObject({
    name: "Chromium",
    about: expect.stringMatching(/^Chromium \d+/),
    contenders: {
      "gpu-webgl2": expect.stringMatching(/mode webgl2 on ./),
      "gpu-webgpu": expect.stringMatching(/mode webgpu on ./),
    },
  });
  for (const { errors, ms } of node!.rows) {
    expect(errors).toEqual({});
    expect(Object.keys(ms)).toEqual(expect.arrayContaining(["sluice", "gpu-webasm", "gpu-cpu"]));
  }
  expect(chromium!.rows).toHaveLength(2);
  for (const { errors, ms, peak } of chromium!.rows) {
    expect(errors).toEqual({});
    expect(Object.keys(ms)).toEqual(expect.arrayContaining(own));
    expect([peak, ...Object.values(ms)].every((x) => x > 0)).toBe(true);
  }
}, 600_000);

test("CPU time, which a page cannot measure, is refused with the reason", async () => {
  const [, chromium] = await measureRuntimes([], { ...options, clock: "cpu" });
  expect(chromium!.about).toMatch(/^absent: (a page cannot measure its CPU time|Chromium is not installed)/);
});
