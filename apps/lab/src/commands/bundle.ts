import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { messageOf, studyError, type ReportModel } from "@sluice/study";
import { Option } from "commander";
import { writeArchive } from "../bundle/archive.ts";
import type { BundleContents } from "../bundle/contents.ts";
import { isFree } from "../free-folder.ts";
import { storeAt } from "../stores.ts";
import { EXIT, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly without?: string;
  readonly withData?: boolean;
  readonly json?: boolean;
}

export const addBundle: AddCommand = (program, terminal, ended) => {
  program
    .command("bundle")
    .description("write what a reviewer asks for: code, run, tables, figures, costs, a checklist, and verify.sh")
    .argument("<folder>", "a runs folder, such as runs/digits/quick")
    .argument("<out>", "a new or empty folder, or a file that ends in .tar.gz or .tgz")
    .addOption(
      new Option("--without <what>", "leave out the weights that trials keep; their hashes stay").choices(["weights"]),
    )
    .option("--with-data", "include files of data that stand among the code, if their licence allows it")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  sluice bundle runs/digits/quick digits.tar.gz --without weights")
    .action(async (folder: string, out: string, flags: Flags) => ended(await bundle(folder, out, { flags, terminal })));
};

const ARCHIVE = /\.(tar\.gz|tgz)$/;

async function bundle(
  given: string,
  out: string,
  { flags, terminal }: { readonly flags: Flags; readonly terminal: Terminal },
): Promise<number> {
  const { folder, stdout, stderr } = terminal;
  const store = storeAt(given, folder);
  const target = resolve(folder, out);
  if (ARCHIVE.test(target) ? existsSync(target) : !isFree(target))
    throw studyError(
      `bundle: ${target} exists${ARCHIVE.test(target) ? "" : " and is not an empty folder"}. Nothing was written; choose another name`,
    );
  // Elsewhere at first, so that a bundle that cannot be finished leaves nothing.
  const scratch = mkdtempSync(join(tmpdir(), "sluice-bundle-"));
  try {
    const name = basename(target).replace(ARCHIVE, "");
    const place = join(scratch, name);
    mkdirSync(place);
    // Loaded here, as below, because no other command needs it.
    const { writeBundle } = await import("../bundle/write-bundle.ts");
    const contents = await writeBundle(store, place, {
      withoutWeights: flags.without === "weights",
      withData: flags.withData === true,
    });
    await deliver(place, target, contents);
    for (const problem of [...contents.problems, ...contents.code.missing.map((what) => `missing: ${what}`)])
      stderr.write(`${problem}\n`);
    stdout.write(
      `${flags.json === true ? JSON.stringify(documentOf(target, contents), null, 2) : told(target, name)}\n`,
    );
    return EXIT.done;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function deliver(place: string, target: string, { model }: BundleContents): Promise<void> {
  try {
    mkdirSync(dirname(target), { recursive: true });
    if (!ARCHIVE.test(target)) return cpSync(place, target, { recursive: true });
    // The archive has one folder, so that unpacking it does not fill the present one.
    await writeArchive(place, target, { name: basename(place), date: lastEnd(model) });
  } catch (error) {
    throw studyError(`bundle: ${target} cannot be written: ${messageOf(error)}`, error);
  }
}

/** When the last trial ended: a date that belongs to the run, so that its archive always has the same bytes. */
function lastEnd({ results }: ReportModel): Date {
  const ends = results.trials.flatMap(({ finished }) => finished ?? []).toSorted();
  return new Date(ends.at(-1) ?? 0);
}

const told = (target: string, name: string): string =>
  ARCHIVE.test(target)
    ? `${target}\nTo verify it: tar -xzf ${basename(target)} && sh ${name}/verify.sh`
    : `${target}\nTo verify it: sh ${join(target, "verify.sh")}`;

const documentOf = (target: string, { manifest, code, compute, data, weights, figures, problems }: BundleContents) => ({
  bundle: target,
  study: manifest.name,
  budget: manifest.budget,
  code,
  compute,
  data,
  leftOut: { weights },
  figures,
  problems,
});
