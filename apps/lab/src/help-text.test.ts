import { expect, test } from "vitest";
import { commandsFor } from "./commands/index.ts";
import { fittedHelp } from "./help-text.ts";
import { programOf } from "./program.ts";
import type { AddCommand, Terminal } from "./terminal.ts";

/** The help of a command, as a terminal of some columns shows it. */
function helpOf(add: AddCommand, columns: number): string {
  const { stdin, stdout, stderr } = process;
  const terminal: Terminal = { folder: ".", stdin, stdout, stderr, closed: new AbortController().signal };
  let shown = "";
  const program = programOf("sluice", "").configureOutput({
    getOutHelpWidth: () => columns,
    writeOut: (text) => (shown += fittedHelp(text, columns)),
  });
  add(program, terminal, () => {});
  program.commands[0]?.outputHelp();
  return shown;
}

test.each([60, 80, 160])("help fits %i columns", async (columns) => {
  for (const add of await commandsFor([])) {
    const lines = helpOf(add, columns).split("\n");
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
  }
});

test("examples can be copied from a narrow terminal", () => {
  expect(fittedHelp('Example:\n  sluice query "select a from b" --csv\n', 24)).toBe(
    'Example:\n  sluice query "select \\\n    a from b" --csv\n',
  );
});

test("paragraphs and lists are wrapped as such, and a file gets the text as it is", () => {
  const text = "One\ntwo three\n\nKinds:\n  cell    with a test\n";
  expect(fittedHelp(text, 16)).toBe("One two three\n\nKinds:\n  cell    with a\n          test\n");
  expect(fittedHelp(text, Number.POSITIVE_INFINITY)).toBe(text);
});
