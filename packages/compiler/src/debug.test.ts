import { afterEach, expect, test, vi } from "vitest";
import { debug } from "./debug.ts";

const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  printed.mockClear();
});

test.each([
  ["sluice:program", 1],
  ["other, sluice:*", 1],
  ["*", 1],
  ["sluice:kernels", 0],
  ["", 0],
])("DEBUG=%s prints sluice:program %i times", (wanted, times) => {
  vi.stubEnv("DEBUG", wanted);
  debug("sluice:program", () => "text");
  expect(printed.mock.calls).toEqual(times === 1 ? [["sluice:program\ntext"]] : []);
});

test("a page says it in localStorage.debug, also one with a process of its own", () => {
  vi.stubGlobal("document", {});
  vi.stubGlobal("process", {});
  vi.stubGlobal("localStorage", { getItem: (name: string) => (name === "debug" ? "sluice:program" : null) });
  debug("sluice:program", () => "text");
  expect(printed).toHaveBeenCalledTimes(1);
});

test("a page that may not read its storage prints nothing, and goes on", () => {
  vi.stubGlobal("document", {});
  vi.stubGlobal("process", {});
  vi.stubGlobal("localStorage", {
    getItem: () => {
      throw new Error("SecurityError");
    },
  });
  debug("sluice:program", () => "text");
  expect(printed).not.toHaveBeenCalled();
});
