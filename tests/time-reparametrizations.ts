// Prints the time of an orthogonal weight of 128 rows and its gradient on WebAssembly, on one thread, in milliseconds:
// medians of seven rounds, in turns. And the largest element of |U' U - I|.
//   pnpm exec node --conditions=@sluice/source tests/time-reparametrizations.ts
import {
  cayleyParametrization,
  exponentialParametrization,
  initialize,
  orthogonalParametrization,
  recurrentKernel,
  reparametrized,
  weightsOf,
} from "@sluice/params";
import { compile, grad, key, leavesOf, matmul, mul, normal, sum, transpose, valuesOf } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";

const [n, rounds] = [128, 7];
const parametrizations = {
  Cayley: cayleyParametrization(),
  reflections: orthogonalParametrization(),
  exponential: exponentialParametrization(),
};

const backend = wasm({ threads: 1 });
const g = normal(key(2), [n, n]);
const programs = await Promise.all(
  Object.entries(parametrizations).map(async ([name, parametrization]) => {
    const params = { U: reparametrized(recurrentKernel([n, n]), parametrization) };
    const weights = initialize(params, key(1));
    const made = (at: typeof weights) => leavesOf(weightsOf({ params }, at))[0]!.tensor;
    const backward = await compile(
      (at: typeof weights, r: typeof g) => grad((p: typeof weights) => sum(mul(made(p), r)))(at),
      [weights, g],
      { backend },
    );
    const product = await compile((at: typeof weights) => matmul(transpose(made(at)), made(at)), [weights], {
      backend,
    });
    const off = Array.from(valuesOf(await product(weights)), (x, i) => Math.abs(x - Number(i % (n + 1) === 0)));
    return { name, off: Math.max(...off), run: () => backward(weights, g), times: new Array<number>() };
  }),
);
for (let round = 0; round < rounds; round++)
  for (const { run, times } of programs) {
    await run();
    const start = performance.now();
    for (let i = 0; i < 10; i++) await run();
    times.push((performance.now() - start) / 10);
  }
for (const { name, off, times } of programs) {
  const median = times.toSorted((a, b) => a - b)[(rounds - 1) / 2] ?? Number.NaN;
  console.log(`${name.padEnd(12)} ${median.toFixed(1).padStart(5)} ms   ${off.toExponential(0)}`);
}
await backend.close();
