// The page, clicked in Chromium. What is clicked is found as an assistive technology finds it: by role and label.
import { spawnSync } from "node:child_process";
import { wasm } from "@sluice/wasm";
import { chromium, type Browser, type Page } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { defaults, type Settings } from "./settings.ts";
import { BASELINE } from "./task.ts";
import { startTraining } from "./training.ts";

const found = ["chromium", "chromium-browser", "google-chrome"].map((name) => spawnSync("which", [name]).stdout?.toString().trim()).find(Boolean);

const small: Partial<Settings> = { time: 20, hidden: 32, steps: 300 };

async function hashInNode(chosen: Partial<Settings>): Promise<string> {
  const settings = { ...defaults, ...chosen };
  const backend = wasm();
  const training = await startTraining(settings, backend);
  while (training.step < settings.steps) await training.next();
  const hash = await training.hash();
  await backend.close();
  return hash;
}

// Skipped where there is no Chromium; CI installs it.
describe.skipIf(found === undefined)("the page in Chromium", { timeout: 60_000 }, () => {
  let server: ViteDevServer;
  let browser: Browser;
  const pages: Page[] = [];

  const launch = (args: readonly string[] = []): Promise<Browser> =>
    chromium.launch({
      executablePath: found!,
      args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...args],
    });

  beforeAll(async () => {
    server = await createServer({ configFile: `${import.meta.dirname}/../vite.config.ts`, server: { host: "127.0.0.1", port: 0 }, logLevel: "error" });
    await server.listen();
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  afterEach(() => Promise.all(pages.splice(0).map((page) => page.close())));

  async function open(from = browser): Promise<Page> {
    const page = await from.newPage({ viewport: { width: 1400, height: 900 } });
    pages.push(page);
    page.setDefaultTimeout(30_000);
    await page.goto(server.resolvedUrls!.local[0]!);
    await page.getByRole("button", { name: "Start" }).waitFor();
    return page;
  }

  async function choose(page: Page, { time, hidden, steps }: Partial<Settings>): Promise<void> {
    for (const [label, value] of [["Sequence length", time], ["Hidden units", hidden], ["Training steps", steps]] as const) {
      if (value !== undefined) await page.getByLabel(label).selectOption(String(value));
    }
  }

  const click = (page: Page, name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
  const status = (page: Page, text: string | RegExp): Promise<void> => page.getByRole("status").filter({ hasText: text }).waitFor();
  const textOf = async (page: Page, id: string): Promise<string> => (await page.locator(`#${id}`).textContent()) ?? "";
  const stepOf = async (page: Page): Promise<number> => Number.parseInt(await textOf(page, "step"), 10);
  const stepsMade = (page: Page, atLeast: number): Promise<unknown> =>
    page.waitForFunction((n) => Number.parseInt(document.getElementById("step")?.textContent ?? "", 10) >= n, atLeast);

  test("start trains until the loss has fallen, to the weights that Node has, with one thread and with two", async () => {
    const page = await open();
    await choose(page, small);
    await click(page, "Start");
    await status(page, "Done: 300 steps.");
    const error = Number.parseFloat(await textOf(page, "held-out"));
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(BASELINE / 4);
    expect(await page.locator("#curve .held-out-point").count()).toBe(13);
    expect(await page.locator("#answers .answer").count()).toBe(128);
    const hash = await hashInNode(small);
    expect(await textOf(page, "hash")).toBe(hash);
    expect(await textOf(page, "node-command")).toBe("npm run example:node -- --time 20 --hidden 32 --steps 300");

    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.getByLabel("Threads").selectOption("2");
    await click(page, "Start again");
    await page.getByRole("heading", { name: "Weights" }).waitFor({ state: "hidden" });
    await status(page, "Done: 300 steps.");
    expect(await textOf(page, "hash")).toBe(hash);
  });

  test("pause stops, continue goes on, reset begins anew", async () => {
    const page = await open();
    await choose(page, { ...small, steps: 5000 });
    await click(page, "Start");
    await stepsMade(page, 20);
    expect(await page.getByLabel("Sequence length").isDisabled()).toBe(true);
    await click(page, "Pause");
    await status(page, "Paused");
    const step = await stepOf(page);
    expect(await textOf(page, "hash")).toBe(await hashInNode({ ...small, steps: step }));
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

  test("a run goes on with another backend, from the same weights", async () => {
    const page = await open();
    await choose(page, { time: 20, hidden: 16, steps: 100 });
    await page.getByLabel("Plain JavaScript").check();
    expect(await page.getByLabel("Threads").isDisabled()).toBe(true);
    await click(page, "Start");
    await stepsMade(page, 1);
    await click(page, "Pause");
    await status(page, "Paused");
    const step = await stepOf(page);
    expect(step).toBeLessThan(100);
    await page.getByLabel("WebAssembly").check();
    await click(page, "Continue");
    await status(page, "Done: 100 steps.");
    expect(await page.locator("#weights").textContent()).toContain("More than one backend");
  });

  test("the page goes on while a long step is made", async () => {
    const page = await open();
    await choose(page, { time: 100, hidden: 32 });
    await page.getByLabel("Plain JavaScript").check();
    await page.evaluate(() => {
      let last = performance.now();
      document.body.dataset["longestPause"] = "0";
      setInterval(() => {
        const now = performance.now();
        document.body.dataset["longestPause"] = String(Math.max(Number(document.body.dataset["longestPause"]), now - last));
        last = now;
      }, 4);
    });
    await click(page, "Start");
    await stepsMade(page, 1);
    const longest = Number(await page.locator("body").getAttribute("data-longest-pause"));
    expect(longest).toBeGreaterThan(0);
    // A blocked page would pause for the whole step; the rest allows for a machine that does other work.
    expect(longest).toBeLessThan(Number.parseFloat(await textOf(page, "milliseconds")) / 2);
  });

  test("an error is said, and the page remains usable", async () => {
    const page = await open();
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
    expect(await textOf(page, "hash")).toBe(await hashInNode({ ...small, steps: 100, seed: 7 }));
  });

  test("a backend that cannot run says why, and another is chosen", async () => {
    // Without compiling at run time, as in a browser's stricter modes, there is no WebAssembly.
    const without = await launch(["--js-flags=--jitless"]);
    try {
      const page = await open(without);
      const choice = page.getByRole("radio", { name: "WebAssembly" });
      expect(await choice.isDisabled()).toBe(true);
      expect(await page.locator("#backends").textContent()).toContain("This browser has no WebAssembly");
      expect(await page.getByLabel("Plain JavaScript").isChecked()).toBe(true);
      await choose(page, { time: 20, hidden: 16 });
      await click(page, "Start");
      await stepsMade(page, 1);
    } finally {
      await without.close();
    }
  });

  test("nothing is wider than a phone, a tablet or a large screen, and the keyboard is enough", async () => {
    const page = await open();
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
    expect(await page.getByLabel("Plain JavaScript").isChecked()).toBe(true);
    await page.keyboard.press("ArrowUp");
    await choose(page, { ...small, steps: 100 });
    await page.getByRole("button", { name: "Start" }).press("Enter");
    await status(page, "Done: 100 steps.");
    expect(await page.locator("#hash").isVisible()).toBe(true);
    expect(await tooWide()).toEqual([0, 0, 0]);
  });
});
