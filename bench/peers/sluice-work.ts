import {
  compile,
  compileStep,
  key,
  matmul,
  scan,
  tensor,
  type ArrayTensor,
  type Backend,
  type Compiled,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { outputOf } from "@sluice/cells";
import { adam, crossEntropy, trainer } from "@sluice/train";
import type { Case } from "../cases.ts";
import { layerOf } from "../cells.ts";
import { denseLayer, part, type Named } from "../data.ts";
import { compileLayer } from "../layer.ts";
import type { PeakCase } from "../protocol.ts";
import { overBatches } from "./sluice-batches.ts";
import { overEvents } from "./sluice-events.ts";
import type { Contender, Work } from "./work.ts";

/** Sluice on a backend. */
export function sluiceContender(about: string, backend: Backend): Contender {
  return {
    about: () => about,
    async prepare(of, data) {
      switch (of.kind) {
        case "peak":
          return peak(of, backend);
        case "train":
        case "ragged":
          return layer(of, data, backend);
        case "adam":
          return training(of, data, backend);
        case "inference":
          return streaming(of, data, backend);
        case "batches":
          return overBatches(of, data, backend);
        case "events":
          return overEvents(of, data, backend);
        case "cell":
          throw new Error("cells of other libraries are not Sluice's");
      }
    },
  };
}

async function layer(of: Case, data: Named, backend: Backend): Promise<Work> {
  const start = performance.now();
  const { backward, inputs, forward } = await compileLayer(of, data, backend);
  return {
    compileMilliseconds: performance.now() - start,
    run: () => backward(...inputs),
    close: () => backward.dispose(),
    async results() {
      const [weights, x, , lengths] = inputs;
      const output = await once(compile(forward, [weights, x, lengths], { backend }), [weights, x, lengths]);
      const { params, x: dx } = (await backward(...inputs)) as { params: Record<string, ArrayTensor>; x: ArrayTensor };
      const gradients = Object.fromEntries(Object.entries(params).map(([name, value]) => [`grad.${name}`, value]));
      return { output: output as ArrayTensor, ...gradients, "grad.x": dx };
    },
  };
}

async function once<A extends readonly Tree[], R extends Tree>(
  compiling: Promise<Compiled<A, R>>,
  inputs: A,
): Promise<R> {
  const compiled = await compiling;
  const result = await compiled(...inputs);
  await compiled.dispose();
  return result;
}

async function training(of: Case, data: Named, backend: Backend): Promise<Work> {
  const [recurrent, readout] = [layerOf(of, "last"), denseLayer(of)];
  const batch = { x: data["x"]!, labels: data["labels"]! };
  const start = performance.now();
  const run = await trainer({
    loss: (
      params: { recurrent: Tree; readout: { W: Tensor; b: Tensor } },
      { x, labels }: { x: Tensor; labels: Tensor },
    ) => {
      const logits = readout.apply(params.readout, recurrent.apply(params.recurrent, x).output).output;
      return { loss: crossEntropy(logits, labels) };
    },
    optimizer: adam({ learningRate: 0.001 }),
    params: { recurrent: part(data, "params"), readout: { W: data["dense.W"]!, b: data["dense.b"]! } },
    key: key(1),
    batch,
    backend,
  });
  return {
    compileMilliseconds: performance.now() - start,
    run: () => run.run(batch),
    close: () => run.dispose(),
    async results() {
      const losses: number[] = [];
      for (let i = 0; i < 3; i++) losses.push((await run.run(batch)).loss);
      return { losses: tensor(losses, [3]) };
    },
  };
}

async function streaming(of: Case, data: Named, backend: Backend): Promise<Work> {
  const layer = layerOf(of);
  const { cell } = layer;
  const params = part(data, "params");
  const zeros = layer.initialState(1, { params });
  const x = data["x"]!;
  const steps = Array.from({ length: of.time }, (_, t) =>
    tensor(Float32Array.from(x.data.subarray(t * of.input, (t + 1) * of.input)), [1, of.input]),
  );
  const start = performance.now();
  const session = await compileStep(
    (state: typeof zeros, xt: Tensor) => {
      const next = cell.step(params, state, xt);
      return { state: next.state, output: outputOf(next) };
    },
    zeros,
    [steps[0]!],
    { backend },
  );
  const compileMilliseconds = performance.now() - start;
  const run = async () => {
    let last: Tensor | undefined;
    await session.setState(zeros);
    for (const step of steps) last = await session.run(step);
    return last as ArrayTensor;
  };
  return { compileMilliseconds, run, close: () => session.dispose(), results: async () => ({ output: await run() }) };
}

/**
 * The peak of the matrix product: a square matrix is multiplied by the same packed weights again and again. It fits
 * into the cache, but is large enough that other costs do not matter. The weights are a permutation, so the numbers
 * neither grow nor vanish.
 */
async function peak({ size, products }: PeakCase, backend: Backend): Promise<Work> {
  const ones = Float32Array.from({ length: size * size }, (_, i) =>
    (Math.floor(i / size) + 1) % size === i % size ? 1 : 0,
  );
  const start = tensor(
    Float32Array.from({ length: size * size }, (_, i) => (i % 17) / 17),
    [size, size],
  );
  const rotate = (h: Tensor, U: Tensor) =>
    scan(
      (state: Tensor) => {
        const next = matmul(state, U);
        return { state: next, output: {} };
      },
      h,
      {},
      { length: products },
    ).state;
  const inputs: [Tensor, Tensor] = [start, tensor(ones, [size, size])];
  const compiled = await compile(rotate, inputs, { backend });
  return { run: () => compiled(...inputs), close: () => compiled.dispose() };
}
