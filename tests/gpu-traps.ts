/** What bites on gpu.js, tried on a backend of any mode: see docs/backends.md. */
import {
  add, compile, compileStep, concat, convert, cumulativeSum, exp, full, grad, iota, matmul, mul, normal, key, reduceMax, reshape, scalar, scan, scatterAdd, sigmoid, slice, square, sub, sum, tanh,
  tensor, transpose, trace, zerosArray, valuesOf, type ArrayTensor, type Backend, type Tensor,
} from "@sluice/tensor";
import { distance, type Finding } from "@sluice/tensor/testing";

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

/** From here on gpu.js's own tanh is NaN on graphics cards. */
const steep = tensor([0, 1e-6, 0.3, 5, 20, 88, 89, 90, 100, 1e4, 1e30].flatMap((x) => [x, -x]));
/** Longer than gpu.js lets a loop be whose bound is an argument. */
const LONG = 1100;

const traps: Readonly<Record<string, Trap>> = {
  "tanh, sigmoid and exp do not overflow on the way": agrees((x) => [tanh(x!), sigmoid(x!), exp(sub(0, square(x!)))], [steep]),
  "a long sum": agrees((x) => [sum(x!, 0)], [draw(1, 2 * LONG + 1, 1)]),
  "a long sum for each of many elements": agrees((x) => [sum(x!, 1)], [draw(1, 1030, LONG)]),
  "a long search for the largest": agrees((x) => [reduceMax(x!, 0)], [draw(2, 2203, 2)]),
  "a product over a long axis": agrees((a, b) => [matmul(a!, b!)], [draw(3, 2, 2 * LONG), draw(4, 2 * LONG, 3)]),
  "a long cumulative sum": agrees((x) => [cumulativeSum(x!, 0)], [draw(5, LONG, 2)]),
  "many updates scattered": agrees((x) => [scatterAdd(tensor(Int32Array.from(counted(LONG), (i) => i % 7)), x!, 7)], [draw(6, LONG, 2)]),
  "a long loop": agrees((h, x) => {
    const { state, output } = scan((s: Tensor, xt: Tensor) => ({ state: tanh(add(mul(s, 0.5), xt)), output: s }), h!, x!);
    return [state, output];
  }, [draw(7, 3), draw(8, LONG, 3)]),
  "a kernel of more buffers than a device binds": agrees((x, w) => [counted(20).map((i) => tanh(matmul(x!, add(w!, i)))).reduce((a, b) => add(a, b))], [draw(9, 3, 4), draw(10, 4, 5)]),
  "a concatenation of more buffers than a device binds": agrees((x, w) => [concat(counted(20).map((i) => matmul(x!, add(w!, i))), 1)], [draw(9, 3, 4), draw(10, 4, 5)]),
  "more states than a device binds": agrees((x) => {
    const states = scan((s: readonly Tensor[], xt: Tensor) => ({ state: s.map((h, i) => tanh(add(h, mul(xt, i)))), output: [] }), counted(20).map((i) => full([2], i / 10)), x!).state;
    return [...states];
  }, [draw(11, 4, 2)]),
  "states of a loop that exchange places": agrees((x) => {
    const { state } = scan(({ a, b }: { a: Tensor; b: Tensor; c: Tensor }, xt: Tensor) => ({ state: { a: b, b: a, c: add(a, xt) }, output: [] }), { a: full([2], 1), b: full([2], 2), c: zerosArray([2]) }, x!);
    return [state.a, state.b, state.c];
  }, [draw(12, 3, 2)]),
  "a state that exchanges places with another": async (backend) => {
    const swap = ({ a, b }: { a: Tensor; b: Tensor }, n: Tensor) => ({ state: { a: b, b: add(a, n) }, output: a });
    const session = await compileStep(swap, { a: tensor([1, 2]), b: tensor([3, 4]) }, [scalar(0)], { backend });
    const seen: Tensor[] = [];
    for (const n of [10, 20, 30]) seen.push(await session.run(scalar(n)));
    const { a, b } = await session.state();
    await session.dispose();
    return Math.max(...[...seen, a, b].map((x, i) => distance(x, tensor([[1, 2], [3, 4], [11, 12], [23, 24], [41, 42]][i]!))));
  },
  "an output that is an input": agrees((x) => [x!, slice(x!, [1], [3])], [draw(13, 4)]),
  // From 2^23 on a half is lost beside an index.
  "large indices": agrees((x) => {
    const numbers = convert(iota([2081 * 2069]), "f32");
    const turned = transpose(reshape(numbers, [2081, 2069]));
    return [sum(slice(turned, [2068, 0], [2069, 2081]), 1), add(reshape(slice(turned, [2000, 2000], [2069, 2081]), [69 * 81]), x!)];
  }, [scalar(0)]),
  "large indices, from memory": async (backend) => {
    const shape = [4099, 2069];
    const run = await compile((x: Tensor) => transpose(x), [zerosArray(shape)], { backend });
    const numbers = Float32Array.from({ length: 4099 * 2069 }, (_, i) => i % 4093);
    const y = await run(tensor(numbers, shape));
    await run.dispose();
    return distance(y, transpose(tensor(numbers, shape)));
  },
  "whole numbers of 32 bits": agrees((x) => [mul(x!, 48271), add(x!, x!), convert(x!, "f32")], [tensor(Int32Array.of(2147483647, -2147483648, 16777217, -16777219, 65535, -65536, 123456789))]),
  "an array that is too large is an error": async (backend) => {
    const { program } = trace((x: Tensor) => sum(mul(x, 2)), [zerosArray([17_000_000])]);
    const failed = await backend.compile(program).then(() => "", (error: Error) => error.message);
    if (!/an array of 17000000 elements is too large/.test(failed)) throw new Error(failed === "" ? "it compiled" : failed);
    return 0;
  },
  "a thousand steps, forward and backward, are ready in seconds": async (backend) => {
    const loss = (U: Tensor, x: Tensor): Tensor => sum(square(scan((h: Tensor, xt: Tensor) => ({ state: tanh(add(matmul(h, U), xt)), output: [] }), zerosArray([4, 8]), x).state));
    const f = (U: Tensor, x: Tensor): Tensor => grad((at: Tensor) => loss(at, x))(U);
    const [U, x] = [tensor(valuesOf(mul(draw(14, 8, 8), 0.3)), [8, 8]), draw(15, 1000, 4, 8)];
    const times = [performance.now()];
    const run = await compile(f, [U, x], { backend });
    const result = await run(U, x);
    times.push(performance.now());
    await run(U, x);
    times.push(performance.now());
    await run.dispose();
    const building = times[1]! - times[0]! - (times[2]! - times[1]!);
    if (building > 5000) throw new Error(`it took ${building} ms longer than a run`);
    return distance(result, f(U, x));
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
