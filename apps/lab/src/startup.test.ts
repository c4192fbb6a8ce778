// What the command loads before it does anything. Most of the time of a short command is loading.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Command } from "commander";
import { expect, test } from "vitest";
import { commands, commandsFor } from "./commands/index.ts";
import { thisTerminal } from "./program.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

/** The source files that a command loads, by package. */
async function loadedBy(...args: readonly string[]): Promise<Readonly<Record<string, readonly string[]>>> {
  const told = `data:text/javascript,${encodeURIComponent(`
    import module from "node:module";
    const files = {};
    module.registerHooks({ load(url, context, next) {
      const [, name, file] = /\\/(?:packages|apps)\\/([^/]+)\\/src\\/(.*)/.exec(url) ?? [];
      if (name) (files[name] ??= []).push(file);
      return next(url, context);
    } });
    process.on("exit", () => console.error(JSON.stringify(files)));`)}`;
  const { stderr } = await promisify(execFile)(process.execPath, [
    "--no-warnings",
    "--import",
    told,
    "--conditions=@sluice/source",
    main,
    ...args,
  ]);
  return JSON.parse(stderr);
}

test("a command that reads runs starts without the other commands, processes, cells and training", async () => {
  const loaded = await loadedBy("status", "--help");
  expect(Object.keys(loaded).sort()).toEqual(["figures", "formats", "lab", "runner", "study", "tensor"]);
  expect(loaded["lab"]?.filter((file) => file.startsWith("commands/"))).toEqual([
    "commands/index.ts",
    "commands/status.ts",
  ]);
  // A folder may be an archive, and its study is found from the root of the checkout.
  const others = loaded["runner"]?.filter((file) => !/^(folder|archive)\//.test(file));
  expect(others).toEqual(["code/root.ts"]);
});

test("each command is found under its own name", async () => {
  const terminal = thisTerminal();
  for (const [name, load] of Object.entries(commands)) {
    const program = new Command();
    (await load())(program, terminal, () => {});
    expect(program.commands.map((command) => command.name())).toEqual([name]);
  }
});

test.each([
  [["status", "--help"], 1],
  [["--version"], 0],
  [["-V"], 0],
  [["--help"], Object.keys(commands).length],
  [["help", "run"], Object.keys(commands).length],
  [["statsu"], Object.keys(commands).length],
  [["constructor"], Object.keys(commands).length],
  [[], Object.keys(commands).length],
])("%j loads %i commands", async (args, count) => {
  expect(await commandsFor(args)).toHaveLength(count);
});
