import { annotate, readAnnotations } from "@sluice/runner/folder";
import { studyError, withNote, withoutNote } from "@sluice/study";
import { positive } from "../arguments.ts";
import { annotatable, annotationLines, type Annotated } from "../run-folders/annotated.ts";
import { EXIT, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly trial?: string;
  readonly remove?: number;
  readonly json?: boolean;
}

export const addNote: AddCommand = (program, terminal, ended) => {
  program
    .command("note")
    .description("write a note about a run or trials of it; without a text, print the notes")
    .argument("<folder>", "the folder of a run or a trial, such as runs/digits/quick")
    .argument("[text]", "a sentence or more, in quotes")
    .option("--trial <name>", 'trials of the run with this in their name, such as "GRU seed 0"')
    .option("--remove <n>", "remove the note of this number", positive)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  sluice note runs/digits/quick "The rate was too high."
  sluice note runs/digits/quick --remove 1`,
    )
    .action(async (folder: string, text: string | undefined, flags: Flags) =>
      ended(await note(folder, { text, flags, terminal })),
    );
};

interface Given {
  readonly text: string | undefined;
  readonly flags: Flags;
  readonly terminal: Terminal;
}

async function note(given: string, { text, flags, terminal }: Given): Promise<number> {
  const { folder, stdout } = terminal;
  const { trial, remove, json = false } = flags;
  if (text !== undefined && remove !== undefined)
    throw studyError("note: a text and --remove were given; expected one of them");
  const written = new Date().toISOString();
  const all: Annotated[] = [];
  for (const place of await annotatable(given, { trial, folder })) {
    const told =
      text !== undefined
        ? await annotate(place.folder, (before) => withNote(before, { text, written }))
        : remove !== undefined
          ? await annotate(place.folder, (before) => withoutNote(before, remove))
          : readAnnotations(place.folder);
    all.push({ ...place, ...told });
  }
  const lines = json
    ? [JSON.stringify(all, null, 2)]
    : all.flatMap((one) =>
        one.notes.length === 0 ? [`${one.name}: no notes`] : annotationLines(one, widthOf(stdout)),
      );
  for (const line of lines) stdout.write(`${line}\n`);
  return EXIT.done;
}
