import { fileURLToPath } from "node:url";

/** The module that the process of a trial runs. */
export const trialEntry = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./entry.ts" : "./entry.js", import.meta.url),
);

/**
 * Node's arguments for a trial: those of this process, and those for running from sources if this is a source file. V8
 * lets its heap grow beyond what it needs, so a memory limit, in bytes, is the limit of its heap too.
 */
export function trialArguments({ memory = null }: { readonly memory?: number | null } = {}): readonly string[] {
  const condition = "--conditions=@sluice/source";
  const own = process.execArgv.filter(
    (argument, index, all) => !ONE_PROGRAM.test(argument) && !/^(-e|-p|-pe|--eval|--print)$/.test(all[index - 1] ?? ""),
  );
  const heap =
    memory === null || own.some((argument) => HEAP.test(argument))
      ? []
      : [`--max-old-space-size=${Math.max(1, Math.floor(memory / 1_048_576))}`];
  return [...own, ...(trialEntry.endsWith(".ts") && !own.includes(condition) ? [condition] : []), ...heap];
}

/** Arguments that refer to the program of this process; the program may be the next argument. */
const ONE_PROGRAM = /^(-e|-p|-pe|-i|-c|--eval|--print|--interactive|--check|--input-type)(=|$)/;

const HEAP = /^--max[-_]old[-_]space[-_]size/;
