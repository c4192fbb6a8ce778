/** Runs a script in a page of a headless browser that has the sources of the packages. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { dirname, join, normalize } from "node:path";
import { chromium, visit, type InstalledBrowser } from "@sluice/browsers";
import { beforeEach } from "vitest";
import { workerSource } from "../packages/wasm/src/threads/worker-source.ts";
import { packageNames, readJson, root } from "./workspace.ts";

/** Skips every test of a suite if the browser is missing, and says so. */
export function skipWithout(browser: InstalledBrowser): void {
  beforeEach(({ skip }) => skip(browser.path === undefined, browser.absent));
}

export interface PageOptions {
  /** Whether the page may share memory among threads. Default true. */
  readonly isolated?: boolean;
  /** The page's Content-Security-Policy. Default: none. */
  readonly policy?: string;
  /** The script runs in an `<iframe sandbox="allow-scripts">`, which has no origin and no storage. Default false. */
  readonly sandboxed?: boolean;
  /** Scripts by their paths, beside the sources and before them. */
  readonly files?: Readonly<Record<string, string>>;
  /** Render WebGL and WebGPU in software, by SwiftShader. Chromium only. Default false. */
  readonly graphics?: boolean;
}

/**
 * Returns what `script` passes to `say(result)`. The script is the body of a module that imports packages by name and
 * files of this folder as `/tests/name.ts`. Rejects if it throws.
 */
export async function inBrowser(
  browser: InstalledBrowser,
  script: string,
  options: PageOptions = {},
): Promise<unknown> {
  const { graphics = false } = options;
  const result = Promise.withResolvers<unknown>();
  const server = await serve(script, options, (answer) =>
    "error" in answer ? result.reject(new Error(answer.error)) : result.resolve(answer.result),
  );
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const visiting = visit(browser, `http://127.0.0.1:${port}/`, { graphics });
  try {
    return await Promise.race([result.promise, visiting.lost]);
  } finally {
    await visiting.close();
    server.close();
    server.closeAllConnections();
  }
}

export const inChromium = (script: string, options?: PageOptions): Promise<unknown> =>
  inBrowser(chromium, script, options);

interface Exports {
  readonly exports: Readonly<Record<string, string | { readonly "@sluice/source"?: string }>>;
}

/** Every export of every package, such as `@sluice/tensor/internal`, with the path of its source. */
const imports = Object.fromEntries([
  ...packageNames.flatMap((name) =>
    Object.entries(readJson<Exports>("packages", name, "package.json").exports).flatMap(([key, target]) => {
      const source = typeof target === "string" ? undefined : target["@sluice/source"];
      return source === undefined ? [] : [[join(`@sluice/${name}`, key), join(`/packages/${name}`, source)]];
    }),
  ),
  ["#gpu.js", "/gpu.js"],
  ["csv-parse/browser/esm/sync", "/csv-parse.js"],
  ["csv-parse/browser/esm", "/csv-parse-stream.js"],
]);

const pageOf = (
  script: string,
): string => `<!doctype html><title>Sluice</title><script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  const answer = (body) => fetch("/result", { method: "POST", body: JSON.stringify(body) });
  const say = (result) => answer({ result });
  try {
    ${script}
  } catch (error) {
    await answer({ error: String(error?.stack ?? error) });
  }
</script>`;

type Answer = { readonly result: unknown } | { readonly error: string };

function serve(
  script: string,
  { isolated = true, policy, sandboxed = false, files = {} }: PageOptions,
  onAnswer: (answer: Answer) => void,
): Promise<Server> {
  const server = createServer((request, response) => {
    const headers = {
      ...(isolated
        ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }
        : {}),
      ...(policy === undefined ? {} : { "Content-Security-Policy": policy }),
      ...(sandboxed ? { "Access-Control-Allow-Origin": "*" } : {}),
    };
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    if (path === "/" && sandboxed)
      return void response
        .writeHead(200, { "Content-Type": "text/html" })
        .end(`<!doctype html><iframe sandbox="allow-scripts" src="/frame"></iframe>`);
    if (path === "/" || path === "/frame")
      return void response.writeHead(200, { ...headers, "Content-Type": "text/html" }).end(pageOf(script));
    if (path === "/result") {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      return void request.on("end", () => {
        response.writeHead(204, headers).end();
        onAnswer(JSON.parse(body));
      });
    }
    const module = files[path] ?? moduleAt(path);
    if (module === undefined) return void response.writeHead(404, headers).end();
    response.writeHead(200, { ...headers, "Content-Type": "text/javascript" }).end(module);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/**
 * The sources with their types taken off, the workers' file, csv-parse's modules for browsers, and gpu.js as a module:
 * its file for browsers leaves a global.
 */
function moduleAt(path: string): string | undefined {
  if (path === "/gpu.js") {
    const main = createRequire(join(root, "packages/gpu/package.json")).resolve("gpu.js");
    return `${readFileSync(join(dirname(dirname(main)), "dist/gpu-browser.js"), "utf8")}\nexport default globalThis.GPU;`;
  }
  if (path === "/csv-parse.js" || path === "/csv-parse-stream.js") {
    const { resolve } = createRequire(join(root, "packages/irregular/package.json"));
    const entry = path === "/csv-parse.js" ? "csv-parse/browser/esm/sync" : "csv-parse/browser/esm";
    return readFileSync(resolve(entry), "utf8");
  }
  if (path === "/worker.js") return workerSource;
  if (!/^\/(packages\/[a-z]+\/src\/.*|tests\/[a-z-]+)\.ts$/.test(path)) return undefined;
  return stripTypeScriptTypes(readFileSync(join(root, path), "utf8"));
}
