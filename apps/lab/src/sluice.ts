import { commandsFor } from "./commands/index.ts";
import { codeOf, programOf, thisTerminal } from "./program.ts";
import { EXIT } from "./terminal.ts";

/**
 * The command `sluice`.
 *
 * @param args - the words after its name
 * @returns the exit code
 */
export async function sluice(args: readonly string[]): Promise<number> {
  const terminal = thisTerminal();
  let code: number = EXIT.done;
  const program = programOf("sluice", "Reproducible studies of gated recurrent networks.");
  for (const add of await commandsFor(args)) add(program, terminal, (ended) => void (code = ended));
  return codeOf(program, args, () => code);
}
