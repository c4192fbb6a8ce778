import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { archiveRun, type ArchivedRun } from "@sluice/runner";
import { storeAt } from "../stores.ts";
import { plural } from "../plural.ts";
import { EXIT, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly replace?: boolean;
  readonly json?: boolean;
}

export const addArchive: AddCommand = (program, terminal, ended) => {
  program
    .command("archive")
    .description("keep the finished trials of a run in two small files, without rows, weights and logs")
    .argument("<folder>", "a runs folder, such as runs/digits/full")
    .argument("<archive>", "the folder to write; trials that it has already stay")
    .option("--replace", "drop trials in the archive that ran with other code (default: an error)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
The archive is a run that every command reads. Archive it back to a runs
folder, and the run goes on there.

Examples:
  sluice archive runs/digits/full results/digits/full
  sluice archive results/digits/full runs/digits/full`,
    )
    .action(async (folder: string, archive: string, flags: Flags) =>
      ended(await archiveTo(folder, archive, { flags, terminal })),
    );
};

async function archiveTo(
  given: string,
  archive: string,
  { flags, terminal }: { readonly flags: Flags; readonly terminal: Terminal },
): Promise<number> {
  const { folder, stdout, stderr } = terminal;
  const target = resolve(folder, archive);
  const written = await archiveRun(storeAt(given, folder), target, { replace: flags.replace === true });
  const document = documentOf(target, written);
  for (const problem of written.problems) stderr.write(`${problem}\n`);
  for (const warning of warnings(written)) stderr.write(`${warning}\n`);
  stdout.write(
    flags.json === true
      ? `${JSON.stringify(document, null, 2)}\n`
      : `${plural(document.archived, "trial")} of ${document.planned}, ${Math.ceil(document.bytes / 1024)} KiB: ${target}\n`,
  );
  return written.problems.length === 0 ? EXIT.done : EXIT.failed;
}

function documentOf(target: string, { manifest, trials, problems }: ArchivedRun) {
  const planned = new Set(manifest.trials.map(({ id }) => id));
  const sizes = ["study.json", "trials.jsonl"].map((name) => statSync(join(target, name)).size);
  return {
    archive: target,
    study: manifest.name,
    budget: manifest.budget,
    planned: planned.size,
    archived: trials.filter(({ identity: { id } }) => planned.has(id)).length,
    others: trials.filter(({ identity: { id } }) => !planned.has(id)).length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    problems,
  };
}

/** Without the commit, a trial cannot be run again elsewhere. */
function warnings({ trials }: ArchivedRun): string[] {
  const changed = trials.filter((trial) => typeof trial.environment()?.git?.uncommitted === "string");
  return changed.length === 0
    ? []
    : [`${plural(changed.length, "trial")} ran with uncommitted changes, which are not archived: only their hash is.`];
}
