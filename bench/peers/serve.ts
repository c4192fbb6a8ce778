import { createInterface } from "node:readline";
import { readFileSync, writeFileSync } from "node:fs";
import { readSafetensors, writeSafetensors } from "@sluice/train";
import type { Case } from "../cases.ts";
import { clocks } from "../clock.ts";
import type { Named } from "../data.ts";
import type { Answer, Command, PeakCase } from "../protocol.ts";
import { profile } from "./profile.ts";

/** A case that is ready to run. */
export interface Work {
  run(): Promise<unknown> | void;
  /** Before the first `run`. */
  results?(): Promise<Named>;
  close?(): Promise<void> | void;
  /** From a function of tensors to a program that is ready to run. */
  readonly compileMilliseconds?: number;
}

export interface Contender {
  about(): string;
  prepare(of: Case | PeakCase, data: Named): Promise<Work>;
}

/** The loop of a contender that is written in JavaScript. */
export async function serve(contender: Contender): Promise<void> {
  const ready = new Map<string, Work>();
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await handle(contender, ready, JSON.parse(line) as Command).catch((error: unknown): Answer => ({ error: String(error) }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit();
}

async function handle(contender: Contender, ready: Map<string, Work>, command: Command): Promise<Answer> {
  if (command.op === "about") return { about: contender.about() };
  if (command.op === "prepare") {
    const data = command.data === "" ? {} : readSafetensors(readFileSync(command.data)).tensors;
    const made = await contender.prepare(command.case, data);
    ready.set(command.slot, made);
    return { prepared: true, ...(made.compileMilliseconds === undefined ? {} : { compileMilliseconds: made.compileMilliseconds }) };
  }
  const work = ready.get(command.slot);
  if (work === undefined) throw new Error(`nothing is prepared as ${command.slot}`);
  switch (command.op) {
    case "results":
      if (work.results === undefined) throw new Error("no results to compare");
      writeFileSync(command.path, writeSafetensors(await work.results()));
      return { done: true };
    case "warm":
      return { ms: await lastOf(work, { least: 2, milliseconds: command.milliseconds }) };
    case "sample": {
      await lastOf(work, { least: 1, milliseconds: command.leadIn });
      const now = clocks[command.clock];
      const start = now();
      for (let i = 0; i < command.runs; i++) await work.run();
      return { ms: (now() - start) / command.runs };
    }
    case "profile":
      return { functions: await profile(() => work.run(), command.runs) };
    case "drop":
      ready.delete(command.slot);
      await work.close?.();
      return { done: true };
  }
}

/** Runs for so many milliseconds, and at least so many times; milliseconds of the last run. */
async function lastOf(work: Work, { least, milliseconds }: { readonly least: number; readonly milliseconds: number }): Promise<number> {
  const start = performance.now();
  let last = 0;
  for (let runs = 0; runs < least || performance.now() - start < milliseconds; runs++) {
    const begun = performance.now();
    await work.run();
    last = performance.now() - begun;
  }
  return last;
}
