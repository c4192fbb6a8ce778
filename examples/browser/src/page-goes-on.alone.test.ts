// The page, which goes on while its worker works. Alone, since the machine must have time for both.
import { expect, onTestFinished, test } from "vitest";
import { backend, choose, click, launch, open, serve, skipWithoutChromium, stepsMade } from "./testing/drive.ts";

skipWithoutChromium();

test("the page stays responsive during a long step", async () => {
  const [server, browser] = await Promise.all([serve(), launch()]);
  onTestFinished(async () => {
    await browser.close();
    await server.close();
  });
  const page = await open(browser, server.address);
  await choose(page, { time: 100, hidden: 32 });
  await backend(page, "Plain JavaScript").check();
  await page.evaluate(() => {
    let turns = 0;
    setInterval(() => (document.body.dataset["turns"] = String(++turns)), 4);
  });
  const turns = async (): Promise<number> => Number(await page.locator("body").getAttribute("data-turns"));
  const [start, before] = [performance.now(), await turns()];
  await click(page, "Start");
  await stepsMade(page, 1);
  // The worker does little else in this time than one evaluation and one step: a page that they blocked would have no
  // more than a few turns.
  expect((await turns()) - before).toBeGreaterThan((performance.now() - start) / 50);
});
