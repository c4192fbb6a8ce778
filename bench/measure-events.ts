import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "@sluice/formats";
import { disagreement } from "./agreement.ts";
import type { Clock } from "./clock.ts";
import { millisecondsOf, startProcess, type Process } from "./contender.ts";
import type { Named } from "./data.ts";
import { eventsData, eventsLengths, idOfEvents, type EventsCase, type RowsOfEvents } from "./events.ts";
import { markdownTable, number } from "./layout.ts";
import { own, type Peer } from "./peers.ts";
import { inTurns, median, runsFor } from "./statistics.ts";

/** What one layer costs over rows of events. */
export interface EventsRow {
  readonly case: EventsCase;
  /** Milliseconds per run, by contender: `sluice sorted`, `torch packed`, ... */
  readonly ms: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, string>>;
}

interface EventsOptions {
  readonly samples: number;
  readonly clock: Clock;
  readonly peers: readonly Peer[];
}

interface Entrant {
  readonly library: string;
  readonly process: Process;
}

/** A library's process and the way in which it takes the rows. */
interface Taker extends Entrant {
  readonly name: string;
  readonly case: EventsCase;
}

/** Forward and backward over one batch, on one thread. All contenders of a case take turns. */
export async function measureEvents(
  cases: readonly EventsCase[],
  { samples, clock, peers }: EventsOptions,
): Promise<EventsRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const entrants = startAll(peers);
  const rows: EventsRow[] = [];
  try {
    for (const of of cases) {
      console.error(idOfEvents(of));
      const takers = entrants.flatMap((entrant) => takersOf(entrant, of));
      const { ready, errors } = await prepare(takers, folder);
      const timed: [string, () => Promise<number>][] = [];
      for (const { name, process } of ready) {
        await process.ask({ op: "warm", slot: name, milliseconds: samples < 7 ? 50 : 500 });
        const sample = (runs: number, leadIn: number) =>
          millisecondsOf(process, { op: "sample", slot: name, leadIn, runs, clock });
        const runs = runsFor(await sample(1, 0));
        timed.push([name, () => sample(runs, 50)]);
      }
      const times = await inTurns(timed, samples);
      rows.push({ case: of, errors, ms: Object.fromEntries([...times].map(([name, ms]) => [name, median(ms)])) });
      for (const { name, process } of ready) await process.ask({ op: "drop", slot: name });
    }
  } finally {
    for (const { process } of entrants) process.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

/** Sluice, and the peers that take rows of events. One that is missing takes no part. */
function startAll(peers: readonly Peer[]): Entrant[] {
  return [own, ...peers.filter(({ name }) => name.startsWith("torch") || name === "pypots")].flatMap((peer) => {
    const start = peer.find(1);
    if (!("absent" in start)) return [{ library: peer.name, process: startProcess(start) }];
    console.error(`${peer.name} is absent: ${start.absent}`);
    return [];
  });
}

/** PyTorch has no GRU-D, and PyPOTS nothing else of these; its GRU-D takes padded rows only. */
function takersOf(entrant: Entrant, of: EventsCase): Taker[] {
  const { library } = entrant;
  const ways: readonly RowsOfEvents[] =
    library === own.name
      ? ["unsorted", "sorted", "padded"]
      : (library === "pypots") !== (of.cell === "gruD")
        ? []
        : library === "pypots"
          ? ["padded"]
          : ["packed", "padded"];
  return ways.map((rows) => ({ ...entrant, name: `${library} ${rows}`, case: { ...of, rows } }));
}

/** Prepares all, and compares gradients: one that disagrees is not timed. */
async function prepare(
  takers: readonly Taker[],
  folder: string,
): Promise<{ readonly ready: readonly Taker[]; readonly errors: Readonly<Record<string, string>> }> {
  const ready: Taker[] = [];
  const errors: Record<string, string> = {};
  const [data, path] = [join(folder, "data.safetensors"), join(folder, "results.safetensors")];
  let ours: Named | undefined;
  for (const taker of takers) {
    const { name, process, case: of } = taker;
    try {
      writeFileSync(data, writeSafetensors(eventsData(of)));
      await process.ask({ op: "prepare", slot: name, case: of, data });
      if (isComparable(taker)) {
        await process.ask({ op: "results", slot: name, path });
        const results = readSafetensors(readFileSync(path)).tensors;
        ours ??= results;
        const difference = disagreement(ours, results);
        if (difference !== undefined) throw new Error(difference);
      }
      ready.push(taker);
    } catch (error) {
      errors[name] = (error as Error).message;
    }
  }
  return { ready, errors };
}

/**
 * Sorted rows have other values. Padded rows of a layer that runs backwards begin with padding. PyPOTS's GRU-D has
 * weights of its own.
 */
const isComparable = ({ library, case: { cell, rows } }: Taker): boolean =>
  library !== "pypots" && rows !== "sorted" && !(cell === "bidirectional" && rows === "padded");

/** Milliseconds. `ratio` is the time divided by Sluice's for unsorted rows; that of `sorted` should be near 1. */
export function eventsTable(rows: readonly EventsRow[]): string {
  const base = `${own.name} unsorted`;
  const names = [...new Set(rows.flatMap(({ ms, errors }) => [...Object.keys(ms), ...Object.keys(errors)]))];
  const others = names.filter((name) => name !== base);
  return markdownTable(
    ["layer", "padded / real steps", `${base}, ms`, ...others.flatMap((name) => [name, "ratio"])],
    rows.map(({ case: of, ms, errors }) => {
      const lengths = eventsLengths(of);
      const ours = ms[base] ?? NaN;
      return [
        of.cell,
        ((of.longest * lengths.length) / lengths.reduce((sum, length) => sum + length, 0)).toFixed(2),
        number(ours),
        ...others.flatMap((name) => {
          const other = ms[name];
          if (other === undefined) return [name in errors ? "error" : "", ""];
          return [number(other), (other / ours).toFixed(2)];
        }),
      ];
    }),
  );
}
