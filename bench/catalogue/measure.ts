import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSafetensors } from "@sluice/formats";
import { compile, key, normal } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import type { Peer } from "../peers.ts";
import { millisecondsOf, startProcess, type Process } from "../contender.ts";
import { profile } from "../peers/profile.ts";
import { inTurns, median, runsFor } from "../statistics.ts";
import { passesLimit, productsLimit, workOf, type Limit } from "./bound.ts";
import { operationCosts, type Costs } from "./costs.ts";
import { entries, type Entry } from "./entries.ts";
import { planOf } from "./loops.ts";
import { accountOf } from "./operations.ts";
import { taker } from "./taker.ts";
import { trainingOf, type Size } from "./training.ts";
import { arithmeticOf, groupsOf, type Where } from "./where.ts";

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
  /** The parts of its time, by a sampled profile, and what they cost at least. */
  readonly where?: Where;
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

interface Options {
  readonly samples: number;
  readonly warmMilliseconds: number;
}

/** What every cell is measured beside. */
interface Beside {
  readonly gru: Program;
  readonly products: Limit;
  readonly passes: Limit;
  readonly costs: Costs;
  readonly torch: Torch | undefined;
}

/** Measures each entry beside `gru`, in turns; `report` is told what has been measured. */
export async function measureCells(
  { peer, ...options }: Options & { readonly peer?: Peer },
  wanted: (entry: Entry) => boolean,
  report: (name: string, measured: Measured) => void,
): Promise<void> {
  const chosen = entries.filter(wanted);
  if (chosen.length === 0) return;
  const backend = wasm({ threads: 1 });
  const gru = entries.find(({ name }) => name === "gru");
  if (gru === undefined) throw new Error("the catalogue has no gru");
  const beside: Beside = {
    gru: await programOf(gru, backend, size),
    products: await productsLimit(backend),
    passes: await passesLimit(backend),
    costs: await operationCosts(backend, options),
    torch: peer && startTorch(peer),
  };
  for (const entry of chosen) report(entry.name, await measureCell(entry, backend, beside, options));
  for (const each of [beside.gru, beside.products, beside.passes]) await each.dispose();
  beside.torch?.close();
  await backend.close();
}

async function measureCell(
  entry: Entry,
  backend: ReturnType<typeof wasm>,
  { gru, products, passes, costs, torch }: Beside,
  options: Options,
): Promise<Measured> {
  const { samples, warmMilliseconds } = options;
  const program = await programOf(entry, backend, size);
  const times = await inTurns<string>(
    [
      ["gru", await taker(gru.run, warmMilliseconds)],
      ["cell", await taker(program.run, warmMilliseconds)],
      ["products", await taker(products.run, warmMilliseconds)],
      ["passes", await taker(passes.run, warmMilliseconds)],
      ...(torch !== undefined && entry.torchrecurrent !== undefined
        ? ([["torch", await torchTaker(torch, entry.torchrecurrent, size, warmMilliseconds)]] as const)
        : []),
    ],
    samples,
  );
  const at = (name: string): number => median(times.get(name) ?? []);
  const functions = await profile(program.run, runsFor(at("cell"), PROFILED_MILLISECONDS));
  const small = torch && (await smallRatio(entry, backend, torch, options));
  await program.dispose();
  const plan = planOf(entry, size);
  const { flops, bytes } = workOf(plan);
  const { operations, matrices } = accountOf(plan, size[0]);
  const moving = (moved: number): number => (moved / passes.work.bytes) * at("passes");
  const [peak, traffic] = [(flops / products.work.flops) * at("products"), moving(bytes)];
  return {
    ms: at("cell"),
    ofGru: at("cell") / at("gru"),
    ofBound: at("cell") / (peak + traffic),
    where: {
      ...groupsOf(functions, at("cell")),
      peak,
      matrices: moving(matrices),
      traffic,
      arithmetic: arithmeticOf(operations, costs),
    },
    bytes: program.bytes,
    compileMilliseconds: program.compileMilliseconds,
    ...(times.has("torch") ? { torchrecurrent: at("torch") / at("cell") } : {}),
    ...(small === undefined ? {} : { torchrecurrentSmall: small }),
  };
}

/** How long a cell runs under the sampling profiler. */
const PROFILED_MILLISECONDS = 300;

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
