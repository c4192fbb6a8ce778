import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { sha256, sha256Later } from "./index.ts";

const expected = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

afterEach(() => vi.unstubAllGlobals());

test("the digests that the standard gives", () => {
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(sha256("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("Node's digest of every length around the borders of blocks, from views at any offset", () => {
  const bytes = Uint8Array.from({ length: 400 }, (_, i) => (i * 37) & 255);
  for (let length = 0; length < 260; length++) {
    const view = bytes.subarray(length % 7, (length % 7) + length);
    expect(sha256(view), `${length} bytes`).toBe(expected(view));
  }
});

test("Node's digest of any bytes and any text, now and later", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: "grapheme" }), async (given, text) => {
      const bytes = Uint8Array.from(given);
      expect(sha256(bytes)).toBe(expected(bytes));
      expect(await sha256Later(bytes)).toBe(expected(bytes));
      expect(sha256(text)).toBe(expected(text));
    }),
  );
});

test("without WebCrypto, as on a page that is not secure, the digest is the same", async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);
  vi.stubGlobal("crypto", undefined);
  expect(await sha256Later(bytes)).toBe(expected(bytes));
});
