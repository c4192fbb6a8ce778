import { passNames } from "@sluice/compiler";
import { wasm } from "@sluice/wasm";
import { allCases, idOf, type Case } from "./cases.ts";
import { clocks, type Clock } from "./clock.ts";
import { dataOf } from "./data.ts";
import { compileLayer, type CompiledLayer } from "./layer.ts";
import { inTurns, median, runsFor } from "./statistics.ts";
import { markdownTable, number } from "./layout.ts";

/** Time and memory of a case with one compiler pass switched off, with all of them off, or with none. */
export interface WithoutPass {
  readonly without: "nothing" | (typeof passNames)[number] | "any";
  readonly ms: number;
  /** Planned memory, in bytes. */
  readonly bytes: number;
}

const choices: readonly WithoutPass["without"][] = ["nothing", ...passNames, "any"];

export const passCases: readonly Case[] = [
  "train gru/32x100x64x64 1",
  "train layer-norm-gru/32x100x64x64 1",
  "ragged gru/32x100x64x64 1",
].flatMap((id) => allCases.filter((of) => idOf(of).startsWith(id)));

/** Compiles a case with each pass switched off and times the results in turns, in this process. */
export async function measurePasses(
  of: Case,
  {
    samples,
    warmMilliseconds,
    clock,
  }: { readonly samples: number; readonly warmMilliseconds: number; readonly clock: Clock },
): Promise<WithoutPass[]> {
  const data = dataOf(of);
  const compiled: (readonly [WithoutPass["without"], CompiledLayer])[] = [];
  for (const without of choices) {
    const off = without === "nothing" ? [] : without === "any" ? passNames : [without];
    compiled.push([
      without,
      await compileLayer(
        of,
        data,
        wasm({ threads: of.threads, passes: Object.fromEntries(off.map((name) => [name, false])) }),
      ),
    ]);
  }
  const now = clocks[clock];
  const takers: [WithoutPass["without"], () => Promise<number>][] = [];
  for (const [without, { backward, inputs }] of compiled) {
    const sample = async (runs: number): Promise<number> => {
      const start = now();
      for (let i = 0; i < runs; i++) await backward(...inputs);
      return (now() - start) / runs;
    };
    const begun = performance.now();
    while (performance.now() - begun < warmMilliseconds) await sample(1);
    const runs = runsFor(await sample(2));
    takers.push([without, () => sample(runs)]);
  }
  const times = await inTurns(takers, samples);
  const rows = compiled.map(([without, { backward }]) => ({
    without,
    ms: median(times.get(without)!),
    bytes: backward.statistics.bytes,
  }));
  for (const [, { backward }] of compiled) await backward.dispose();
  return rows;
}

/**
 * For each pass that is switched off: milliseconds and megabytes, and both relative to the full compiler.
 */
export function passesTable(
  measured: readonly { readonly case: Case; readonly rows: readonly WithoutPass[] }[],
): string {
  const cells = ({ ms, bytes }: WithoutPass, all: WithoutPass): string[] => [
    number(ms),
    (ms / all.ms).toFixed(2),
    number(bytes / 1e6),
    (bytes / all.bytes).toFixed(2),
  ];
  return markdownTable(
    ["without", ...measured.flatMap(({ case: { kind, name } }) => [`${kind} ${name}: ms`, "times", "MB", "times"])],
    choices.map((without, i) => [without, ...measured.flatMap(({ rows }) => cells(rows[i]!, rows[0]!))]),
  );
}
