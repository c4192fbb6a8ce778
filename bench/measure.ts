import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readSafetensors, writeSafetensors } from "@sluice/formats";
import { disagreement } from "./agreement.ts";
import { flopsOf, makeCase, stepsOf, type Case } from "./cases.ts";
import type { Clock } from "./clock.ts";
import { millisecondsOf, startProcess, type Process } from "./contender.ts";
import { dataOf, gradientsLike, type Named } from "./data.ts";
import { own as ownProcess, type Peer } from "./peers.ts";
import { timesOf } from "./profile-text.ts";
import type { PeakCase } from "./protocol.ts";
import { startAll, type Present } from "./start-all.ts";
import { inTurns, median, runsFor } from "./statistics.ts";

/** One line of the table. */
export interface Row {
  readonly case: Case;
  /** Median milliseconds per run, by contender; also of Sluice's variants of a case. */
  readonly ms: Readonly<Record<string, number>>;
  /** GFLOP/s of Sluice: the operations of {@link flopsOf} divided by its time. */
  readonly gflops: number;
  /** GFLOP/s of Sluice's own large matrix product, measured in the same turns with the same number of threads. */
  readonly peak: number;
  /**
   * GFLOP/s of Sluice's products alone, with packing, from the fraction of the time that the profiler attributes to
   * them. Only for `train` cases on one thread.
   */
  readonly products?: number;
  /**
   * Sluice's compile time: from the layer's function to a program that is ready, in a process that has compiled nothing
   * before. Not measured in a page.
   */
  readonly compileMilliseconds?: number;
  /** Sluice's time per step of one row. */
  readonly microsecondsPerStep: number;
  /** Errors, by contender. */
  readonly errors: Readonly<Record<string, string>>;
}

export interface MeasureOptions {
  /** Sluice, with which the others are compared. Default: a separate process. */
  readonly own?: Peer;
  readonly peers: readonly Peer[];
  /** Samples per contender; the median is reported. */
  readonly samples: number;
  readonly warmMilliseconds: number;
  readonly clock: Clock;
}

export interface Profile {
  /** Milliseconds per run in each of its functions. */
  readonly functions: Readonly<Record<string, number>>;
  /** Operations of the products per run, and the GFLOP/s of the large matrix product. */
  readonly flops: number;
  readonly peak: number;
}

export interface Bench {
  /** The contenders with this number of threads, and the missing ones. */
  contenders(threads: number): Promise<Readonly<Record<string, string>>>;
  measure(of: Case): Promise<Row>;
  /** Sluice's time per function. */
  profile(of: Case, runs: number): Promise<Profile>;
  close(): void;
}

/**
 * Every turn begins with this many milliseconds of untimed runs. After a pause, the operating system of a virtual
 * machine may wake a worker thread on the core of the thread that wakes it. Two threads then share one core for some
 * milliseconds. This does not happen in a training loop, which never pauses.
 */
const leadIn = 50;
/**
 * Milliseconds to wait before a turn with several threads. The threads of the contender before spin for a while; in
 * this time they go to sleep.
 */
const settling = 60;

const peakCase: PeakCase = { kind: "peak", size: 256, products: 16 };
const peakFlops = 2 * peakCase.products * peakCase.size * peakCase.size * peakCase.size;

/** Variants of a case that Sluice also runs in the same turns, to be compared with it. */
function variants(of: Case): { readonly name: string; readonly case: Case }[] {
  const size = [of.batch, of.time, of.input, of.hidden] as const;
  return [
    ...(of.cell === "custom-gru" ? [{ name: "sluiceBuiltIn", case: makeCase(of.kind, "gru", size, of.threads) }] : []),
    ...(of.kind === "ragged" ? [{ name: "sluiceFull", case: makeCase("train", of.cell, size, of.threads) }] : []),
    ...(of.threads > 1 ? [{ name: "sluiceOneThread", case: { ...of, threads: 1 } }] : []),
  ];
}

