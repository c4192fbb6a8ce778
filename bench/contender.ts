import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Answer, Command } from "./protocol.ts";

/** A running contender. It answers commands one after the other. */
export interface Process {
  ask(command: Command): Promise<Answer>;
  close(): void;
}

interface Program {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A program to start, or a contender that is already running. */
export type Start = Program | { readonly connect: () => Process };

/** Throws if the answer is an error. */
export function startProcess(start: Start): Process {
  if ("connect" in start) return start.connect();
  const { program, args, env = {} } = start;
  const child = spawn(program, [...args], { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
  const waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];
  let complaints = "";
  let ended: Error | undefined;
  const end = (reason: string): void => {
    ended ??= new Error(`${reason}${complaints === "" ? "" : `: ${complaints.trim().split("\n").at(-1)}`}`);
    for (const { reject } of waiting.splice(0)) reject(ended);
  };
  child.stderr.on("data", (text: Buffer) => (complaints = (complaints + String(text)).slice(-4000)));
  child.stdin.on("error", () => {});
  child.on("error", (error) => end(error.message));
  child.on("close", (code, signal) => end(`it ended with ${signal ?? `exit code ${code}`}`));
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("{")) waiting.shift()?.resolve(JSON.parse(line) as Answer);
  });
  return {
    ask: (command) =>
      new Promise<Answer>((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(command)}\n`);
      }).then((answer) => {
        if ("error" in answer) throw new Error(answer.error);
        return answer;
      }),
    close: () => child.stdin.end(),
  };
}

/** A command whose answer is a time. */
export async function millisecondsOf(process: Process, command: Command): Promise<number> {
  const answer = await process.ask(command);
  if (!("ms" in answer)) throw new Error(`${command.op} did not return a time`);
  return answer.ms;
}
