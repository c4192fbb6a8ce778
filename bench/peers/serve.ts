import { createInterface } from "node:readline";
import { readFileSync, writeFileSync } from "node:fs";
import { readSafetensors, writeSafetensors } from "@sluice/formats";
import type { Command } from "../protocol.ts";
import { profile } from "./profile.ts";
import { answering, type Contender } from "./work.ts";

/** The loop of a contender that runs as a Node process. */
export async function serve(contender: Contender): Promise<void> {
  const answer = answering(contender, {
    read: (path) => readSafetensors(readFileSync(path)).tensors,
    write: (path, results) => writeFileSync(path, writeSafetensors(results)),
    profile,
  });
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Command))}\n`);
  }
  process.exit();
}
