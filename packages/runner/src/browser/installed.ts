import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A browser that may be installed on this machine. */
export interface InstalledBrowser {
  /** "Chromium" or "Firefox". */
  readonly name: string;
  /** Path of its executable; undefined if it is not installed. */
  readonly path: string | undefined;
  /** The message to show if it is not installed. */
  readonly absent: string;
}

/** Chromium or Chrome, from the PATH. */
export const chromium: InstalledBrowser = {
  name: "Chromium",
  path: onPath(["chromium", "chromium-browser", "google-chrome"]),
  absent: "Chromium is not installed (Debian: apt-get install chromium)",
};

/** Firefox, from the PATH. */
export const firefox: InstalledBrowser = {
  name: "Firefox",
  path: onPath(["firefox-esr", "firefox"]),
  absent: "Firefox is not installed (Debian: apt-get install firefox-esr)",
};

function onPath(commands: readonly string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return commands.flatMap((command) => folders.map((folder) => join(folder, command))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
