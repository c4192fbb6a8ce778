import { Command, CommanderError } from "commander";
import { messageOf } from "@sluice/study";
import { fittedHelp } from "./help-text.ts";
import { nodeProblem } from "./node-version.ts";
import { EXIT, textWidthOf, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** The terminal of this process. */
export function thisTerminal(): Terminal {
  const closed = new AbortController();
  // The reader of a pipe may close it, as `head` does, and a disk may be full. Neither is an error of the command.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => closed.abort());
  const { stdin, stdout, stderr } = process;
  return { folder: process.cwd(), stdin, stdout, stderr, closed: closed.signal };
}

/** A program with `--version`, whose errors are thrown, and whose help fits a terminal of 60 columns. */
export const programOf = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .version(version())
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({
      writeOut: (text) => void process.stdout.write(fittedHelp(text, textWidthOf(process.stdout))),
    });

/**
 * Runs a program, and turns an error into a message and an exit code.
 *
 * @param code - what its commands end with, once it has run
 */
export async function codeOf(program: Command, args: readonly string[], code: () => number): Promise<number> {
  const problem = nodeProblem(process.versions.node);
  if (problem !== null) {
    process.stderr.write(`${problem}\n`);
    return EXIT.usage;
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return code();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const told = error instanceof Error && error.name === "StudyError";
    process.stderr.write(
      `${told || !(error instanceof Error) ? messageOf(error) : (error.stack ?? messageOf(error))}\n`,
    );
    // An error with a cause comes from files or data. An error without one is a usage error.
    return told && error.cause === undefined ? EXIT.usage : EXIT.failed;
  }
}
