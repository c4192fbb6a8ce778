import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { readSafetensors, writeSafetensors } from "@sluice/formats";
import { disagreement } from "./agreement.ts";
import type { Clock } from "./clock.ts";
import { millisecondsOf, startProcess, type Process } from "./contender.ts";
import type { Named } from "./data.ts";
import { markdownTable, number } from "./layout.ts";
import { own, type Peer } from "./peers.ts";
import { batchesDataOf } from "./ragged-data.ts";
import { inTurns, median, runsFor } from "./statistics.ts";

/** Training steps over the batches of a set of sequences of unequal length, with a readout and a loss at every step. */
export interface BatchesCase {
  readonly kind: "batches";
  readonly input: number;
  readonly hidden: number;
  readonly layers: number;
  readonly outputs: number;
  /** Sequences per batch. */
  readonly size: number;
  readonly sequences: number;
  /** The mean length, and the longest divided by it. */
  readonly mean: number;
  readonly ratio: number;
  /** A file whose pieces take the place of generated sequences. */
  readonly pieces?: string;
  /** For PyTorch. */
  readonly packing?: Packing;
}

/** PyTorch pads a batch to its longest sequence, or packs its sequences. */
type Packing = "padded" | "packed";

/** What one set of sequences costs. */
export interface RaggedRow {
  readonly case: BatchesCase;
  /** Real steps of all sequences. */
  readonly steps: number;
  /** The longest sequence divided by the mean. */
  readonly ratio: number;
  /** Milliseconds per 1,000 real steps, by contender: `sluice`, `torch padded`, ... */
  readonly ms: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, string>>;
  /** Planned memory of Sluice's training step. */
  readonly bytes: number;
}

const models = [
  { layers: 1, hidden: 128 },
  { layers: 2, hidden: 200 },
] as const;

/** The cases of each model, which take turns: sets with the same number of real steps, or the one of a file. */
export function raggedCases(pieces?: string): BatchesCase[][] {
  const shared = { kind: "batches", input: 88, outputs: 88, size: 8, sequences: 32, mean: 125 } as const;
  return models.map((model) =>
    pieces === undefined
      ? [1, 2, 4, 7].map((ratio) => ({ ...shared, ...model, ratio }))
      : [{ ...shared, ...model, ratio: NaN, pieces }],
  );
}

export const idOfBatches = ({ layers, hidden, ratio }: BatchesCase): string =>
  `batches lstm ${layers} x ${hidden}, ${ratio}`;

export interface RaggedOptions {
  readonly samples: number;
  readonly clock: Clock;
  /** Those that are PyTorch take part. */
  readonly peers: readonly Peer[];
}

/** A contender that is ready for a case. */
interface Ready {
  readonly name: string;
  readonly process: Process;
  readonly slot: string;
}

