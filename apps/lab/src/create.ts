import { withProject } from "./commands/new.ts";
import { codeOf, programOf, thisTerminal } from "./program.ts";
import { EXIT } from "./terminal.ts";

/**
 * `sluice new` as a program of its own, for `npm create sluice`.
 *
 * @param args - the words after its name
 * @returns the exit code
 */
export async function create(args: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const program = programOf("create-sluice", "Writes a new project for Sluice: a study, or a package with a cell.");
  withProject(program, "npm create sluice@latest", {
    before: "-- ",
    terminal: thisTerminal(),
    ended: (ended) => void (code = ended),
  });
  return codeOf(program, args, () => code);
}
