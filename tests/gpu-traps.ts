/** The gpu.js pitfalls of docs/backends.md, tried on a backend of any mode. */
import { gru, sequence } from "@sluice/cells";
import {
  add,
  compile,
  compileStep,
  concat,
  convert,
  cumulativeSum,
  exp,
  full,
  iota,
  key,
  mapTree,
  matmul,
  mean,
  mul,
  normal,
  reduceMax,
  reference,
  reshape,
  scalar,
  scan,
  scatterAdd,
  sigmoid,
  slice,
  square,
  sub,
  sum,
  tanh,
  tensor,
  transpose,
  recordProgram,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type Tensor,
} from "@sluice/tensor";
import { zerosArray } from "@sluice/tensor/internal";
import { distance, type Finding } from "@sluice/tensor/testing";
import { adam, trainer } from "@sluice/train";

type Trap = (backend: Backend) => Promise<number>;

/** The distance of a function's results from its definition. */
const agrees =
  (f: (...args: Tensor[]) => readonly Tensor[], args: readonly ArrayTensor[]): Trap =>
  async (backend) => {
    const run = await compile((...given: Tensor[]) => f(...given), [...args], { backend });
    const results = await run(...args);
    await run.dispose();
    return Math.max(...f(...args).map((y, i) => distance(results[i]!, y)));
  };

const draw = (seed: number, ...shape: number[]): ArrayTensor => tensor(valuesOf(normal(key(seed), shape)), shape);
const counted = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** From here on gpu.js's own tanh is NaN on GPUs. */
const steep = tensor([0, 1e-6, 0.3, 5, 20, 88, 89, 90, 100, 1e4, 1e30].flatMap((x) => [x, -x]));
/** Longer than gpu.js lets a loop be whose bound is an argument. */
const LONG = 1100;

