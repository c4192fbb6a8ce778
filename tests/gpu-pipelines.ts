/** A GRU's training step with Adam, launch by launch and as one pipeline: in Node, or in a page. */
import { dense, gru, sequence } from "@sluice/cells";
import { gpu, type GpuMode } from "@sluice/gpu";
import { key, keyFor, leavesOf, mapTree, tensor, uniform, valuesOf, type Tensor } from "@sluice/tensor";
import { sizeOf } from "@sluice/tensor/internal";
import { adam, crossEntropy, trainer } from "@sluice/train";

export interface StepSize {
  readonly batch: number;
  readonly time: number;
  readonly input: number;
  readonly hidden: number;
}

interface Manner {
  /** Milliseconds that compiling and the first step took more than a later step. */
  readonly ready: number;
  /** Milliseconds of a step: the median. */
  readonly step: number;
}

export interface Timing {
  /** Bytes of weights and moments. */
  readonly state: number;
  readonly launches: Manner;
  readonly pipeline: Manner;
  /** How far the losses lie apart after as many steps. */
  readonly apart: number;
}

/** Both in turns, `samples` times. */
export async function timeStep(mode: GpuMode, size: StepSize, samples: number): Promise<Timing> {
  const runs = [];
  for (const pipelines of [false, true]) runs.push(await start(mode, pipelines, size));
  const times: number[][] = [[], []];
  for (let sample = 0; sample < samples; sample++) {
    for (const [i, run] of runs.entries()) times[i]!.push(await run.step());
  }
  const [launches, pipeline] = runs.map(({ first }, i): Manner => {
    const step = median(times[i]!);
    return { ready: first - step, step };
  });
  const [a, b] = runs.map(({ losses }) => losses.at(-1)!);
  for (const run of runs) await run.close();
  return { state: runs[0]!.state, launches: launches!, pipeline: pipeline!, apart: Math.abs(a! - b!) };
}

async function start(mode: GpuMode, pipelines: boolean, { batch: rows, time, input, hidden }: StepSize) {
  const layer = sequence(gru({ input, hidden }), { outputs: "last" });
  const head = dense({ input: hidden, output: 10 });
  const params = mapTree({ layer: layer.init(key(1)), head: head.init(key(2)) }, (w) => tensor(valuesOf(w), w.shape));
  const x = tensor(valuesOf(uniform(keyFor(key(3), "x"), [rows, time, input])), [rows, time, input]);
  const batch = { x, y: tensor(Int32Array.from({ length: rows }, (_, i) => i % 10)) };
  const loss = (at: typeof params, given: { readonly x: Tensor; readonly y: Tensor }) => ({
    loss: crossEntropy(head.apply(at.head, layer.apply(at.layer, given.x).output).output, given.y),
  });
  const backend = await gpu({ mode, pipelines });
  const begun = performance.now();
  const training = await trainer({
    loss,
    optimizer: adam({ learningRate: 1e-3 }),
    params,
    batch,
    key: key(4),
    backend,
  });
  const losses = [(await training.run(batch)).loss];
  const first = performance.now() - begun;
  return {
    first,
    losses,
    state: 3 * 4 * leavesOf(params).reduce((sum, { tensor: w }) => sum + sizeOf(w.shape), 0),
    async step(): Promise<number> {
      const from = performance.now();
      losses.push((await training.run(batch)).loss);
      return performance.now() - from;
    },
    async close(): Promise<void> {
      await training.dispose();
      await backend.close();
    },
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
