import { fileURLToPath } from "node:url";

/** The module that the process of a trial runs. */
export const trialEntry = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./entry.ts" : "./entry.js", import.meta.url),
);

/** Node's arguments for a trial: those of this process, and those for running from sources if this is a source file. */
export function trialArguments(): readonly string[] {
  const condition = "--conditions=@sluice/source";
  const own = process.execArgv.filter(
    (argument, index, all) => !ONE_PROGRAM.test(argument) && !/^(-e|-p|-pe|--eval|--print)$/.test(all[index - 1] ?? ""),
  );
  return trialEntry.endsWith(".ts") && !own.includes(condition) ? [...own, condition] : own;
}

/** Arguments that refer to the program of this process; the program may be the next argument. */
const ONE_PROGRAM = /^(-e|-p|-pe|-i|-c|--eval|--print|--interactive|--check|--input-type)(=|$)/;
