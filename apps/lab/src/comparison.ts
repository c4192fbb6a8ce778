import { compareRuns, type RunComparison } from "@sluice/study";
import type { Command } from "commander";
import { storeAt } from "./stores.ts";
import { EXIT, textWidthOf, widthOf, type Terminal } from "./terminal.ts";

/** How wide the output is. */
export interface Widths {
  /** For tables. */
  readonly width: number;
  /** For sentences, which are not wrapped in a file. */
  readonly textWidth: number;
}

/** What a command tells about two runs. */
interface Comparison {
  lines(comparison: RunComparison, widths: Widths): readonly string[];
  /** With `--json`. */
  document(comparison: RunComparison): unknown;
}

/** Adds two runs folders, `--json` and what the command does to a command that compares runs trial by trial. */
export function comparing(
  command: Command,
  { lines, document }: Comparison,
  { terminal, ended }: { readonly terminal: Terminal; readonly ended: (code: number) => void },
): Command {
  return command
    .argument("<first>", "a runs folder, such as runs/digits/quick")
    .argument("<second>", "another one")
    .option("--json", "print JSON")
    .action(async (first: string, second: string, flags: { readonly json?: boolean }) => {
      const { folder, stdout, stderr } = terminal;
      const comparison = await compareRuns(storeAt(first, folder), storeAt(second, folder));
      for (const problem of comparison.problems) stderr.write(`${problem}\n`);
      const told =
        flags.json === true
          ? [JSON.stringify(document(comparison), null, 2)]
          : lines(comparison, { width: widthOf(stdout), textWidth: textWidthOf(stdout) });
      for (const line of told) stdout.write(`${line}\n`);
      ended(EXIT.done);
    });
}
