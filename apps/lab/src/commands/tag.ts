import { annotate, readAnnotations } from "@sluice/runner/folder";
import { studyError, suggestion, withTags } from "@sluice/study";
import { annotatable, annotationLines, type Annotated } from "../run-folders/annotated.ts";
import { EXIT, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly trial?: string;
  readonly remove?: boolean;
  readonly json?: boolean;
}

export const addTag: AddCommand = (program, terminal, ended) => {
  program
    .command("tag")
    .description("tag a run or trials of it, to find them again with sluice list --tag; without tags, print them")
    .argument("<folder>", "the folder of a run or a trial, such as runs/digits/quick")
    .argument("[tags...]", "words, such as paper or camera-ready")
    .option("--trial <name>", 'trials of the run with this in their name, such as "GRU seed 0"')
    .option("--remove", "remove the tags instead")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  sluice tag runs/digits/quick paper
  sluice tag runs/digits/quick outlier --trial "GRU seed 3"
  sluice list --tag paper`,
    )
    .action(async (folder: string, tags: string[], flags: Flags) =>
      ended(await tag(folder, { tags, flags, terminal })),
    );
};

interface Given {
  readonly tags: readonly string[];
  readonly flags: Flags;
  readonly terminal: Terminal;
}

async function tag(given: string, { tags, flags, terminal }: Given): Promise<number> {
  const { folder, stdout } = terminal;
  const places = await annotatable(given, { trial: flags.trial, folder });
  if (flags.remove === true) refuseUnknown(tags, places);
  const change = flags.remove === true ? { remove: tags } : { add: tags };
  const all: Annotated[] = [];
  for (const place of places)
    all.push({
      ...place,
      ...(tags.length === 0
        ? readAnnotations(place.folder)
        : await annotate(place.folder, (before) => withTags(before, change))),
    });
  const lines =
    flags.json === true
      ? [JSON.stringify(all, null, 2)]
      : all.flatMap((one) => annotationLines({ ...one, notes: [] }, widthOf(stdout)));
  for (const line of lines) stdout.write(`${line}\n`);
  return EXIT.done;
}

function refuseUnknown(tags: readonly string[], places: Awaited<ReturnType<typeof annotatable>>): void {
  if (tags.length === 0) throw studyError("tag --remove: no tag is given; name those to remove");
  const known = new Set(places.flatMap(({ folder }) => readAnnotations(folder).tags));
  const unknown = tags.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw studyError(`tag --remove: there is no tag "${unknown}"; ${suggestion(unknown, [...known].sort())}`);
}
