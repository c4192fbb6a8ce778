// A linear recurrence in a loop and as an associative scan: milliseconds and planned megabytes on WebAssembly (one
// thread, medians of seven runs in turns), and launches on gpu.js. Forwards, and with the gradient of all parameters.
//   pnpm exec node --conditions=@sluice/source tests/time-associative-scan.ts
import { minGru, sequence } from "@sluice/cells";
import { optimize } from "@sluice/compiler";
import { compile, key, mul, normal, recordProgram, sum, valueAndGrad, type Tensor, type Tree } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { launchesOf } from "../packages/gpu/src/backend/run-strategy.ts";
import { modes } from "../packages/gpu/src/device/modes.ts";
import { schedule } from "../packages/gpu/src/schedule/lower.ts";
import { shapeForThreads } from "../packages/gpu/src/schedule/shape.ts";

const ROUNDS = 7;
const scans = ["sequential", "associative"] as const;
const cell = minGru({ input: 32, hidden: 64 });
const params = cell.init(key(1));

type Params = typeof params;
type Run = (weights: Params, x: Tensor) => Tree;

function runsOf(scan: (typeof scans)[number]): Readonly<Record<"forward" | "with gradient", Run>> {
  const layer = sequence(cell, { scan });
  const squares = (weights: Params, x: Tensor): Tensor => {
    const { output } = layer.apply(weights, x);
    return sum(mul(output, output));
  };
  return {
    forward: (weights, x) => layer.apply(weights, x).output,
    "with gradient": (weights, x) => valueAndGrad((w: Params) => squares(w, x))(weights),
  };
}

function launches(run: Run, x: Tensor): number {
  const { program } = recordProgram(run, [params, x]);
  return launchesOf(schedule(shapeForThreads(optimize(program)), [], modes.webasm.rules).steps);
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

const backend = wasm({ threads: 1 });
console.log("| steps x batch | | loop, ms | scan, ms | loop, MB | scan, MB | loop, launches | scan, launches |");
console.log("| --- | --- | --: | --: | --: | --: | --: | --: |");
for (const [time, batch] of [
  [1000, 1],
  [1000, 32],
  [10_000, 1],
  [10_000, 32],
] as const) {
  const x = normal(key(2), [batch, time, 32]);
  for (const what of ["forward", "with gradient"] as const) {
    const contenders = await Promise.all(scans.map((scan) => compile(runsOf(scan)[what], [params, x], { backend })));
    const times = contenders.map((): number[] => []);
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [i, run] of contenders.entries()) {
        const start = performance.now();
        await run(params, x);
        // The first round warms up.
        if (round > 0) times[i]?.push(performance.now() - start);
      }
    }
    const cells = [
      ...times.map((of) => median(of).toPrecision(3)),
      ...contenders.map(({ statistics }) => (statistics.bytes / 1e6).toFixed(1)),
      ...scans.map((scan) => launches(runsOf(scan)[what], x)),
    ];
    console.log(`| ${time.toLocaleString("en")} x ${batch} | ${what} | ${cells.join(" | ")} |`);
    for (const run of contenders) await run.dispose();
  }
}
await backend.close();
