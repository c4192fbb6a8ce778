// Programs whose results are hashed, to compare one runtime with another: they run in Node, Bun and Deno, and in pages.
// They take long enough to be optimized.
import { dense, gru, lstm, sequence, sequential, variationalDropout, zoneout } from "@sluice/cells";
import { chain, globalNorm } from "@sluice/clip";
import { layerNorm } from "@sluice/norm";
import {
  abs,
  compile,
  cumulativeSum,
  div,
  equal,
  exp,
  expm1,
  key,
  log,
  log1p,
  matmul,
  mean,
  mul,
  normal,
  reshape,
  select,
  sigmoid,
  softmax,
  sqrt,
  sum,
  tanh,
  tensor,
  transpose,
  type Backend,
  type Tensor,
} from "@sluice/tensor";
import { adam, crossEntropy, trainer } from "@sluice/train";
import { weightsHash } from "@sluice/formats";
import { trainSmallGru } from "@sluice/train/testing";
import { wasm } from "@sluice/wasm";

export const programs = ["small GRU", "stack", "functions"] as const;

/** The result of each program, by name. */
export type Hashes = Readonly<Record<(typeof programs)[number], string>>;

export interface Report {
  /** With one thread and with two. */
  readonly hashes: readonly [one: Hashes, two: Hashes];
  /** If pairing is possible: with one thread and without pairing. */
  readonly unpaired?: Hashes;
  readonly threads: unknown;
  readonly pairing: { readonly used: boolean; readonly reason?: string };
}

/** Runs every program in each way that this runtime has. */
export async function report(): Promise<Report> {
  const [one, two] = [wasm({ threads: 1 }), wasm({ threads: 2 })];
  const { pairing } = one;
  const threads = "threads" in two ? two.threads : undefined;
  const hashes = [await hashesOn(one), await hashesOn(two)] as const;
  const unpaired = pairing.used ? { unpaired: await hashesOn(wasm({ pairing: false })) } : {};
  return { hashes, ...unpaired, threads, pairing };
}

/** Closes the backend. */
async function hashesOn(backend: Backend): Promise<Hashes> {
  const hashes = {
    "small GRU": (await trainSmallGru(backend)).hash,
    stack: await trainStack(backend),
    functions: await functions(backend),
  };
  await backend.close();
  return hashes;
}

/**
 * Adam's steps on two layers that are wide enough for threads to share: layer norm, zoneout, both kinds of dropout,
 * unequal lengths.
 */
async function trainStack(backend: Backend): Promise<string> {
  const [batch, time, input, hidden, classes] = [32, 12, 10, 48, 4];
  const first = variationalDropout(zoneout(gru({ input, hidden, norm: layerNorm() }), { h: 0.1 }), { input: 0.2 });
  const second = zoneout(lstm({ input: hidden, hidden, recurrentDropout: 0.1 }), { h: 0.1, c: 0.2 });
  const model = sequential(
    [sequence(first), sequence(second, { outputs: "last" }), dense({ input: hidden, output: classes })],
    { dropout: 0.2 },
  );
  const given = {
    x: normal(key(3), [batch, time, input]),
    y: tensor(Int32Array.from({ length: batch }, (_, row) => row % classes)),
    lengths: tensor(Int32Array.from({ length: batch }, (_, row) => 1 + (row % time))),
  };
  const training = await trainer({
    params: model.init(key(1)),
    loss: (params, { x, y, lengths }, context) => ({
      loss: crossEntropy(model.apply(params, x, { training: true, key: context.key, lengths }).output, y),
    }),
    optimizer: chain(globalNorm(1), adam({ learningRate: 3e-3 })),
    key: key(2),
    batch: given,
    backend,
  });
  for (let step = 0; step < 60; step++) await training.run(given);
  const hash = await weightsHash(await training.params());
  await training.dispose();
  return hash;
}

/** Functions of floats of every size and sign, and sums and products. A NaN counts as one, whatever its bits. */
async function functions(backend: Backend): Promise<string> {
  const sample = new Float32Array(Uint32Array.from({ length: 1 << 15 }, (_, i) => Math.imul(i, 0x9e3779b1)).buffer);
  const floats = tensor(sample, [256, 128]);
  const ordinary = normal(key(4), [256, 128]);
  const program = (x: Tensor, z: Tensor) => {
    const results = {
      exp: exp(x),
      expm1: expm1(x),
      log: log(abs(x)),
      log1p: log1p(abs(x)),
      sigmoid: sigmoid(x),
      tanh: tanh(x),
      sqrt: sqrt(abs(x)),
      divided: div(1, x),
      softmax: softmax(mul(z, 8), 1),
      summed: sum(z, 0),
      averaged: mean(z, 1),
      cumulative: cumulativeSum(z, 0),
      product: matmul(z, transpose(z)),
      other: matmul(reshape(z, [128, 256]), z),
    };
    return Object.fromEntries(
      Object.entries(results).map(([name, result]) => [name, select(equal(result, result), result, 7)]),
    );
  };
  const run = await compile(program, [floats, ordinary], { backend });
  for (let time = 0; time < 30; time++) await run(floats, ordinary);
  const hash = await weightsHash(await run(floats, ordinary));
  await run.dispose();
  return hash;
}
