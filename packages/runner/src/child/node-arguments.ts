import { fileURLToPath } from "node:url";

/** The module that the process of a trial runs. */
export const trialEntry = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./entry.ts" : "./entry.js", import.meta.url),
);

/** What Node is started with for a trial: as this process was, and from the sources where this is a source. */
export function trialArguments(): readonly string[] {
  const condition = "--conditions=@sluice/source";
  const own = process.execArgv.filter(
    (argument, index, all) => !ONE_PROGRAM.test(argument) && !/^(-e|-p|-pe|--eval|--print)$/.test(all[index - 1] ?? ""),
  );
  return trialEntry.endsWith(".ts") && !own.includes(condition) ? [...own, condition] : own;
}

/** Arguments that are about the program of this process, with a program given in the next one. */
const ONE_PROGRAM = /^(-e|-p|-pe|-i|-c|--eval|--print|--interactive|--check|--input-type)(=|$)/;
