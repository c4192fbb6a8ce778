/** Helpers that use the page as a visitor does. They find controls by role and label, as assistive technology does. */
import { chromium, quiet } from "@sluice/browsers";
import { wasm } from "@sluice/wasm";
import { chromium as playwright, type Browser, type Page } from "playwright-core";
import { createServer } from "vite";
import { beforeEach } from "vitest";
import { defaults, type Settings } from "../settings.ts";
import { startTraining, type Evaluation } from "../training.ts";

/** Skips every test of a suite if there is no Chromium, and says so. */
export function skipWithoutChromium(): void {
  beforeEach(({ skip }) => skip(chromium.path === undefined, chromium.absent));
}

/** Starts the server of `npm run example` on a free port. */
export async function serve(): Promise<{ readonly address: string; close(): Promise<void> }> {
  const server = await createServer({
    configFile: `${import.meta.dirname}/../../vite.config.ts`,
    server: { host: "127.0.0.1", port: 0 },
    logLevel: "error",
  });
  await server.listen();
  return { address: server.resolvedUrls!.local[0]!, close: () => server.close() };
}

export function launch(args: readonly string[] = []): Promise<Browser> {
  if (chromium.path === undefined) throw new Error(chromium.absent);
  return playwright.launch({ executablePath: chromium.path, args: [...quiet, ...args] });
}

export async function open(browser: Browser, address: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.setDefaultTimeout(300_000);
  await page.goto(address);
  await page.getByRole("status").filter({ hasText: "Ready." }).waitFor();
  return page;
}

export async function choose(page: Page, { time, batch, hidden, steps }: Partial<Settings>): Promise<void> {
  for (const [label, value] of [
    ["Sequence length", time],
    ["Batch size", batch],
    ["Hidden units", hidden],
    ["Training steps", steps],
  ] as const) {
    if (value !== undefined) await page.getByLabel(label).selectOption(String(value));
  }
}

export function backend(page: Page, label: string) {
  return page.getByRole("radio", { name: label, exact: true });
}

export function click(page: Page, name: string): Promise<void> {
  return page.getByRole("button", { name, exact: true }).click();
}

export function status(page: Page, text: string): Promise<void> {
  return page.getByRole("status").filter({ hasText: text }).waitFor();
}

export async function textOf(page: Page, id: string): Promise<string> {
  return (await page.locator(`#${id}`).textContent()) ?? "";
}

/** A number as the page shows it: "0.0123", "8.3 × 10⁻⁴" or "10⁻⁵". */
export async function numberOf(page: Page, id: string): Promise<number> {
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const plain = (await textOf(page, id)).replace(
    /(?:^|(\S+) × )10⁻([⁰¹²³⁴⁵⁶⁷⁸⁹]+)$/,
    (_, mantissa: string | undefined, power: string) =>
      `${mantissa ?? "1"}e-${[...power].map((digit) => digits.indexOf(digit)).join("")}`,
  );
  return Number(plain);
}

export async function stepOf(page: Page): Promise<number> {
  return Number.parseInt(await textOf(page, "step"), 10);
}

export async function stepsMade(page: Page, atLeast: number): Promise<void> {
  await page.waitForFunction(
    (n) => Number.parseInt(document.getElementById("step")?.textContent ?? "", 10) >= n,
    atLeast,
  );
}

/** The same run in Node, with one thread. */
export async function inNode(chosen: Partial<Settings>): Promise<Evaluation & { readonly hash: string }> {
  const settings = { ...defaults, ...chosen };
  const backend = wasm();
  const training = await startTraining(settings, backend);
  while (training.step < settings.steps) await training.next();
  const result = { ...(await training.evaluate()), hash: await training.hash() };
  await backend.close();
  return result;
}
