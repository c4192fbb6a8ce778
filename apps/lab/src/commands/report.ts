import { loadStudy } from "@sluice/runner";
import { knownManifest, studyWith, writeReport, type Manifest, type Study } from "@sluice/study";
import { claimLines } from "../claims.ts";
import { storeAt } from "../stores.ts";
import { summaryTable } from "../summary.ts";
import { EXIT, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

export const addReport: AddCommand = (program, terminal, ended) => {
  program
    .command("report")
    .description("build the report of a runs folder again")
    .argument("<folder>", "a runs folder, such as runs/digits/quick")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  sluice report runs/digits/quick")
    .action(async (folder: string, flags: { json?: boolean }) => ended(await report(folder, flags, terminal)));
};

/** Builds the report again from the folders. */
async function report(
  given: string,
  { json = false }: { readonly json?: boolean },
  { folder, stdout, stderr }: Terminal,
): Promise<number> {
  const store = storeAt(given, folder);
  const { manifest, problem } = await knownManifest(store);
  const study = await studyOf(manifest);
  const { report: path, document } = await writeReport(store, { study });
  if (problem !== null) stderr.write(`${problem}.\n`);
  const width = widthOf(stdout);
  const lines = [...summaryTable(document, manifest.metrics, width), ...claimLines(document, width)];
  stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : `${lines.join("\n")}\n\nReport: ${path}\n`);
  return EXIT.done;
}

/** The study as it was asked for; `null` if it cannot be loaded any more. The report then has no claims. */
async function studyOf({ module, asked = {} }: Manifest): Promise<Study | null> {
  try {
    return module === null ? null : studyWith(await loadStudy(module), asked);
  } catch {
    return null;
  }
}
