// The page on gpu.js, with a GPU that Chromium emulates in software.
import { chromium, software } from "@sluice/browsers";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  backend,
  choose,
  click,
  inNode,
  launch,
  numberOf,
  open,
  serve,
  skipWithoutChromium,
  status,
  stepOf,
  stepsMade,
  textOf,
} from "./testing/drive.ts";

const small = { time: 20, batch: 16, hidden: 16, steps: 300 };

describe("the page on gpu.js in Chromium", () => {
  skipWithoutChromium();

  let server: Awaited<ReturnType<typeof serve>>;
  let browser: Browser;
  beforeAll(async () => {
    if (chromium.path === undefined) return;
    [server, browser] = await Promise.all([serve(), launch(software)]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test.each(["WebGPU", "WebGL 2", "gpu.js on WebAssembly", "gpu.js in JavaScript"])(
    "trains on %s as on WebAssembly, which can continue from its weights",
    async (label) => {
      const page = await open(browser, server.address);
      await choose(page, small);
      await backend(page, label).check();
      await click(page, "Start");
      await stepsMade(page, 25);
      await click(page, "Pause");
      await status(page, "Paused");
      const step = await stepOf(page);
      expect(step).toBeLessThan(small.steps);
      const { error } = await inNode({ ...small, steps: step - (step % 25) });
      expect((await numberOf(page, "held-out")) / error).toBeCloseTo(1, 2);
      expect(await textOf(page, "weights-note")).toContain("depends on the device");
      await backend(page, "WebAssembly").check();
      await click(page, "Continue");
      await status(page, "Done: 300 steps.");
      expect(await textOf(page, "weights-note")).toContain("several backends");
      await page.close();
    },
  );

  test("a GPU that the CPU emulates is recognised", async () => {
    const page = await open(browser, server.address);
    for (const name of ["webgpu", "webgl2"])
      expect(await textOf(page, `backend-${name}-note`)).toContain("the CPU emulates a GPU (SwiftShader)");
    await page.close();
  });

  test("without a GPU the page says so, and trains on another backend", async () => {
    const without = await launch(["--disable-gpu", "--disable-software-rasterizer"]);
    try {
      const page = await open(without, server.address);
      for (const label of ["WebGPU", "WebGL 2"]) expect(await backend(page, label).isDisabled()).toBe(true);
      expect(await page.locator("#backend-webgl2-note").textContent()).toContain("no GPU that it can use");
      await choose(page, small);
      await click(page, "Start");
      await status(page, "Done: 300 steps.");
    } finally {
      await without.close();
    }
  });
});
