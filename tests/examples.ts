import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./workspace.ts";

/** The first ```ts block of a README, which is its example: a whole program. */
export function exampleOf(folder: string): string | undefined {
  const readme = join(root, folder, "README.md");
  if (!existsSync(readme)) return undefined;
  return /^```ts\n(.*?)^```$/ms.exec(readFileSync(readme, "utf8"))?.[1];
}

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

const execute = promisify(execFile);

/** Runs a program to its end; its exit code and everything it printed. */
export async function outcomeOf(program: string, args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<Outcome> {
  try {
    const { stdout, stderr } = await execute(program, args, { ...options, maxBuffer: 1 << 26 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    if (!(error instanceof Error) || !("stdout" in error) || !("stderr" in error)) throw error;
    const code = "code" in error && typeof error.code === "number" ? error.code : 1;
    return { code, output: `${String(error.stdout)}${String(error.stderr)}` };
  }
}
