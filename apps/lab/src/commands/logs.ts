import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { folderStore } from "@sluice/runner";
import { identified, messageOf, studyError, systemCode, trialName } from "@sluice/study";
import { positive } from "../arguments.ts";
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
  const trials = await loggedTrials(resolve(folder, given), name);
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

interface LoggedTrial {
  readonly name: string;
  readonly folder: string;
}

/** The trial in a folder, or the trials of the run in it that the name is a part of. */
async function loggedTrials(place: string, name: string | undefined): Promise<readonly LoggedTrial[]> {
  if (!existsSync(place)) throw studyError(`${place}: no such folder`);
  if (existsSync(join(place, "log.txt")) || existsSync(join(place, "config.json"))) {
    if (name !== undefined) throw studyError(`${place} is the folder of one trial; leave out "${name}"`);
    return [{ name: basename(place), folder: place }];
  }
  const store = folderStore(place);
  const trials = (await store.identities()).identities.map(identified);
  if (trials.length === 0)
    throw studyError(`${place}: neither a trial's folder nor a run's: it has no log.txt and no trials/ with trials`);
  const part = name?.toLowerCase();
  const named = trials.map((trial) => ({
    name: `${trial.task} / ${trialName(trial)}`,
    folder: store.folderOf(trial),
    id: trial.id,
  }));
  const has = ({ name: own, folder, id }: (typeof named)[number], text: string): boolean =>
    own.toLowerCase().includes(text) || basename(folder).includes(text) || id.startsWith(text);
  const found = part === undefined ? named : named.filter((trial) => has(trial, part));
  if (found.length === 0)
    throw studyError(
      `${place}: no trial has "${name}" in its name; there are ${named
        .slice(0, 8)
        .map(({ name: own }) => own)
        .join("; ")}${named.length > 8 ? `, and ${named.length - 8} more` : ""}`,
    );
  // "seed 1" is also a part of "seed 10".
  const exact = found.filter(({ name: own }) => part !== undefined && own.toLowerCase().endsWith(` ${part}`));
  return (exact.length > 0 ? exact : found).map(({ name: own, folder }) => ({ name: own, folder }));
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
