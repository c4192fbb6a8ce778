import { expect, test } from "vitest";
import { memoryPool } from "./memory-pool.ts";

test.each([false, true])("a memory that is used again is all zeros, also when it grows (shared: %s)", (shared) => {
  const pool = memoryPool({ shared });
  const first = pool.take(2);
  for (const pages of [1, 2, 5]) {
    new Uint8Array(first.buffer).fill(7);
    pool.give(first);
    const again = pool.take(pages);
    expect(again).toBe(first);
    expect(again.buffer.byteLength).toBeGreaterThanOrEqual(65536 * pages);
    expect(new Uint8Array(again.buffer).some((byte) => byte !== 0)).toBe(false);
  }
});
