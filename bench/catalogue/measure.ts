import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSafetensors } from "@sluice/formats";
import { compile, key, normal } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import type { Peer } from "../peers.ts";
import { millisecondsOf, startProcess, type Process } from "../contender.ts";
import { inTurns, median, runsFor } from "../statistics.ts";
import { passesLimit, productsLimit, workOf } from "./bound.ts";
import { entries, type Entry } from "./entries.ts";
import { planOf } from "./loops.ts";
import { trainingOf, type Size } from "./training.ts";

/** Batch, time, input and hidden of every measurement. */
export const size: Size = [32, 100, 64, 64];

/** A smaller size, for a second ratio to torchrecurrent. */
export const smallSize: Size = [32, 100, 32, 32];

/** The time of forward and backward, with the gradients of all parameters and of x, on one thread. */
export interface Measured {
  readonly ms: number;
  /** Its time divided by that of `gru`, sampled in the same turns. */
  readonly ofGru: number;
  /**
   * Its time divided by that of its products at the peak of the processor and of what its other steps read and write at
   * the bandwidth of its memory, both sampled in the same turns.
   */
  readonly ofBound?: number;
  /** Planned memory, in bytes. */
  readonly bytes: number;
  readonly compileMilliseconds: number;
  /** The time of torchrecurrent's cell divided by this one's, where it has the cell. */
  readonly torchrecurrent?: number;
  /** The same at {@link smallSize}. */
  readonly torchrecurrentSmall?: number;
}

interface Program {
  readonly bytes: number;
  readonly compileMilliseconds: number;
  run(): Promise<unknown>;
  dispose(): Promise<void>;
}

/** Measures each entry beside `gru`, in turns; `report` is told what has been measured. */
export async function measureCells(
  {
    samples,
    warmMilliseconds,
    peer,
  }: { readonly samples: number; readonly warmMilliseconds: number; readonly peer?: Peer },
  wanted: (entry: Entry) => boolean,
  report: (name: string, measured: Measured) => void,
): Promise<void> {
  const backend = wasm({ threads: 1 });
  const gru = entries.find(({ name }) => name === "gru");
  if (gru === undefined) throw new Error("the catalogue has no gru");
  const other = peer && startTorch(peer);
  const baseline = await programOf(gru, backend, size);
  const [products, passes] = [await productsLimit(backend), await passesLimit(backend)];
  for (const entry of entries.filter(wanted)) {
    const program = await programOf(entry, backend, size);
    const times = await inTurns<string>(
      [
        ["gru", await taker(baseline.run, warmMilliseconds)],
        ["cell", await taker(program.run, warmMilliseconds)],
        ["products", await taker(products.run, warmMilliseconds)],
        ["passes", await taker(passes.run, warmMilliseconds)],
        ...(other !== undefined && entry.torchrecurrent !== undefined
          ? ([["torch", await torchTaker(other, entry.torchrecurrent, size, warmMilliseconds)]] as const)
          : []),
      ],
      samples,
    );
    const at = (name: string): number => median(times.get(name) ?? []);
    const { flops, bytes } = workOf(planOf(entry, size));
    const small = other && (await smallRatio(entry, backend, other, { samples, warmMilliseconds }));
    const bound = (flops / products.work.flops) * at("products") + (bytes / passes.work.bytes) * at("passes");
    report(entry.name, {
      ms: at("cell"),
      ofGru: at("cell") / at("gru"),
      ofBound: at("cell") / bound,
      bytes: program.bytes,
      compileMilliseconds: program.compileMilliseconds,
      ...(times.has("torch") ? { torchrecurrent: at("torch") / at("cell") } : {}),
      ...(small === undefined ? {} : { torchrecurrentSmall: small }),
    });
    await program.dispose();
  }
  for (const each of [baseline, products, passes]) await each.dispose();
  other?.close();
  await backend.close();
}

/** torchrecurrent's time divided by this cell's at the smaller size; undefined if it has no such cell. */
async function smallRatio(
  entry: Entry,
  backend: ReturnType<typeof wasm>,
  other: Torch,
  { samples, warmMilliseconds }: { readonly samples: number; readonly warmMilliseconds: number },
): Promise<number | undefined> {
  if (entry.torchrecurrent === undefined) return undefined;
  const program = await programOf(entry, backend, smallSize);
  const times = await inTurns<string>(
    [
      ["cell", await taker(program.run, warmMilliseconds)],
      ["torch", await torchTaker(other, entry.torchrecurrent, smallSize, warmMilliseconds)],
    ],
    samples,
  );
  await program.dispose();
  return median(times.get("torch") ?? []) / median(times.get("cell") ?? []);
}

async function programOf(entry: Entry, backend: ReturnType<typeof wasm>, at: Size): Promise<Program> {
  const { backward, draw } = trainingOf(entry, at);
  const inputs = draw();
  const started = performance.now();
  const compiled = await compile(backward, inputs, { backend });
  return {
    compileMilliseconds: performance.now() - started,
    bytes: compiled.statistics.bytes,
    run: () => compiled(...inputs),
    dispose: () => compiled.dispose(),
  };
}

async function taker(run: () => Promise<unknown>, warmMilliseconds: number): Promise<() => Promise<number>> {
  const sample = async (runs: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < runs; i++) await run();
    return (performance.now() - start) / runs;
  };
  const begun = performance.now();
  while (performance.now() - begun < warmMilliseconds) await sample(1);
  const runs = runsFor(await sample(2));
  return () => sample(runs);
}

/** A process of torchrecurrent, and a file with the input of each size. */
interface Torch {
  readonly process: Process;
  dataOf(at: Size): string;
  close(): void;
}

function startTorch(peer: Peer): Torch | undefined {
  const start = peer.find(1);
  if ("absent" in start) {
    console.error(`${peer.name}: ${start.absent}`);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const process = startProcess(start);
  return {
    process,
    dataOf([batch, time, input]) {
      const data = join(folder, `x-${input}.safetensors`);
      writeFileSync(data, writeSafetensors({ x: normal(key(3), [batch, time, input]) }));
      return data;
    },
    close() {
      process.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Samples torchrecurrent's cell in its own process. */
async function torchTaker(
  { process, dataOf }: Torch,
  cell: string,
  at: Size,
  warmMilliseconds: number,
): Promise<() => Promise<number>> {
  const [, , input, hidden] = at;
  await process.ask({ op: "prepare", slot: "cell", case: { kind: "cell", cell, input, hidden }, data: dataOf(at) });
  const once = await millisecondsOf(process, { op: "warm", slot: "cell", milliseconds: warmMilliseconds });
  const runs = runsFor(once);
  return () => millisecondsOf(process, { op: "sample", slot: "cell", leadIn: 0, runs, clock: "wall" });
}
