// The page in WebKit, where Playwright has fetched one.
import { existsSync } from "node:fs";
import { webkit } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { choose, click, inNode, open, serve, status, textOf } from "./testing/drive.ts";

const small = { time: 20, hidden: 32, steps: 100 };
const isThere = existsSync(webkit.executablePath());

test("trains to the weights that Node has", async ({ skip }) => {
  skip(!isThere, "there is no WebKit (pnpm --filter @sluice/browser exec playwright-core install --with-deps webkit)");
  const [server, browser] = await Promise.all([serve(), webkit.launch()]);
  onTestFinished(async () => {
    await browser.close();
    await server.close();
  });
  const page = await open(browser, server.address);
  await choose(page, small);
  await click(page, "Start");
  await status(page, "Done: 100 steps.");
  expect(await textOf(page, "hash")).toBe((await inNode(small)).hash);
});
