import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { messageOf, studyError, systemCode } from "@sluice/study";
import { positive } from "../arguments.ts";
import { trialsAt } from "../run-folders/trial-folders.ts";
import { EXIT, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly tail?: number;
  readonly json?: boolean;
}

export const addLogs: AddCommand = (program, terminal, ended) => {
  program
    .command("logs")
    .description("print the logs of trials: what they logged, and everything that their processes printed")
    .argument("<folder>", "the folder of a trial or of a run, such as runs/digits/quick")
    .argument("[name]", 'of a run, only trials with this in their name, such as "GRU seed 0" or the start of an id')
    .option("--tail <n>", "only the last lines", positive)
    .option("--json", "print JSON")
    .addHelpText("after", '\nExample:\n  sluice logs runs/digits/quick "GRU seed 0" --tail 20')
    .action(async (folder: string, name: string | undefined, flags: Flags) =>
      ended(await logs(folder, { name, flags, terminal })),
    );
};

interface Given {
  readonly name: string | undefined;
  readonly flags: Flags;
  readonly terminal: Terminal;
}

async function logs(given: string, { name, flags, terminal }: Given): Promise<number> {
  const { folder, stdout, closed } = terminal;
  const trials = await trialsAt(resolve(folder, given), name);
  if (flags.json === true) {
    const documents = trials.map((trial) => ({ ...trial, lines: linesOf(trial.folder, flags.tail) }));
    stdout.write(`${JSON.stringify(documents, null, 2)}\n`);
    return EXIT.done;
  }
  for (const [index, trial] of trials.entries()) {
    if (closed.aborted) break;
    if (trials.length > 1) stdout.write(`${index > 0 ? "\n" : ""}==> ${trial.name} (${basename(trial.folder)})\n`);
    for (const line of linesOf(trial.folder, flags.tail) ?? ["(no log)"]) stdout.write(`${line}\n`);
  }
  return EXIT.done;
}

/** `null` if there is no log. */
function linesOf(folder: string, tail: number | undefined): readonly string[] | null {
  const path = join(folder, "log.txt");
  try {
    const text = readFileSync(path, "utf8");
    const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
    return tail === undefined ? lines : lines.slice(-tail);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw studyError(`${path}: cannot be read: ${messageOf(error)}`, error);
  }
}
