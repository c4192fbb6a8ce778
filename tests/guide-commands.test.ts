// The commands in the guides: their options exist, and the `sh` blocks of a guide run one after another, beside the study
// that its `ts` blocks are. Lines of a `text` block are in what the commands before it print. Commands in `bash` blocks
// need what a test does not have, such as a cluster or an installed project.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { commandsFor } from "../apps/lab/src/commands/index.ts";
import { programOf as commandProgram } from "../apps/lab/src/program.ts";
import { guides, outcomeOf, programOf } from "./examples.ts";
import { root } from "./workspace.ts";

interface Block {
  readonly language: string;
  readonly text: string;
}

const blocksOf = (file: string): Block[] =>
  Array.from(
    readFileSync(join(root, file), "utf8").matchAll(/^```(sh|bash|text)\n(.*?)^```$/gms),
    ([, language = "", text = ""]) => ({ language, text }),
  );

/** Each command of a block, as the words of its line. */
const commandsIn = (text: string): string[][] =>
  Array.from(text.replaceAll("\\\n", " ").matchAll(/^sluice .*$/gm), ([line]) =>
    line
      .replaceAll(/ #.*$/g, "")
      .replaceAll(/"[^"]*"?/g, "TEXT")
      .split(/\s+/)
      .slice(1),
  );

const program = commandProgram("sluice", "");
for (const add of await commandsFor([])) {
  const { stdin, stdout, stderr } = process;
  add(program, { folder: ".", stdin, stdout, stderr, closed: new AbortController().signal }, () => {});
}

const told = guides.filter(({ file }) => blocksOf(file).some(({ text }) => commandsIn(text).length > 0));

test.each(told)("$file names commands and options that exist", ({ file }) => {
  for (const [name = "", ...words] of blocksOf(file).flatMap(({ text }) => commandsIn(text))) {
    const command = program.commands.find((one) => one.name() === name);
    expect(command, `sluice ${name}`).toBeDefined();
    const known = command?.options.map(({ long }) => long);
    for (const option of words.filter((word) => word.startsWith("--")))
      expect(known, `sluice ${name} ${option}`).toContain(option);
  }
});

/** The guides whose commands all run on one machine. */
const complete = ["asking-all-runs", "trials-from-elsewhere", "verify-and-bundle"];

// Each command is a process of its own: npm run test:long.
describe.runIf(inject("long"))("the commands of a guide do what it says", () => {
  const scratch = join(root, "tests", ".examples", "guides");
  const env = { ...process.env, PATH: [scratch, process.env["PATH"] ?? ""].join(delimiter) };

  beforeAll(() => {
    mkdirSync(scratch, { recursive: true });
    const main = join(root, "apps/lab/src/main.ts");
    writeFileSync(
      join(scratch, "sluice"),
      `#!/bin/sh\nexec '${process.execPath}' --conditions=@sluice/source '${main}' "$@"\n`,
    );
    chmodSync(join(scratch, "sluice"), 0o755);
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test.each(complete)("%s", { timeout: 600_000 }, async (name) => {
    const file = `docs/guides/${name}.md`;
    const folder = join(scratch, name);
    mkdirSync(folder);
    writeFileSync(join(folder, "study.ts"), programOf(file) ?? "");
    let printed = "";
    for (const { language, text } of blocksOf(file)) {
      if (language === "sh") {
        const { code, output } = await outcomeOf("sh", ["-e", "-c", text], { cwd: folder, env });
        expect(code, `${text}\n${output}`).toBe(0);
        printed = output.replaceAll(/[ \t]+/g, " ");
      }
      if (language === "text")
        for (const line of text.trim().split("\n")) expect(printed).toContain(line.trim().replaceAll(/\s+/g, " "));
    }
  });
});
