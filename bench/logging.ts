import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dense, gru, sequence } from "@sluice/cells";
import { folderStore } from "@sluice/runner";
import { identified, type TrialSession } from "@sluice/study";
import { key, mean, square, sub, tensor, type Tensor } from "@sluice/tensor";
import { adam, trainer } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { clocks } from "./clock.ts";
import { markdownTable, number } from "./layout.ts";
import { inTurns, median } from "./statistics.ts";

/** A training step of a GRU, on one thread. */
export interface LoggingCase {
  readonly batch: number;
  readonly steps: number;
  readonly hidden: number;
}

/** What a logged row of five metrics costs. Times are of the processor. */
export interface LoggingRow {
  readonly case: LoggingCase;
  /** Milliseconds of a training step without a row. */
  readonly step: number;
  /** Microseconds of a row: writing, hashing and the turns of the event loop included. */
  readonly row: number;
  /** How much longer a step with a row took, in percent: the median over the rounds, and the middle half of them. */
  readonly together: readonly [low: number, median: number, high: number];
}

/** The usual size, and a step of about a millisecond. */
export const loggingCases: readonly LoggingCase[] = [
  { batch: 32, steps: 100, hidden: 64 },
  { batch: 16, steps: 50, hidden: 32 },
];

/** Rows for a time that is surely measured: with fewer, their writes would not be in it. */
const ROWS = 4000;

/** Measures each case in rounds. In a round, steps with a row and steps without take turns. */
export async function measureLogging(cases: readonly LoggingCase[], rounds: number): Promise<LoggingRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-logging-"));
  const trial = identified({ study: "bench", task: "t", variant: "v", seed: 0, config: {}, code: "", data: {} });
  const unknown = { engine: null, os: null, cpu: null, cores: null, memoryGiB: null, git: null };
  const environment = { runtime: "bench", ...unknown, threads: 1, command: "bench" };
  const { signal } = new AbortController();
  const session = await folderStore(folder).openTrial(trial, { environment, changes: "", signal });
  try {
    const rows: LoggingRow[] = [];
    for (const of of cases) rows.push(await measure(of, session, rounds));
    return rows;
  } finally {
    await session.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(of: LoggingCase, session: TrialSession, rounds: number): Promise<LoggingRow> {
  const step = await trainingStep(of);
  await perRun(step, 20);
  const runs = Math.max(5, Math.ceil(200 / (await perRun(step, 10))));
  const log = logger(session);
  const logged = async (): Promise<void> => {
    await step();
    log();
  };
  const turn = (): Promise<void> => new Promise((settle) => setImmediate(settle));
  const loggedTurn = async (): Promise<void> => {
    await turn();
    log();
  };
  // What is left to be written belongs to the rows that were logged.
  const flushed = async (run: () => Promise<void>, count: number): Promise<number> => {
    await session.flush();
    return perRun(run, count, () => session.flush());
  };
  const times = await inTurns(
    [
      ["step", () => flushed(step, runs)],
      ["logged", () => flushed(logged, runs)],
      ["turn", () => flushed(turn, ROWS)],
      ["loggedTurn", () => flushed(loggedTurn, ROWS)],
    ],
    rounds,
  );
  const timesOf = (name: string): readonly number[] => times.get(name) ?? [];
  const shares = timesOf("step")
    .map((alone, round) => 100 * ((timesOf("logged")[round] ?? NaN) / alone - 1))
    .toSorted((a, b) => a - b);
  const at = (share: number): number => shares[Math.round(share * (shares.length - 1))] ?? NaN;
  const row = 1000 * (median(timesOf("loggedTurn")) - median(timesOf("turn")));
  return { case: of, step: median(timesOf("step")), row, together: [at(0.25), at(0.5), at(0.75)] };
}

/** Milliseconds of the processor per run. */
async function perRun(run: () => Promise<void>, count: number, end?: () => Promise<void>): Promise<number> {
  const start = clocks.cpu();
  for (let n = 0; n < count; n++) await run();
  await end?.();
  return (clocks.cpu() - start) / count;
}

/** Logs rows as training does: numbers with all their digits. */
function logger(session: TrialSession): () => void {
  let step = 0;
  return () => {
    step++;
    const x = ((7919 * step) % 10_007) / 10_007;
    session.metric({
      step,
      loss: x / 3,
      accuracy: 100 * x,
      gradientNorm: Math.sqrt(x),
      rate: x / 1000,
      ratio: x / 7000,
    });
  };
}

async function trainingStep({ batch, steps, hidden }: LoggingCase): Promise<() => Promise<void>> {
  const input = 16;
  const [layer, readout] = [sequence(gru({ input, hidden }), { outputs: "last" }), dense({ input: hidden, output: 1 })];
  const params = { layer: layer.init(key(1)), readout: readout.init(key(2)) };
  const x = Float32Array.from({ length: batch * steps * input }, (_, i) => ((7919 * i) % 2001) / 1000 - 1);
  const given: { x: Tensor; y: Tensor } = {
    x: tensor(x, [batch, steps, input]),
    y: tensor(new Float32Array(batch), [batch, 1]),
  };
  const training = await trainer({
    loss: (p: typeof params, { x: xs, y }: typeof given) => ({
      loss: mean(square(sub(readout.apply(p.readout, layer.apply(p.layer, xs).output).output, y))),
    }),
    optimizer: adam({ learningRate: 0.001 }),
    params,
    key: key(3),
    batch: given,
    backend: wasm({ threads: 1 }),
  });
  return async () => void (await training.run(given));
}

export function loggingTable(rows: readonly LoggingRow[]): string {
  return markdownTable(
    ["batch x steps x hidden", "step ms", "row us", "row / step %", "steps with a row: % longer (middle half)"],
    rows.map(({ case: of, step, row, together: [low, middle, high] }) => [
      `${of.batch} x ${of.steps} x ${of.hidden}`,
      number(step),
      number(row),
      ((row / step) * 0.1).toFixed(2),
      `${middle.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`,
    ]),
  );
}
