import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { format } from "prettier";
import type { Machine } from "../machine.ts";
import type { Peer } from "../peers.ts";
import { entries, type Entry } from "./entries.ts";
import { measureCells, type Measured } from "./measure.ts";
import { cataloguePage, type CatalogueRun } from "./page.ts";

/** Where a run is kept, and where its page goes. */
interface Files {
  readonly json?: string | undefined;
  readonly markdown?: string | undefined;
}

/**
 * Measures the cells that are wanted, adds them to those that the file holds, and writes file and page. Nothing is
 * measured if no cell is wanted, so that the page follows the catalogue.
 */
export async function runCatalogue(
  wanted: (entry: Entry) => boolean,
  {
    json,
    markdown,
    machine,
    ...options
  }: Files & {
    readonly machine: Machine;
    readonly samples: number;
    readonly warmMilliseconds: number;
    readonly peer?: Peer;
  },
): Promise<void> {
  const kept = readRun(json);
  const cells: Record<string, Measured> = { ...kept?.cells };
  const count = entries.filter(wanted).length;
  const about = count > 0 || kept === undefined ? aboutOf(machine, options.samples) : kept.about;
  await measureCells(options, wanted, (name, measured) => {
    cells[name] = measured;
    // Written after every cell, so that an interrupted run keeps its results.
    if (json !== undefined) writeFileSync(json, `${JSON.stringify({ about, cells }, null, 2)}\n`);
    console.error(`${name}: ${measured.ms.toFixed(2)} ms, ${measured.ofGru.toFixed(2)} of gru`);
  });
  const named = Object.fromEntries(entries.flatMap(({ name }) => (cells[name] ? [[name, cells[name]]] : [])));
  const run: CatalogueRun = { about, cells: named };
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(run, null, 2)}\n`);
  const page = await formattedPage(run);
  if (markdown === undefined) console.log(page);
  else writeFileSync(markdown, page);
}

/** The page as the formatter leaves it. */
export const formattedPage = (run: CatalogueRun): Promise<string> =>
  format(cataloguePage(run), { parser: "markdown", printWidth: 120, proseWrap: "always" });

/** A kept run, if the file is there. */
export function readRun(file: string | undefined): CatalogueRun | undefined {
  return file === undefined || !existsSync(file) ? undefined : JSON.parse(readFileSync(file, "utf8"));
}

const aboutOf = ({ cpu, os, node, commit }: Machine, samples: number): string =>
  `Measured on ${cpu}, ${os}, Node ${node}, commit ${commit}; medians of ${samples} samples.`;
