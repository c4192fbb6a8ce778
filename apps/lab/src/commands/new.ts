import { relative, resolve } from "node:path";
import { Argument } from "commander";
import { PROJECT_KINDS, type ProjectKind } from "../new/project-files.ts";
import { writeProject } from "../new/write-project.ts";
import { EXIT, type AddCommand, type Terminal } from "../terminal.ts";
import { version } from "../version.ts";

interface Flags {
  readonly json?: boolean;
}

export const addNew: AddCommand = (program, terminal, ended) => {
  program
    .command("new")
    .description("write a new project: a study, or a package with a cell or a gradient transform")
    .addArgument(new Argument("<kind>", "what it is").choices(PROJECT_KINDS))
    .argument("<folder>", "its folder, new or empty; the last part is the project's name, such as soft-gate")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  sluice new study soft-gate")
    .action((kind: ProjectKind, folder: string, flags: Flags) => ended(make(kind, folder, { flags, terminal })));
};

function make(
  kind: ProjectKind,
  given: string,
  { flags, terminal }: { readonly flags: Flags; readonly terminal: Terminal },
): number {
  const written = writeProject(kind, resolve(terminal.folder, given), version());
  const place = relative(terminal.folder, written.folder) || ".";
  terminal.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ kind, ...written }, null, 2)}\n`
      : `Written: ${written.files.join(", ")}.\n\n${place === "." ? "" : `cd ${place}\n`}npm install\nnpx sluice run\nnpm test\n`,
  );
  return EXIT.done;
}
