import { fileURLToPath } from "node:url";

/** The module that the process of a trial runs. */
export const trialEntry = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./entry.ts" : "./entry.js", import.meta.url));

/** What Node is started with for a trial: as this process was, and from the sources where this is a source. */
export function trialArguments(): readonly string[] {
  const condition = "--conditions=@sluice/source";
  return trialEntry.endsWith(".ts") && !process.execArgv.includes(condition) ? [...process.execArgv, condition] : process.execArgv;
}
