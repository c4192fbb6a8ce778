/**
 * A variable of the process's environment. Undefined where there is none to read: in a page, in one that defines a
 * `process` of its own, and in Deno without `--allow-env`, where reading throws.
 */
export function environmentVariable(name: string): string | undefined {
  return attempt(() => process.env[name]);
}

/**
 * A setting that a page's visitor has stored. Undefined outside of pages, and in a page that may have no storage, such
 * as a sandboxed frame, where reading throws.
 */
export function storedSetting(name: string): string | undefined {
  return "document" in globalThis ? attempt(() => localStorage.getItem(name)) : undefined;
}

function attempt(read: () => unknown): string | undefined {
  try {
    const value = read();
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
