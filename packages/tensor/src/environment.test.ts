import { afterEach, describe, expect, test, vi } from "vitest";
import { environmentVariable, storedSetting } from "./internal.ts";

afterEach(() => vi.unstubAllGlobals());

/** A global whose mere mention throws, as `localStorage` in a sandboxed frame. */
function refuse(name: string, message: string): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get: () => {
      throw new Error(message);
    },
  });
  const restore = (): void =>
    void (before === undefined
      ? Reflect.deleteProperty(globalThis, name)
      : Object.defineProperty(globalThis, name, before));
  cleanups.push(restore);
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const restore of cleanups.splice(0)) restore();
});

describe("an environment variable", () => {
  test("is the process's", () => {
    vi.stubEnv("SLUICE_TRIAL", "here");
    expect(environmentVariable("SLUICE_TRIAL")).toBe("here");
    vi.unstubAllEnvs();
    expect(environmentVariable("SLUICE_TRIAL")).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ["no process", undefined],
    ["a process of null", null],
    ["a page's own process", {}],
    ["a bundler's process", { env: { DEBUG: true } }],
    [
      "Deno's, which asks for a permission",
      {
        env: new Proxy(
          {},
          {
            get: () => {
              throw new Error('Requires env access to "DEBUG"');
            },
          },
        ),
      },
    ],
  ])("is undefined with %s", (_, process) => {
    vi.stubGlobal("process", process);
    expect(environmentVariable("DEBUG")).toBeUndefined();
  });

  test("is undefined where even the process must not be named", () => {
    refuse("process", "no process here");
    expect(environmentVariable("DEBUG")).toBeUndefined();
  });
});

describe("a stored setting", () => {
  test("is the page's, and looked for in pages alone", () => {
    const getItem = vi.fn((name: string) => (name === "debug" ? "sluice:*" : null));
    vi.stubGlobal("localStorage", { getItem });
    expect(storedSetting("debug")).toBeUndefined();
    expect(getItem).not.toHaveBeenCalled();
    vi.stubGlobal("document", {});
    expect(storedSetting("debug")).toBe("sluice:*");
    expect(storedSetting("other")).toBeUndefined();
  });

  test("is undefined in a sandboxed frame, and where storage is null", () => {
    vi.stubGlobal("document", {});
    refuse("localStorage", "SecurityError: the document is sandboxed");
    expect(storedSetting("debug")).toBeUndefined();
    cleanups.pop()!();
    vi.stubGlobal("localStorage", null);
    expect(storedSetting("debug")).toBeUndefined();
  });
});
