import { clocks } from "../clock.ts";
import type { Named } from "../data.ts";
import type { AnyCase, Answer, Command } from "../protocol.ts";

/** A case that is ready to run. */
export interface Work {
  run(): Promise<unknown> | void;
  /** Before the first `run`. */
  results?(): Promise<Named>;
  close?(): Promise<void> | void;
  /** The time from a function of tensors to a program that is ready to run. */
  readonly compileMilliseconds?: number;
  readonly plannedBytes?: number;
}

/** A contender that is written in JavaScript. */
export interface Contender {
  about(): string;
  prepare(of: AnyCase, data: Named): Promise<Work>;
}

/** Reads and writes a command's files, and does what depends on the host. */
export interface Surroundings {
  read(path: string): Named;
  write(path: string, results: Named): void;
  profile?(run: () => unknown, runs: number): Promise<Record<string, number>>;
}

/** Answers one command after the other; an error is an answer too. */
export function answering(
  contender: Contender,
  { read, write, profile }: Surroundings,
): (command: Command) => Promise<Answer> {
  const ready = new Map<string, Work>();

  async function answer(command: Command): Promise<Answer> {
    if (command.op === "about") return { about: contender.about() };
    if (command.op === "prepare") {
      const made = await contender.prepare(command.case, command.data === "" ? {} : read(command.data));
      ready.set(command.slot, made);
      return {
        prepared: true,
        ...(made.compileMilliseconds === undefined ? {} : { compileMilliseconds: made.compileMilliseconds }),
        ...(made.plannedBytes === undefined ? {} : { plannedBytes: made.plannedBytes }),
      };
    }
    const work = ready.get(command.slot);
    if (work === undefined) throw new Error(`nothing is prepared as ${command.slot}`);
    switch (command.op) {
      case "results":
        if (work.results === undefined) throw new Error("no results to compare");
        write(command.path, await work.results());
        return { done: true };
      case "warm":
        return { ms: await lastOf(work, { least: 2, milliseconds: command.milliseconds }) };
      case "sample": {
        await lastOf(work, { least: 0, milliseconds: command.leadIn });
        const now = clocks[command.clock];
        const start = now();
        for (let i = 0; i < command.runs; i++) await work.run();
        return { ms: (now() - start) / command.runs };
      }
      case "profile":
        if (profile === undefined) throw new Error("no profiler here");
        return { functions: await profile(() => work.run(), command.runs) };
      case "drop":
        ready.delete(command.slot);
        await work.close?.();
        return { done: true };
    }
  }

  return (command) =>
    answer(command).catch((error: unknown): Answer => ({
      error: error instanceof Error ? error.message : String(error),
    }));
}

/** Runs for at least this many milliseconds and this many times; returns the milliseconds of the last run. */
async function lastOf(
  work: Work,
  { least, milliseconds }: { readonly least: number; readonly milliseconds: number },
): Promise<number> {
  const start = performance.now();
  let last = 0;
  for (let runs = 0; runs < least || performance.now() - start < milliseconds; runs++) {
    const begun = performance.now();
    await work.run();
    last = performance.now() - begun;
  }
  return last;
}
