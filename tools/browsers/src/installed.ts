import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A browser of this machine, if it has it. CI installs what is absent. */
export interface InstalledBrowser {
  readonly name: string;
  /** Where it is; undefined where there is none. */
  readonly path: string | undefined;
  /** What to say where there is none. */
  readonly absent: string;
}

export const chromium: InstalledBrowser = {
  name: "Chromium",
  path: onPath(["chromium", "chromium-browser", "google-chrome"]),
  absent: "there is no Chromium (Debian: apt-get install chromium)",
};

export const firefox: InstalledBrowser = {
  name: "Firefox",
  path: onPath(["firefox-esr", "firefox"]),
  absent: "there is no Firefox (Debian: apt-get install firefox-esr)",
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
