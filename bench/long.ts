import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Clock } from "./clock.ts";
import { inTurns, median } from "./statistics.ts";
import { markdownTable, number } from "./layout.ts";

/** A training step on one sequence, within a memory budget. */
export interface LongCase {
  readonly steps: number;
  readonly input: number;
  readonly hidden: number;
  /** In bytes. */
  readonly memory: number;
  readonly clock: Clock;
}

export interface LongSample {
  readonly ms: number;
  /** Planned memory of the program, in bytes. */
  readonly planned: number;
  /** Peak memory of the whole process, in bytes. */
  readonly resident: number;
}

export interface LongRow extends LongSample {
  readonly case: LongCase;
}

/** A budget that lets everything be kept, and budgets of 256 bytes per step, for which loops run in segments. */
export function longCases(clock: Clock): LongCase[] {
  const of = (steps: number, memory: number): LongCase => ({ steps, input: 2, hidden: 64, memory, clock });
  return [of(100_000, 1e9), of(100_000, 25.6e6), of(1_000_000, 256e6)];
}

/** Runs each case in its own process, so that its memory can be measured. Cases take turns, after one warm-up step. */
export async function measureLong(cases: readonly LongCase[], samples: number): Promise<LongRow[]> {
  const children = cases.map((of) =>
    fork(fileURLToPath(new URL("long-child.ts", import.meta.url)), [JSON.stringify(of)], {
      execArgv: ["--conditions=@sluice/source"],
    }),
  );
  try {
    const last = new Map<LongCase, LongSample>();
    const takers = cases.map(
      (of, i) =>
        [
          of,
          async () => {
            const sample = await ask(children[i]!);
            last.set(of, sample);
            return sample.ms;
          },
        ] as const,
    );
    for (const [, take] of takers) await take();
    const times = await inTurns(takers, samples);
    return cases.map((of) => ({ case: of, ...last.get(of)!, ms: median(times.get(of)!) }));
  } finally {
    for (const child of children) child.kill();
  }
}

function ask(child: ChildProcess): Promise<LongSample> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null): void =>
      reject(new Error(`the process ended with ${signal ?? `exit code ${code}`}`));
    child.once("exit", ended);
    child.once("message", (sample) => {
      child.off("exit", ended);
      resolve(sample as LongSample);
    });
    child.send("step");
  });
}

export function longTable(rows: readonly LongRow[]): string {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return markdownTable(
    ["steps", "budget MB", "planned MB", "whole process MB", "s", "us per step"],
    rows.map(({ case: { steps, memory }, planned, resident, ms }) => [
      steps.toLocaleString("en"),
      megabytes(memory),
      megabytes(planned),
      megabytes(resident),
      (ms / 1000).toFixed(2),
      number((1000 * ms) / steps),
    ]),
  );
}
