import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { closed } from "./closed.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const forEver = { close: () => new Promise<void>(() => {}) };

/** Milliseconds after which it is closed, looked at every 100. */
async function closedAfter(closing: Promise<void>, atMost: number): Promise<number | null> {
  let ended = false;
  void closing.then(() => (ended = true));
  for (let ms = 0; ms <= atMost; ms += 100) {
    if (ended) return ms;
    await vi.advanceTimersByTimeAsync(100);
  }
  return null;
}

const up = { isDown: () => false };
const down = { isDown: () => true };
const calm = { aborted: false };

test("a worker closes when BullMQ has", async () => {
  const close = () => new Promise<void>((settle) => setTimeout(settle, 500));
  expect(await closedAfter(closed({ close }, { line: up, kill: calm, busy: new Set(["a"]) }), 2000)).toBe(500);
});

test("one without trials does not wait for a BullMQ that never ends", async () => {
  const busy = new Set(["a"]);
  const closing = closed(forEver, { line: up, kill: calm, busy });
  expect(await closedAfter(closing, 60_000)).toBe(null);
  busy.clear();
  expect(await closedAfter(closing, 60_000)).toBeLessThanOrEqual(3500);
});

test("one with trials waits for a Redis that is gone, and for trials that are to be killed, but not for ever", async () => {
  const busy = new Set(["a"]);
  const without = await closedAfter(closed(forEver, { line: down, kill: calm, busy }), 60_000);
  expect(without).toBeGreaterThan(9900);
  expect(without).toBeLessThan(11_000);
  const killed = await closedAfter(closed(forEver, { line: up, kill: { aborted: true }, busy }), 60_000);
  expect(killed).toBeGreaterThan(2900);
  expect(killed).toBeLessThan(4000);
});