const traps: Readonly<Record<string, Trap>> = {
  "tanh, sigmoid and exp do not overflow on the way": agrees(
    (x) => [tanh(x!), sigmoid(x!), exp(sub(0, square(x!)))],
    [steep],
  ),
  "a long sum": agrees((x) => [sum(x!, 0)], [draw(1, 2 * LONG + 1, 1)]),
  "a long sum for each of many elements": agrees((x) => [sum(x!, 1)], [draw(1, 1030, LONG)]),
  "a long search for the largest": agrees((x) => [reduceMax(x!, 0)], [tensor(counted(2203 * 2), [2203, 2])]),
  "a product over a long axis": agrees((a, b) => [matmul(a!, b!)], [draw(3, 2, 4 * LONG), draw(4, 4 * LONG, 3)]),
  "a long cumulative sum": agrees((x) => [cumulativeSum(x!, 0)], [draw(5, LONG, 2)]),
  "many updates scattered": agrees(
    (x) => [scatterAdd(tensor(Int32Array.from(counted(LONG), (i) => i % 7)), x!, 7)],
    [draw(6, LONG, 2)],
  ),
  "a long loop": agrees(
    (h, x) => {
      const { state, output } = scan(
        (s: Tensor, xt: Tensor) => ({ state: tanh(add(mul(s, 0.5), xt)), output: s }),
        h!,
        x!,
      );
      return [state, output];
    },
    [draw(7, 3), draw(8, LONG, 3)],
  ),
  "a kernel of more buffers than a device binds": agrees(
    (x, w) => [
      counted(40)
        .map((i) => tanh(matmul(x!, add(w!, i))))
        .reduce((a, b) => add(a, b)),
    ],
    [draw(9, 3, 4), draw(10, 4, 5)],
  ),
  "a concatenation of more buffers than a device binds": agrees(
    (x, w) => [
      concat(
        counted(40).map((i) => matmul(x!, add(w!, i))),
        1,
      ),
    ],
    [draw(9, 3, 4), draw(10, 4, 5)],
  ),
  "more states than a device binds": agrees(
    (x) => {
      const states = scan(
        (s: readonly Tensor[], xt: Tensor) => ({ state: s.map((h, i) => tanh(add(h, mul(xt, i)))), output: [] }),
        counted(20).map((i) => full([2], i / 10)),
        x!,
      ).state;
      return [...states];
    },
    [draw(11, 4, 2)],
  ),
  "states of a loop that exchange places": agrees(
    (x) => {
      const { state } = scan(
        ({ a, b }: { a: Tensor; b: Tensor; c: Tensor }, xt: Tensor) => ({
          state: { a: b, b: a, c: add(a, xt) },
          output: [],
        }),
        { a: full([2], 1), b: full([2], 2), c: zerosArray([2]) },
        x!,
      );
      return [state.a, state.b, state.c];
    },
    [draw(12, 3, 2)],
  ),
  "a state that exchanges places with another": async (backend) => {
    const swap = ({ a, b }: { a: Tensor; b: Tensor }, n: Tensor) => ({ state: { a: b, b: add(a, n) }, output: a });
    const session = await compileStep(swap, { a: tensor([1, 2]), b: tensor([3, 4]) }, [scalar(0)], { backend });
    const seen: Tensor[] = [];
    for (const n of [10, 20, 30]) seen.push(await session.run(scalar(n)));
    const { a, b } = await session.state();
    await session.dispose();
    return Math.max(
      ...[...seen, a, b].map((x, i) =>
        distance(
          x,
          tensor(
            [
              [1, 2],
              [3, 4],
              [11, 12],
              [23, 24],
              [41, 42],
            ][i]!,
          ),
        ),
      ),
    );
  },
  "an output that is an input": agrees((x) => [x!, slice(x!, [1], [3])], [draw(13, 4)]),
  // From 2^23 on a half is lost beside an index.
  "large indices": agrees(
    (x) => {
      const numbers = convert(iota([2081 * 2069]), "f32");
      const turned = transpose(reshape(numbers, [2081, 2069]));
      return [
        sum(slice(turned, [2068, 0], [2069, 2081]), 1),
        add(reshape(slice(turned, [2000, 2000], [2069, 2081]), [69 * 81]), x!),
      ];
    },
    [scalar(0)],
  ),
  "large indices, from memory": async (backend) => {
    const shape = [4099, 2069];
    const run = await compile((x: Tensor) => transpose(x), [zerosArray(shape)], { backend });
    const numbers = Float32Array.from({ length: 4099 * 2069 }, (_, i) => i % 4093);
    const y = await run(tensor(numbers, shape));
    await run.dispose();
    return distance(y, transpose(tensor(numbers, shape)));
  },
  "whole numbers of 32 bits": agrees(
    (x) => [mul(x!, 48271), add(x!, x!), convert(x!, "f32")],
    [tensor(Int32Array.of(2147483647, -2147483648, 16777217, -16777219, 65535, -65536, 123456789))],
  ),
  "an array that is too large is an error": async (backend) => {
    const { program } = recordProgram((x: Tensor) => sum(mul(x, 2)), [zerosArray([17_000_000])]);
    const failed = await backend.compile(program).then(
      () => "",
      (error: Error) => error.message,
    );
    if (!/an array of 17000000 elements is too large/.test(failed))
      throw new Error(failed === "" ? "it compiled" : failed);
    return 0;
  },
  "a GRU trains on a thousand steps, ready in seconds and about as soon as on a hundred": async (backend) => {
    const layer = sequence(gru({ input: 2, hidden: 8 }), { outputs: "last" });
    const params = mapTree(layer.init(key(14)), (w) => tensor(valuesOf(w), w.shape));
    const train = async (on: Backend, steps: number) => {
      const batch = { x: tensor(valuesOf(draw(15, 4, steps, 2)), [4, steps, 2]) };
      const loss = (at: typeof params, { x }: typeof batch) => ({
        loss: mean(square(sub(layer.apply(at, x).output, 0.5))),
      });
      const times = [performance.now()];
      const training = await trainer({
        loss,
        optimizer: adam({ learningRate: 0.01 }),
        params,
        key: key(16),
        batch,
        backend: on,
      });
      const losses: number[] = [];
      for (let i = 0; i < 3; i++) {
        losses.push((await training.run(batch)).loss);
        times.push(performance.now());
      }
      const { kernels } = training.statistics;
      await training.dispose();
      return { losses, kernels, building: times[1]! - times[0]! - (times[3]! - times[2]!) };
    };
    const [short, long] = [await train(backend, 100), await train(backend, 1000)];
    if (long.building > short.building + 3000)
      throw new Error(`a thousand steps took ${long.building} ms to build, a hundred ${short.building} ms`);
    if (long.kernels > short.kernels + 2)
      throw new Error(`${long.kernels} kernels for a thousand steps, ${short.kernels} for a hundred`);
    const exact = await train(reference(), 1000);
    return Math.max(...long.losses.map((loss, i) => Math.abs(loss - exact.losses[i]!)));
  },
};

export async function trapFindings(backend: Backend): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, trap] of Object.entries(traps)) {
    try {
      findings.push({ name, distance: await trap(backend) });
    } catch (error) {
      findings.push({ name, distance: 0, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return findings;
}
