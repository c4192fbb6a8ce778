import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runningTimeout } from "./running-timeout.ts";

let now = 0;
beforeEach(() => {
  now = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  vi.spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Time passes while the process runs. */
function pass(milliseconds: number): void {
  for (let left = milliseconds; left > 0; left -= 100) {
    now += 100;
    vi.advanceTimersByTime(100);
  }
}

test("ends after its time", () => {
  const then = vi.fn();
  runningTimeout(12_300, then);
  pass(12_200);
  expect(then).not.toHaveBeenCalled();
  pass(100);
  expect(then).toHaveBeenCalledTimes(1);
});

test("does not count the hour in which the process stood still", () => {
  const then = vi.fn();
  runningTimeout(12_300, then);
  pass(1500);
  now += 3_600_000;
  // At most 5 s of the hour count.
  pass(5000);
  expect(then).not.toHaveBeenCalled();
  pass(10_000);
  expect(then).toHaveBeenCalledTimes(1);
});

test("does not end once it was cleared, and waits for more days than a timer of Node can", () => {
  const then = vi.fn();
  const cleared = runningTimeout(1000, then);
  runningTimeout(30 * 86_400_000, then);
  pass(500);
  cleared.clear();
  pass(60_000);
  expect(then).not.toHaveBeenCalled();
});
