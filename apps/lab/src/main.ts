#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { messageOf } from "@sluice/study";
import { addBundle } from "./commands/bundle.ts";
import { addCompare } from "./commands/compare.ts";
import { addData } from "./commands/data.ts";
import { addDiff } from "./commands/diff.ts";
import { addExport } from "./commands/export.ts";
import { addImport } from "./commands/import.ts";
import { addList } from "./commands/list.ts";
import { addLogs } from "./commands/logs.ts";
import { addNew } from "./commands/new.ts";
import { addNote } from "./commands/note.ts";
import { addPlan } from "./commands/plan.ts";
import { addQuery } from "./commands/query.ts";
import { addReport } from "./commands/report.ts";
import { addRun } from "./commands/run.ts";
import { addStatus } from "./commands/status.ts";
import { addSweep } from "./commands/sweep.ts";
import { addTag } from "./commands/tag.ts";
import { addVerify } from "./commands/verify.ts";
import { addWorker } from "./commands/worker.ts";
import { addWhy } from "./commands/why.ts";
import { EXIT, type AddCommand, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";

const commands: readonly AddCommand[] = [
  addRun,
  addSweep,
  addWorker,
  addPlan,
  addStatus,
  addReport,
  addCompare,
  addDiff,
  addWhy,
  addVerify,
  addList,
  addQuery,
  addTag,
  addNote,
  addLogs,
  addData,
  addExport,
  addImport,
  addBundle,
  addNew,
];

const closed = new AbortController();
const terminal: Terminal = {
  folder: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  closed: closed.signal,
};

// The reader of a pipe may close it, as `head` does, and a disk may be full. Neither is an error of the command.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => closed.abort());

/** Runs a command and turns an error into a message and an exit code. */
async function main(args: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const program = new Command("sluice")
    .description("Reproducible studies of gated recurrent networks.")
    .version(version())
    .exitOverride()
    .showSuggestionAfterError();
  for (const add of commands) add(program, terminal, (ended) => void (code = ended));
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
