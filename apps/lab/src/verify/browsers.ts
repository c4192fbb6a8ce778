import { accessSync, constants } from "node:fs";
import { basename } from "node:path";
import { chromium, firefox, type InstalledBrowser } from "@sluice/runner/browsers";
import { messageOf, studyError } from "@sluice/study";

/** The browser that `--in` names: `chromium`, `firefox`, or the path of the executable of one. */
export function browserNamed(given: string): InstalledBrowser {
  if (given === "chromium" || given === "firefox") return given === "chromium" ? chromium : firefox;
  if (!/[\\/]/.test(given))
    throw studyError(`--in ${given}: expected chromium, firefox, or the path of one of the two`);
  try {
    accessSync(given, constants.X_OK);
  } catch (error) {
    throw studyError(`--in ${given}: there is no program at this path that can be started: ${messageOf(error)}`);
  }
  return { ...(/firefox/i.test(basename(given)) ? firefox : chromium), path: given };
}
