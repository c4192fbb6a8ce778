import { relative, resolve } from "node:path";
import { loadStudy } from "@sluice/runner";
import { dataFiles, dataHashes, type DataFile } from "../data/data-files.ts";
import { layTable, type Column } from "../layout.ts";
import { locateStudy, onlyStudy } from "../locate.ts";
import { EXIT, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly data?: string;
  readonly json?: boolean;
}

export const addData: AddCommand = (program, terminal, ended) => {
  program
    .command("data")
    .description("say which data a study reads, where it is, and its SHA-256; missing or damaged data is an error")
    .argument("[study]", "a name or the path of a module that exports a study (default: the project's only study)")
    .option("--data <folder>", "folder with data sets that are not npm packages")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  sluice data digits --json")
    .action(async (study: string | undefined, flags: Flags) => ended(await data(study, flags, terminal)));
};

async function data(given: string | undefined, flags: Flags, { folder, stdout }: Terminal): Promise<number> {
  const { module } = given === undefined ? onlyStudy(folder) : locateStudy(given, folder);
  const study = await loadStudy(module);
  const dataFolder = flags.data === undefined ? null : resolve(folder, flags.data);
  const hashes = await dataHashes(study, dataFolder);
  const files = dataFiles(hashes, { module, dataFolder });
  const lines =
    flags.json === true
      ? [JSON.stringify({ study: study.name, module, dataFolder, files }, null, 2)]
      : files.length === 0
        ? [`${study.name} declares no data: what it reads is made by its code.`]
        : layTable(columnsIn(folder), files, widthOf(stdout, 160));
  for (const line of lines) stdout.write(`${line}\n`);
  return EXIT.done;
}

const columnsIn = (folder: string): readonly Column<DataFile>[] => [
  { title: "name", align: "left", keep: 4, cell: ({ name }) => name },
  { title: "SHA-256", align: "left", keep: 3, most: 64, cell: ({ sha256 }) => sha256.slice(0, 16) },
  { title: "bytes", align: "right", keep: 1, cell: ({ bytes }) => (bytes === null ? "" : String(bytes)) },
  {
    title: "where",
    align: "left",
    keep: 2,
    most: 100,
    cell: ({ path }) =>
      path === null ? "no file of this name and content: made or packed by code" : shorter(path, folder),
  },
];

/** Relative, if that is shorter. */
function shorter(path: string, folder: string): string {
  const near = relative(folder, path);
  return near.length < path.length ? near : path;
}