/** A run trains once on every batch of a set. All sets and contenders take turns. */
export async function measureRagged(
  cases: readonly BatchesCase[],
  { samples, clock, peers }: RaggedOptions,
): Promise<RaggedRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const contenders = startAll(peers);
  try {
    const prepared = [];
    for (const [i, of] of cases.entries()) prepared.push(await prepare(of, { contenders, folder, slot: String(i) }));
    const takers: [Ready, () => Promise<number>][] = [];
    for (const ready of prepared.flatMap((of) => of.ready)) {
      const { process, slot } = ready;
      // A run takes long enough that no further warm-up is needed: this run and the comparison have warmed up the
      // process.
      const sample = (runs: number) => millisecondsOf(process, { op: "sample", slot, leadIn: 0, runs, clock });
      const runs = runsFor(await sample(1));
      takers.push([ready, () => sample(runs)]);
    }
    const times = await inTurns(takers, samples);
    return prepared.map(({ ready, ...row }) => ({
      ...row,
      ms: Object.fromEntries(ready.map((of) => [of.name, (1000 * median(times.get(of)!)) / row.steps])),
    }));
  } finally {
    for (const { process } of contenders) process.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Entrant {
  readonly name: string;
  readonly process: Process;
  readonly packing?: Packing;
}

/** Sluice, and each PyTorch twice in one process. One that is missing takes no part. */
function startAll(peers: readonly Peer[]): Entrant[] {
  const sluice = own.find(1);
  if ("absent" in sluice) throw new Error(sluice.absent);
  const torches = peers.filter(({ name }) => name.startsWith("torch"));
  return [
    { name: own.name, process: startProcess(sluice) },
    ...torches.flatMap(({ name, find }) => {
      const start = find(1);
      if ("absent" in start) {
        console.error(`${name} is absent: ${start.absent}`);
        return [];
      }
      const process = startProcess(start);
      return (["padded", "packed"] as const).map((packing) => ({ name: `${name} ${packing}`, process, packing }));
    }),
  ];
}

/** Gives a case to every contender, and compares the losses of the first three batches. One that disagrees is not timed. */
async function prepare(
  of: BatchesCase,
  {
    contenders,
    folder,
    slot,
  }: { readonly contenders: readonly Entrant[]; readonly folder: string; readonly slot: string },
): Promise<Omit<RaggedRow, "ms"> & { readonly ready: readonly Ready[] }> {
  const data = join(folder, "data.safetensors");
  const tensors = batchesDataOf(of);
  writeFileSync(data, writeSafetensors(tensors));
  const ready: Ready[] = [];
  const errors: Record<string, string> = {};
  let bytes = NaN;
  let ours: Named | undefined;
  for (const { name, process, packing } of contenders) {
    const own = { name, process, slot: `${slot} ${packing ?? ""}` };
    try {
      const which = packing === undefined ? of : { ...of, packing };
      const answer = await process.ask({ op: "prepare", slot: own.slot, case: which, data });
      if ("prepared" in answer && answer.plannedBytes !== undefined) bytes = answer.plannedBytes;
      const path = join(folder, "results.safetensors");
      await process.ask({ op: "results", slot: own.slot, path });
      const results = readSafetensors(readFileSync(path)).tensors;
      ours ??= results;
      const difference = disagreement(ours, results);
      if (difference !== undefined) throw new Error(difference);
      ready.push(own);
    } catch (error) {
      if (ours === undefined) throw error;
      errors[name] = (error as Error).message;
    }
  }
  const offsets = Array.from(tensors["offsets"]!.data);
  const lengths = offsets.slice(1).map((end, i) => end - offsets[i]!);
  const steps = offsets.at(-1)!;
  return { case: of, steps, ratio: (Math.max(...lengths) * lengths.length) / steps, ready, errors, bytes };
}

/** Times per 1,000 real steps; `times` is that of the row divided by that of the model's first row. */
export function raggedTable(rows: readonly RaggedRow[]): string {
  const peers = [...new Set(rows.flatMap(({ ms, errors }) => [...Object.keys(ms), ...Object.keys(errors)]))].filter(
    (name) => name !== own.name,
  );
  return markdownTable(
    ["model", "longest / mean", "ms per 1,000 real steps", "times", "MB", ...peers.flatMap((peer) => [peer, "ratio"])],
    rows.map(({ case: of, ratio, ms, errors, bytes }) => {
      const first = rows.find((row) => row.case.layers === of.layers && row.case.hidden === of.hidden)!;
      const ours = ms[own.name]!;
      return [
        `lstm ${of.layers} x ${of.hidden}${of.pieces === undefined ? "" : `, ${basename(of.pieces)}`}`,
        ratio.toFixed(1),
        number(ours),
        (ours / first.ms[own.name]!).toFixed(2),
        number(bytes / 1e6),
        ...peers.flatMap((peer) =>
          ms[peer] === undefined
            ? [peer in errors ? "error" : "", ""]
            : [number(ms[peer]), (ms[peer] / ours).toFixed(2)],
        ),
      ];
    }),
  );
}
