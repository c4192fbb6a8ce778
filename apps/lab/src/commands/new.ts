import { relative, resolve } from "node:path";
import { studyError } from "@sluice/study";
import { Option, type Command } from "commander";
import { askForProject, type Wanted } from "../new/ask.ts";
import { kindTexts, PROJECT_KINDS, type ProjectKind } from "../new/project-files.ts";
import type { Language } from "../new/templates.ts";
import { writeProject } from "../new/write-project.ts";
import { EXIT, isConversation, type AddCommand, type Terminal } from "../terminal.ts";
import { version } from "../version.ts";

interface Flags {
  readonly javascript?: boolean;
  readonly js?: boolean;
  readonly typescript?: boolean;
  readonly json?: boolean;
}

export const addNew: AddCommand = (program, terminal, ended) => {
  withProject(program.command("new"), "sluice new", { terminal, ended }).description(
    "write a new project: a study, or a package with a cell or a gradient transform",
  );
};

interface Program {
  readonly terminal: Terminal;
  /** What stands before the flags of its command line. */
  readonly before?: string;
  ended(code: number): void;
}

/** Makes a command write a new project. `called` is how it is called, for its examples. */
export function withProject(command: Command, called: string, { terminal, before = "", ended }: Program): Command {
  const kinds = PROJECT_KINDS.map((kind) => `  ${kind.padEnd(10)}  ${kindTexts[kind]}`).join("\n");
  return command
    .argument("[kind]", `what it is: ${PROJECT_KINDS.join(", ")} (default: study)`)
    .argument("[folder]", "its folder, new or empty; the last part is the project's name, such as soft-gate")
    .option("--javascript", "write JavaScript (default: TypeScript, if this Node runs it)")
    .addOption(new Option("--js", "the same as --javascript").hideHelp())
    .option("--typescript", "write TypeScript, which needs Node 22.18 or newer")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Kinds:
${kinds}

In a terminal it asks for the rest if no folder is given.

Examples:
  ${called} soft-gate
  ${called} compare soft-gate ${before}--javascript`,
    )
    .action(async (first: string | undefined, second: string | undefined, flags: Flags) =>
      ended(await make([first, second], { flags, called, terminal })),
    );
}

interface Given {
  readonly flags: Flags;
  readonly called: string;
  readonly terminal: Terminal;
}

async function make(words: readonly (string | undefined)[], { flags, called, terminal }: Given): Promise<number> {
  const wanted = await wantedProject(words, { flags, called, terminal });
  if (wanted === null) return EXIT.interrupted;
  const { kind, language } = wanted;
  const written = writeProject(wanted, wanted.folder, version());
  const place = relative(terminal.folder, written.folder) || ".";
  const write = (text: string): void => void terminal.stdout.write(`${text}\n`);
  if (flags.json === true) write(JSON.stringify({ kind, language, ...written }, null, 2));
  else {
    if (language === "javascript" && flags.javascript !== true && flags.js !== true && !runsTypeScript())
      write(`In JavaScript, because Node ${process.versions.node} does not run TypeScript; 22.18 and newer do.`);
    write(`Written: ${written.files.join(", ")}.\n`);
    for (const step of nextSteps(kind, place)) write(step);
  }
  return EXIT.done;
}

const isKind = (word: string | undefined): word is ProjectKind => PROJECT_KINDS.some((kind) => kind === word);

/** The project that is asked for, by words and flags or, if there is a terminal and no folder is given, by answers. */
async function wantedProject(
  [first, second]: readonly (string | undefined)[],
  { flags, called, terminal }: Given,
): Promise<Wanted | null> {
  const language = languageOf(flags);
  const usual = runsTypeScript() ? "typescript" : "javascript";
  const kind = isKind(first) ? first : undefined;
  if (second !== undefined && kind === undefined)
    throw studyError(`${called}: "${first ?? ""}" is not a kind of project; expected ${PROJECT_KINDS.join(", ")}`);
  // No project can be called as a kind is, so a single word has one meaning.
  const folder = kind === undefined ? first : second;
  if (folder !== undefined)
    return { kind: kind ?? "study", language: language ?? usual, folder: resolve(terminal.folder, folder) };
  if (isConversation(terminal) && flags.json !== true)
    return askForProject(
      { usual, ...(kind !== undefined && { kind }), ...(language !== undefined && { language }) },
      terminal,
    );
  throw studyError(`${called}: no folder is given; expected, for example, ${called} ${kind ?? "study"} soft-gate`);
}

function languageOf({ javascript = false, js = false, typescript = false }: Flags): Language | undefined {
  if (typescript && (javascript || js)) throw studyError("new project: --typescript and --javascript are both given");
  if (typescript) return "typescript";
  return javascript || js ? "javascript" : undefined;
}

/** Whether this Node strips types without a flag. */
function runsTypeScript(): boolean {
  return process.features.typescript !== undefined && process.features.typescript !== false;
}

function nextSteps(kind: ProjectKind, place: string): string[] {
  return [
    ...(place === "." ? [] : [`cd ${place}`]),
    "npm install",
    "npx sluice run     # trains, and writes a report",
    "npx sluice sweep   # tunes first",
    ...(kind === "records" || kind === "modalities" ? [] : ["npm test           # checks the code"]),
  ];
}
