import { createInterface } from "node:readline/promises";
import { resolve } from "node:path";
import { messageOf } from "@sluice/study";
import { kindTexts, PROJECT_KINDS, type ProjectChoice } from "./project-files.ts";
import type { Language } from "./templates.ts";
import { projectPlace } from "./write-project.ts";

/** What is known of a new project without asking. */
export interface Known extends Partial<ProjectChoice> {
  /** The language if nothing else is said. */
  readonly usual: Language;
}

/** Where questions are asked, and the folder that answers are relative to. */
export interface Conversation {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly folder: string;
}

/** A new project, as it was asked for. */
export interface Wanted extends ProjectChoice {
  readonly folder: string;
}

/** Asks for what is not known of a new project. `null` if it was interrupted, or if the input ended. */
export async function askForProject({ kind, language, usual }: Known, where: Conversation): Promise<Wanted | null> {
  const { stdin, stdout, folder } = where;
  const lines = createInterface({ input: stdin, output: stdout });
  let ended = false;
  lines.once("SIGINT", () => lines.close());
  lines.once("close", () => (ended = true));
  // It keeps lines that come before they are asked for, as those of a paste do.
  const answers = lines[Symbol.asyncIterator]();
  /** Asks until an answer can be read; `read` throws an error that says why one cannot. */
  const ask = async <T>(question: string, read: (answer: string) => T): Promise<T> => {
    for (;;) {
      lines.setPrompt(question);
      // The last answers of a paste may still be there when its end was read.
      if (!ended) lines.prompt();
      const { value, done } = await answers.next();
      if (done === true) throw new Interrupted();
      try {
        return read(value.trim());
      } catch (error) {
        stdout.write(`${messageOf(error)}\n`);
      }
    }
  };
  try {
    if (kind === undefined) stdout.write(`${kindList}\n`);
    const chosen =
      kind ?? (await ask("A number or a word [study]: ", (answer) => oneOf(PROJECT_KINDS, answer || "study")));
    const written = language ?? (await ask(languageQuestion(usual), (answer) => languageOf(answer, usual)));
    const usualFolder = `my-${chosen}`;
    const place = await ask(`Its folder, whose last part is its name [${usualFolder}]: `, (answer) => {
      const path = resolve(folder, answer || usualFolder);
      projectPlace(path);
      return path;
    });
    return { kind: chosen, language: written, folder: place };
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    stdout.write("\n");
    return null;
  } finally {
    lines.close();
  }
}

/** The input ended before an answer. */
class Interrupted extends Error {}

const kindList = [
  "What shall it be?",
  ...PROJECT_KINDS.map((kind, index) => `  ${index + 1}  ${kind.padEnd(10)}  ${kindTexts[kind]}`),
].join("\n");

const languageQuestion = (usual: Language): string =>
  `TypeScript or JavaScript [${usual === "typescript" ? "ts" : "js"}]: `;

/** A name of a list, or its number from 1. */
function oneOf<T extends string>(names: readonly T[], answer: string): T {
  const found = names.find((name, index) => name === answer || String(index + 1) === answer);
  if (found === undefined)
    throw new Error(`expected one of ${names.join(", ")}, or a number from 1 to ${names.length}`);
  return found;
}

function languageOf(answer: string, usual: Language): Language {
  const plain = answer.toLowerCase();
  if (plain === "") return usual;
  if (["ts", "typescript"].includes(plain)) return "typescript";
  if (["js", "javascript"].includes(plain)) return "javascript";
  throw new Error('expected "ts" or "js"');
}
