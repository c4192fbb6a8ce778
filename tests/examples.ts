import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageNames, root } from "./workspace.ts";

/** The READMEs with an example: the root's and every package's. */
export const readmes = [
  { name: "root", folder: "." },
  ...packageNames.map((name) => ({ name, folder: `packages/${name}` })),
];

/** The guides, each a program. */
export const guides = readdirSync(join(root, "docs", "guides")).map((file) => ({
  name: `guide-${file.replace(/\.md$/, "")}`,
  file: `docs/guides/${file}`,
}));

export function exampleOf(folder: string): string | undefined {
  return programOf(`${folder}/README.md`);
}

/**
 * The ```ts blocks of a page, joined: one whole program, in which a later block may use the names of an earlier one.
 */
export function programOf(page: string, clone = root): string | undefined {
  const path = join(clone, page);
  if (!existsSync(path)) return undefined;
  const blocks = Array.from(readFileSync(path, "utf8").matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => code);
  return blocks.length === 0 ? undefined : blocks.join("\n");
}

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

const execute = promisify(execFile);

/** Runs a program to its end; its exit code and everything it printed. */
export async function outcomeOf(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Outcome> {
  try {
    const { stdout, stderr } = await execute(program, args, { ...options, maxBuffer: 1 << 26 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    if (!(error instanceof Error) || !("stdout" in error) || !("stderr" in error)) throw error;
    const code = "code" in error && typeof error.code === "number" ? error.code : 1;
    return { code, output: `${String(error.stdout)}${String(error.stderr)}` };
  }
}