export function openBench(options: MeasureOptions): Bench {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const started = new Map<number, ReturnType<typeof startAll>>();
  const withThreads = (threads: number): ReturnType<typeof startAll> => {
    const known = started.get(threads) ?? startAll(threads, [options.own ?? ownProcess, ...options.peers]);
    started.set(threads, known);
    return known;
  };
  const open: Open = { ...options, own: options.own ?? ownProcess, folder, withThreads };

  return {
    measure: (of) => measureCase(open, of),
    async contenders(threads) {
      const { present, absent } = await withThreads(threads);
      return { ...Object.fromEntries(present.map(({ name, about }) => [name, about])), ...absent };
    },
    profile: (of, runs) => profileCase(open, of, runs),
    close() {
      for (const starting of started.values())
        void starting.then(({ present }) => present.forEach(({ process }) => process.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A bench that is open: its options, its folder, and its processes by their number of threads. */
interface Open extends Omit<MeasureOptions, "own" | "peers"> {
  readonly own: Peer;
  readonly folder: string;
  withThreads(threads: number): ReturnType<typeof startAll>;
}

async function measureCase(open: Open, of: Case): Promise<Row> {
  const { present } = await open.withThreads(of.threads);
  const data = join(open.folder, "data.safetensors");
  writeFileSync(data, writeSafetensors(dataOf(of)));
  const compileMilliseconds = await compileTime(open.own, of, data);
  const [first, ...others] = present.filter(({ has }) => has(of));
  const { ready, errors } = await prepareAll(open, of, { first: first!, others, data });
  const times = await sampled(open, of, new Map([...ready].filter(([name]) => !(name in errors))));
  const share =
    open.own === ownProcess && of.kind === "train" && of.threads === 1 && ready.has("sluice")
      ? await shareOfProducts(first!.process, median(times.get("sluice")!))
      : undefined;
  for (const { process, slot } of ready.values()) await process.ask({ op: "drop", slot }).catch(() => {});
  const medians = Object.fromEntries([...times].map(([name, values]) => [name, median(values)]));
  const { peak = NaN, ...ms } = medians;
  const time = ms["sluice"] ?? NaN;
  const gflops = flopsOf(of) / time / 1e6;
  return {
    case: of,
    ms,
    errors,
    gflops,
    ...(share === undefined ? {} : { products: gflops / share }),
    ...(compileMilliseconds === undefined ? {} : { compileMilliseconds }),
    peak: peakFlops / peak / 1e6,
    microsecondsPerStep: (1000 * time) / stepsOf(of),
  };
}

interface Contenders {
  /** Sluice. */
  readonly first: Present;
  readonly others: readonly Present[];
  /** The file with the case's data. */
  readonly data: string;
}

/** Prepares a case with all contenders, whose results must be Sluice's, then the variants and the large product. */
async function prepareAll(
  { folder, withThreads }: Open,
  of: Case,
  { first, others, data }: Contenders,
): Promise<{ readonly ready: ReadonlyMap<string, Ready>; readonly errors: Readonly<Record<string, string>> }> {
  const errors: Record<string, string> = {};
  const ready = new Map<string, Ready>();
  const prepare = async (
    name: string,
    process: Process,
    which: Case | PeakCase,
    file = data,
  ): Promise<Named | undefined> => {
    try {
      await process.ask({ op: "prepare", slot: name, case: which, data: file });
      ready.set(name, { process, slot: name });
      if (which !== of || name === "brain") return undefined;
      const path = join(folder, `${name}.safetensors`);
      await process.ask({ op: "results", slot: name, path });
      return readSafetensors(readFileSync(path)).tensors;
    } catch (error) {
      errors[name] = (error as Error).message;
      return undefined;
    }
  };

  const ours = await prepare("sluice", first.process, of);
  for (const { name, process } of others) {
    const theirs = await prepare(name, process, of);
    if (ours === undefined || theirs === undefined) continue;
    const wrong = disagreement(gradientsLike(of, ours, theirs), theirs);
    if (wrong !== undefined) errors[name] = `results differ: ${wrong}`;
  }
  for (const { name, case: variant } of variants(of)) {
    const file = join(folder, `${name}.safetensors`);
    writeFileSync(file, writeSafetensors(dataOf(variant)));
    await prepare(name, (await withThreads(variant.threads)).present[0]!.process, variant, file);
  }
  await prepare("peak", first.process, peakCase, "");
  return { ready, errors };
}

/** Milliseconds per run of all that are ready, which take turns. */
async function sampled(
  { samples, warmMilliseconds, clock }: Open,
  of: Case,
  ready: ReadonlyMap<string, Ready>,
): Promise<ReadonlyMap<string, number[]>> {
  const takers: [string, () => Promise<number>][] = [];
  for (const [name, { process, slot }] of ready) {
    const runs = runsFor(await millisecondsOf(process, { op: "warm", slot, milliseconds: warmMilliseconds }));
    takers.push([
      name,
      async () => {
        if (of.threads > 1) await pause(settling);
        return millisecondsOf(process, { op: "sample", slot, leadIn, runs, clock });
      },
    ]);
  }
  return inTurns(takers, samples);
}

async function profileCase(
  { folder, withThreads, warmMilliseconds, clock }: Open,
  of: Case,
  runs: number,
): Promise<Profile> {
  const { process } = (await withThreads(of.threads)).present[0]!;
  const data = join(folder, "profile.safetensors");
  writeFileSync(data, writeSafetensors(dataOf(of)));
  await process.ask({ op: "prepare", slot: "peak", case: peakCase, data: "" });
  await process.ask({ op: "prepare", slot: "profile", case: of, data });
  await process.ask({ op: "warm", slot: "peak", milliseconds: warmMilliseconds });
  await process.ask({ op: "warm", slot: "profile", milliseconds: warmMilliseconds });
  const answer = await process.ask({ op: "profile", slot: "profile", runs });
  const peak = await millisecondsOf(process, { op: "sample", slot: "peak", leadIn, runs: 10, clock });
  for (const slot of ["peak", "profile"]) await process.ask({ op: "drop", slot });
  return {
    functions: "functions" in answer ? answer.functions : {},
    flops: flopsOf(of),
    peak: peakFlops / peak / 1e6,
  };
}

/** The first compile time, before V8 has optimized the compiler. */
async function compileTime(own: Peer, of: Case, data: string): Promise<number | undefined> {
  const start = own.find(of.threads);
  if ("absent" in start || "connect" in start) return undefined;
  const process = startProcess(start);
  try {
    const answer = await process.ask({ op: "prepare", slot: "cold", case: of, data });
    return "prepared" in answer ? answer.compileMilliseconds : undefined;
  } finally {
    process.close();
  }
}

/** The fraction of Sluice's time that products take, measured over about half a second. */
async function shareOfProducts(process: Process, milliseconds: number): Promise<number | undefined> {
  const answer = await process.ask({ op: "profile", slot: "sluice", runs: Math.max(3, Math.ceil(500 / milliseconds)) });
  if (!("functions" in answer)) return undefined;
  const { all, products } = timesOf(answer.functions);
  return products / all;
}

interface Ready {
  readonly process: Process;
  readonly slot: string;
}
