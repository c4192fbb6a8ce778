#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { messageOf } from "@sluice/study";
import { EXIT, list, report, run, type Console, type RunFlags } from "./command.ts";

const closed = new AbortController();
const terminal: Console = {
  folder: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  closed: closed.signal,
};

// The reader of a pipe may close it, as `head` does, and a disk may be full. Neither is an error of the command.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => closed.abort());

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError("expected a number of seconds above 0.");
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("expected an integer of at least 1.");
  return value;
}

/** Runs a command and turns an error into a message and an exit code. */
async function main(args: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const program = new Command("sluice")
    .description("Reproducible studies of gated recurrent networks.")
    .exitOverride()
    .showSuggestionAfterError();
  program
    .command("run")
    .description("run a study (finished trials are skipped), and write its report")
    .argument("<study>", "a name (digits, long-sequence/digits) or the path of a module that exports a study")
    .option("--budget <name>", "one of the study's budgets, such as quick (default: the study's own)")
    .option("--seeds <n>", "how many seeds", positive)
    .option("--threads <n>", "threads per trial (default: cores / number of trials)", positive)
    .option("--jobs <n>", "trials at a time (default: cores / threads)", positive)
    .option("--out <folder>", "runs folder (default: runs/<study>/<budget>)")
    .option("--data <folder>", "folder with data sets that are not npm packages")
    .option("--retry", "run failed, diverged and unreadable trials again")
    .option(
      "--limit <seconds>",
      "stop a trial after this many seconds and count it as failed (default: the study's limit, or none)",
      seconds,
    )
    .option("--json", "print one JSON document to standard output, everything else to standard error")
    .action(async (study: string, flags: RunFlags) => void (code = await run(study, flags, terminal)));
  program
    .command("list")
    .description("list the studies of this checkout")
    .option("--json", "print JSON")
    .action(async (flags: { json?: boolean }) => void (code = await list(flags, terminal)));
  program
    .command("report")
    .description("build the report of a runs folder again")
    .argument("<folder>", "a runs folder, such as runs/digits/quick")
    .option("--json", "print JSON")
    .action(async (folder: string, flags: { json?: boolean }) => void (code = await report(folder, flags, terminal)));
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
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

process.exitCode = await main(process.argv.slice(2));
