import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, quiet, software } from "@sluice/browsers";
import { chromium as playwright, type Browser, type Page } from "playwright-core";
import { preview } from "vite";
import type { Process } from "./contender.ts";
import { absence, bundlePage } from "./page/bundle.ts";
import type { Devices } from "./page/devices.ts";
import type {} from "./page/main.ts";
import { cache, type Peer } from "./peers.ts";
import type { Command } from "./protocol.ts";

/** A Chromium page in which all contenders train. */
export interface ChromiumPage {
  /** Its version. */
  readonly about: string;
  readonly own: Peer;
  readonly peers: readonly Peer[];
  close(): Promise<void>;
}

/** The time limit of one command. After it, the page is closed, because it may hang. */
const patience = 300_000;

const flags = [...quiet, "--disable-background-timer-throttling"];
const anyCard = [...flags, "--enable-unsafe-webgpu", "--enable-features=Vulkan", "--ignore-gpu-blocklist"];

/** The contenders that need each library in the cache folder. */
const names: readonly (readonly [name: string, needs?: string])[] = [
  ["gpu-webasm"],
  ["gpu-webgl2"],
  ["gpu-webgpu"],
  ["tfjs-wasm", "tfjs"],
  ["tfjs-webgl", "tfjs"],
  ["tfjs-webgpu", "tfjs"],
  ["jax-js-wasm", "jax-js"],
  ["jax-js-webgpu", "jax-js"],
];

/**
 * Opens the page on the machine's GPU. If it does not support both WebGL 2 and WebGPU, opens it with Chromium's
 * software rendering.
 */
export async function openChromium(): Promise<ChromiumPage> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-page-"));
  await bundlePage(folder, cache);
  const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  const server = await preview({
    configFile: false,
    root: folder,
    logLevel: "error",
    build: { outDir: folder },
    preview: { host: "127.0.0.1", port: 0, headers },
  });
  const address = server.resolvedUrls!.local[0]!;
  let { browser, page, devices } = await launch(address, anyCard);
  if (devices.webgl === undefined || devices.webgpu === undefined) {
    await browser.close();
    ({ browser, page, devices } = await launch(address, [...flags, ...software]));
  }
  const peer = (name: string, needs?: string): Peer => ({
    name,
    has: () => true,
    find: () => {
      const absent = needs === undefined ? undefined : absence(needs, cache);
      return absent === undefined ? { connect: () => contenderIn(browser, page, name) } : { absent };
    },
  });
  return {
    about: `Chromium ${browser.version()}`,
    own: peer("sluice"),
    peers: names.map(([name, needs]) => peer(name, needs)),
    async close() {
      await browser.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(
  address: string,
  args: readonly string[],
): Promise<{ readonly browser: Browser; readonly page: Page; readonly devices: Devices }> {
  if (chromium.path === undefined) throw new Error(chromium.absent);
  const browser = await playwright.launch({ executablePath: chromium.path, args: [...args] });
  const page = await browser.newPage();
  page.setDefaultTimeout(patience);
  // Every contender gets one thread: libraries that ask for the number of cores see one.
  await page.addInitScript(() => Object.defineProperty(navigator, "hardwareConcurrency", { value: 1 }));
  await page.goto(address);
  await page.waitForFunction(() => "bench" in globalThis);
  if (!(await page.evaluate(() => crossOriginIsolated)))
    throw new Error("the bench's page is not cross-origin isolated");
  return { browser, page, devices: await page.evaluate(() => globalThis.bench.devices()) };
}

/** A contender in the page. A page cannot read files, so the contents of a command's file are sent with it. */
function contenderIn(browser: Browser, page: Page, name: string): Process {
  const call = (command: Command) => {
    const file =
      command.op === "prepare" && command.data !== "" ? new Uint8Array(readFileSync(command.data)) : undefined;
    return page.evaluate((given) => globalThis.bench.ask(given.name, given.command, given.file), {
      name,
      command,
      file,
    });
  };
  return {
    async ask(command) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`no answer within ${patience / 1000} s, so the page was closed`));
          void browser.close();
        }, patience);
      });
      try {
        const { answer, file } = await Promise.race([call(command), late]);
        if ("error" in answer) throw new Error(answer.error);
        if (command.op === "results") writeFileSync(command.path, file!);
        return answer;
      } finally {
        clearTimeout(timer);
      }
    },
    close() {},
  };
}
