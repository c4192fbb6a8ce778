// The default backend in pages that are not as others are: sandboxed, with another `process`, or under a policy.
import { chromium } from "@sluice/browsers";
import { trainSmallGru } from "@sluice/train/testing";
import { wasm } from "@sluice/wasm";
import { describe, expect, test } from "vitest";
import { inChromium, skipWithout } from "./page.ts";

describe("Chromium", { timeout: 600_000 }, () => {
  skipWithout(chromium);

  describe("compiles, trains and runs gpu.js where a page is not as others are", () => {
    const elsewhere = `
      const read = (f) => { try { return typeof f(); } catch (error) { return error.name; } };
      const { trainSmallGru } = await import("@sluice/train/testing");
      const { wasm } = await import("@sluice/wasm");
      const { gpu } = await import("@sluice/gpu");
      const { compile, tensor, mul, valuesOf } = await import("@sluice/tensor");
      const backend = wasm();
      const { hash } = await trainSmallGru(backend);
      await backend.close();
      const other = await gpu({ mode: "webasm" });
      const twice = await compile((x) => mul(x, 2), [tensor([1])], { backend: other });
      const doubled = [...valuesOf(await twice(tensor([3])))];
      await other.close();
      await say({ hash, doubled, storage: read(() => localStorage), env: read(() => process.env.DEBUG) });`;

    test.each([
      [
        "a sandboxed frame",
        elsewhere,
        { isolated: false, sandboxed: true },
        { storage: "SecurityError", env: "ReferenceError" },
      ],
      ["window.process = {}", `window.process = {};${elsewhere}`, {}, { storage: "object", env: "TypeError" }],
    ])("%s", async (_, script, options, found) => {
      const backend = wasm();
      const { hash } = await trainSmallGru(backend);
      await backend.close();
      expect(await inChromium(script, options)).toEqual({ hash, doubled: [6], ...found });
    });
  });

  describe("under a Content-Security-Policy", () => {
    const attempt = (options: string, threads: number): string => `
      const { trainSmallGru } = await import("@sluice/train/testing");
      const { wasm } = await import("@sluice/wasm");
      const backend = wasm({ threads: ${threads}, oversubscribe: true, ${options} });
      const { hash, error } = await trainSmallGru(backend).catch((error) => ({ error: error.message }));
      await backend.close();
      await say({ hash, error, threads: backend.threads });`;
    const own = "default-src 'none'; connect-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'";

    test.each([1, 2])(
      "that allows no workers from blob: URLs, %i threads: the error says what was refused and what helps",
      async (threads) => {
        const answer = await inChromium(attempt("", threads), { policy: `${own}; worker-src 'self'` });
        expect(answer).toEqual({
          error: expect.stringMatching(
            /^wasm: .*worker.* was not started from a blob: URL, which a Content-Security-Policy without `worker-src blob:` forbids; .*wasm\({ worker: "\/worker.js" }\).*wasm\({ worker: false }\)/,
          ),
          threads: { asked: threads, used: threads },
        });
      },
    );

    test.each([
      ["blob: workers", "", "blob:", 2],
      ["the workers' file", `worker: "/worker.js"`, "'self'", 2],
      ["the workers' file as a URL, one thread", `worker: new URL("/worker.js", location.href)`, "'self'", 1],
      ["no workers", "worker: false", "'none'", 1],
    ])("%s train the weights that Node trains", async (_, options, workers, used) => {
      const backend = wasm();
      const { hash } = await trainSmallGru(backend);
      await backend.close();
      expect(await inChromium(attempt(options, used), { policy: `${own}; worker-src ${workers}` })).toEqual({
        hash,
        threads: { asked: used, used },
      });
    });

    test("a file that is not there, or is something else, is an error that names it", async () => {
      const policy = `${own}; worker-src 'self'`;
      for (const [file, threads] of [
        ["/missing.js", 1],
        ["/missing.js", 2],
      ] as const) {
        expect(await inChromium(attempt(`worker: "${file}"`, threads), { policy })).toMatchObject({
          error: expect.stringMatching(
            /^wasm: .* was not started from \/missing.js: that must be the file @sluice\/wasm\/worker, .*worker-src 'self'/,
          ),
        });
      }
    });

    test("that forbids WebAssembly: the error says what to allow", async () => {
      const policy = own.replace(" 'wasm-unsafe-eval'", "");
      expect(await inChromium(attempt("worker: false", 1), { policy })).toMatchObject({
        error: expect.stringMatching(
          /^wasm: the page's Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src/,
        ),
      });
    });
  });
});
