/**
 * A variable of the process's environment. Undefined in a page, even if it defines its own `process`, and in Deno
 * without `--allow-env`, where reading throws.
 */
export function environmentVariable(name: string): string | undefined {
  return attempt(() => process.env[name]);
}

/**
 * A setting in the page's local storage. Undefined outside of pages, and in a page without access to storage, such as a
 * sandboxed frame, where reading throws.
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
