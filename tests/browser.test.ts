// The promise of the default backend, in a real browser: Chromium trains the same weights as Node, bit for bit, with one thread and with several, and the page goes on meanwhile.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { trainSmallGru } from "@sluice/train/testing";
import { wasm } from "@sluice/wasm";
import { describe, expect, test } from "vitest";
import { longStep, type LongStep } from "./long-step.ts";
import { packageNames, root } from "./workspace.ts";

const chromium = ["chromium", "chromium-browser", "google-chrome"].find((name) => spawnSync(name, ["--version"]).status === 0);

const imports = Object.fromEntries([
  ...packageNames.map((name) => [`@sluice/${name}`, `/packages/${name}/src/index.ts`]),
  ["@sluice/train/testing", "/packages/train/src/testing/index.ts"],
]);

const page = `<!doctype html><title>Sluice</title><script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  const say = (result) => fetch("/result", { method: "POST", body: JSON.stringify(result) });
  try {
    const { trainSmallGru } = await import("@sluice/train/testing");
    const { wasm } = await import("@sluice/wasm");
    const { longStep } = await import("/tests/long-step.ts");
    const runs = [];
    for (const threads of [1, 2]) {
      const backend = wasm({ threads });
      runs.push({ hash: (await trainSmallGru(backend)).hash, ...await longStep(backend) });
      await backend.close();
    }
    await say({ isolated: crossOriginIsolated, runs });
  } catch (error) {
    await say({ error: String(error?.stack ?? error) });
  }
</script>`;

/** The sources, with their types taken off, to a page that may share memory among threads where it is isolated. */
function serve(isolated: boolean, onResult: (result: unknown) => void): Promise<Server> {
  const server = createServer((request, response) => {
    const headers = isolated ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } : {};
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    if (path === "/") return void response.writeHead(200, { ...headers, "Content-Type": "text/html" }).end(page);
    if (path === "/result") {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      return void request.on("end", () => {
        response.writeHead(204, headers).end();
        onResult(JSON.parse(body));
      });
    }
    if (!/^\/(packages\/[a-z]+\/src\/.*|tests\/long-step)\.ts$/.test(path)) return void response.writeHead(404, headers).end();
    const script = stripTypeScriptTypes(readFileSync(join(root, path), "utf8"));
    response.writeHead(200, { ...headers, "Content-Type": "text/javascript" }).end(script);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

interface Answer {
  readonly isolated: boolean;
  readonly runs: readonly ({ readonly hash: string } & LongStep)[];
}

async function inChromium(isolated: boolean): Promise<unknown> {
  const profile = mkdtempSync(join(tmpdir(), "sluice-chromium-"));
  const result = Promise.withResolvers<unknown>();
  const server = await serve(isolated, result.resolve);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const browser = spawn(
    chromium!,
    [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`,
    ],
    { stdio: "ignore" },
  );
  browser.on("exit", (code) => result.reject(new Error(`Chromium ended with code ${code} before the page had answered`)));
  try {
    return await result.promise;
  } finally {
    browser.removeAllListeners("exit");
    browser.kill("SIGKILL");
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

// Skipped where there is no Chromium; CI installs it.
describe.skipIf(chromium === undefined)("Chromium", { timeout: 120_000 }, () => {
  test.each([true, false])("trains the weights that Node trains, and its page goes on; cross-origin isolated: %s", async (isolated) => {
    const backend = wasm();
    const { hash } = await trainSmallGru(backend);
    const { loss } = await longStep(backend);
    await backend.close();
    const answer = await inChromium(isolated);
    expect(answer).toEqual({ isolated, runs: [1, 2].map(() => ({ hash, loss, milliseconds: expect.any(Number), longestPause: expect.any(Number) })) });
    for (const { milliseconds, longestPause } of (answer as Answer).runs) {
      expect(milliseconds).toBeGreaterThan(200);
      // A blocked page would pause for the whole step; the rest allows for a machine with less to spare than threads.
      expect(longestPause).toBeLessThan(milliseconds / 4);
    }
  });
});
