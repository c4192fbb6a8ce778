// The page, clicked in Chromium.
import { chromium } from "@sluice/browsers";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Settings } from "./settings.ts";
import { BASELINE } from "./task.ts";
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

const small: Partial<Settings> = { time: 20, hidden: 32, steps: 300 };

describe("the page in Chromium", () => {
  skipWithoutChromium();

  let server: Awaited<ReturnType<typeof serve>>;
  let browser: Browser;
  const pages: Page[] = [];

  beforeAll(async () => {
    if (chromium.path === undefined) return;
    [server, browser] = await Promise.all([serve(), launch()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  afterEach(() => Promise.all(pages.splice(0).map((page) => page.close())));

  async function newPage(): Promise<Page> {
    const page = await open(browser, server.address);
    pages.push(page);
    return page;
  }

  test("start trains until the loss has fallen, to the weights that Node has, with one thread and with two", async () => {
    const page = await newPage();
    await choose(page, small);
    await click(page, "Start");
    await status(page, "Done: 300 steps.");
    const error = await numberOf(page, "held-out");
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(BASELINE / 4);
    expect(await page.locator("#curve .held-out-point").count()).toBe(13);
    expect(await page.locator("#answers .answer").count()).toBe(128);
    const { hash } = await inNode(small);
    expect(await textOf(page, "hash")).toBe(hash);
    expect(await textOf(page, "node-command")).toBe("npm run example:node -- --time 20 --hidden 32 --steps 300");

    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.getByLabel("Threads").selectOption("2");
    await click(page, "Start again");
    await page.getByRole("heading", { name: "Weights" }).waitFor({ state: "hidden" });
    await status(page, "Done: 300 steps.");
    expect(await textOf(page, "hash")).toBe(hash);
  });

  test("pause stops, continue resumes, reset starts over", async () => {
    const page = await newPage();
    await choose(page, { ...small, steps: 5000 });
    await click(page, "Start");
    await stepsMade(page, 20);
    expect(await page.getByLabel("Sequence length").isDisabled()).toBe(true);
    await click(page, "Pause");
    await status(page, "Paused");
    const step = await stepOf(page);
    expect(await textOf(page, "hash")).toBe((await inNode({ ...small, steps: step })).hash);
    await page.waitForTimeout(300);
    expect(await stepOf(page)).toBe(step);
    await click(page, "Continue");
    await stepsMade(page, step + 1);
    await click(page, "Reset");
    await status(page, "Ready.");
    expect(await textOf(page, "step")).toBe("–");
    expect(await page.locator("#curve .held-out-point").count()).toBe(0);
    expect(await page.getByLabel("Sequence length").isEnabled()).toBe(true);
  });

  test("a run continues on another backend from the same weights", async () => {
    const page = await newPage();
    await choose(page, { time: 20, hidden: 16, steps: 100 });
    await backend(page, "Plain JavaScript").check();
    expect(await page.getByLabel("Threads").isDisabled()).toBe(true);
    await click(page, "Start");
    await stepsMade(page, 1);
    await click(page, "Pause");
    await status(page, "Paused");
    const step = await stepOf(page);
    expect(step).toBeLessThan(100);
    await backend(page, "WebAssembly").check();
    await click(page, "Continue");
    await status(page, "Done: 100 steps.");
    expect(await page.locator("#weights").textContent()).toContain("several backends");
  });

  test("an error is said, and the page remains usable", async () => {
    const page = await newPage();
    await choose(page, { ...small, steps: 100 });
    await page.route("**/worker.ts*", (route) => route.abort());
    await click(page, "Start");
    await page.getByRole("alert").filter({ hasText: "could not be loaded" }).waitFor();
    await status(page, "Stopped.");
    await page.unroute("**/worker.ts*");
    await page.getByLabel("Seed").fill("7");
    await click(page, "Try again");
    await status(page, "Done: 100 steps.");
    expect(await page.getByRole("alert").isVisible()).toBe(false);
    expect(await textOf(page, "hash")).toBe((await inNode({ ...small, steps: 100, seed: 7 })).hash);
  });

  test("after a worker fails, the run continues from the last evaluation and ends with the same bits", async () => {
    const page = await newPage();
    await choose(page, small);
    await click(page, "Start");
    await stepsMade(page, 30);
    await page.workers()[0]!.evaluate(
      () =>
        void setTimeout(() => {
          throw new Error("the device is gone");
        }),
    );
    const alert = page.getByRole("alert").filter({ hasText: "the device is gone" });
    await alert.waitFor();
    const step = await stepOf(page);
    expect(step).toBeGreaterThan(0);
    expect(step % 25).toBe(0);
    expect(await alert.textContent()).toContain(`The weights of step ${step} are kept`);
    await page.getByLabel("Threads").selectOption("2");
    await click(page, "Try again");
    await status(page, "Done: 300 steps.");
    expect(await textOf(page, "hash")).toBe((await inNode(small)).hash);
  });

  test("a backend that cannot run says why, and another is chosen", async () => {
    // Without compiling at run time, as in a browser's stricter modes, there is no WebAssembly.
    const without = await launch(["--js-flags=--jitless"]);
    try {
      const page = await open(without, server.address);
      expect(await backend(page, "WebAssembly").isDisabled()).toBe(true);
      expect(await page.locator("#backends").textContent()).toContain("This browser has no WebAssembly");
      expect(await backend(page, "WebAssembly").isChecked()).toBe(false);
      expect(await page.locator("#backends :checked").count()).toBe(1);
      await backend(page, "Plain JavaScript").check();
      await choose(page, { time: 20, hidden: 16 });
      await click(page, "Start");
      await stepsMade(page, 1);
    } finally {
      await without.close();
    }
  });

  test("nothing is wider than a phone, a tablet or a large screen, and the keyboard is enough", async () => {
    const page = await newPage();
    const tooWide = async (): Promise<number[]> => {
      const excess = [];
      for (const width of [360, 768, 1400]) {
        await page.setViewportSize({ width, height: 900 });
        excess.push(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth));
      }
      return excess;
    };
    expect(await tooWide()).toEqual([0, 0, 0]);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    expect(await backend(page, "WebAssembly").isChecked()).toBe(false);
    await page.keyboard.press("ArrowUp");
    expect(await backend(page, "WebAssembly").isChecked()).toBe(true);
    await choose(page, { ...small, steps: 100 });
    await page.getByRole("button", { name: "Start" }).press("Enter");
    await status(page, "Done: 100 steps.");
    expect(await page.locator("#hash").isVisible()).toBe(true);
    expect(await tooWide()).toEqual([0, 0, 0]);
  });
});
