import {
  add,
  evaluate,
  key,
  keyFor,
  matmul,
  mul,
  scan,
  sigmoid,
  split,
  sum,
  tanh,
  tensorsOf,
  recordProgram,
  uniform,
  valueAndGrad,
  type ArrayTensor,
  type Program,
  type Tensor,
} from "@sluice/tensor";
import { isArray, placeholder } from "@sluice/tensor/internal";
import { expect, test } from "vitest";
import { planWithin, type Planned } from "./budget.ts";
import { elementsKept, loopPairs } from "./passes/loop-pairs.ts";
import { optimize, prepare } from "./passes/optimize.ts";
import { planProgram } from "./plan/make.ts";
import { interpret } from "./testing/interpret.ts";

const random = (name: string, shape: readonly number[]): ArrayTensor => {
  const values = uniform(keyFor(key(9), name), shape, { low: -1, high: 1 });
  if (!isArray(values)) throw new Error("expected values");
  return values;
};

const hidden = 8;
type Params = { readonly first: readonly Tensor[]; readonly second: readonly Tensor[] };
const params: Params = {
  first: [random("W", [2, 3 * hidden]), random("U", [hidden, 3 * hidden])],
  second: [random("V", [hidden, 3 * hidden]), random("R", [hidden, 3 * hidden])],
};

function gru([W, U]: readonly Tensor[], xs: Tensor) {
  return scan(
    (state: { h: Tensor }, x: Tensor) => {
      const [xr, xz, xn] = split(matmul(x, W!), 3);
      const [hr, hz, hn] = split(matmul(state.h, U!), 3);
      const z = sigmoid(add(xz, hz));
      const n = tanh(add(xn, mul(sigmoid(add(xr, hr)), hn)));
      const h = add(n, mul(z, add(state.h, mul(n, -1))));
      return { state: { h }, output: h };
    },
    { h: random("h", [1, hidden]) as Tensor },
    xs,
  );
}

const oneLayer = (p: Params, x: Tensor): Tensor => sum(gru(p.first, x).state.h);
const twoLayers = (p: Params, x: Tensor): Tensor => sum(gru(p.second, gru(p.first, x).output).state.h);

const training = (loss: typeof oneLayer, time: number): Program =>
  recordProgram(valueAndGrad(loss), [params, placeholder({ shape: [time, 1, 2], dtype: "f32" }, "x")]).program;
const options = { panelColumns: 8 };
const megabytes = ({ plan }: Planned): number => plan.bytes / 1e6;

test("everything is kept where it fits", () => {
  const program = training(oneLayer, 1000);
  const free = planWithin(program, options);
  expect(free.segments).toEqual([]);
  expect(planWithin(program, { ...options, memory: free.plan.bytes })).toEqual(free);
  expect(planWithin(program, { ...options, memory: free.plan.bytes - 1 }).segments).toEqual([2]);
});

test("the less memory, the more segments, and no more than are needed", () => {
  const program = training(oneLayer, 100_000);
  expect(megabytes(planWithin(program, options))).toBeGreaterThan(30);
  const budgets = [20e6, 10e6, 5e6, 2e6, 1e6];
  const found = budgets.map((memory) => planWithin(program, { ...options, memory }));
  const numbers = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
  found.forEach(({ plan: { bytes }, segments }, i) => {
    expect(bytes).toBeLessThanOrEqual(budgets[i]!);
    const [n] = segments;
    const fewer = numbers[numbers.indexOf(n!) - 1]!;
    expect(planProgram(optimize(program, { checkpoint: [fewer] }), options).bytes).toBeGreaterThan(budgets[i]!);
  });
  const chosen = found.map(({ segments }) => segments[0]!);
  expect(chosen).toEqual([...new Set(chosen)].toSorted((a, b) => a - b));
});

test("where nearly every step is computed twice, segments are small enough for the cache", () => {
  const program = training(oneLayer, 1_000_000);
  const {
    plan: { bytes },
    segments,
  } = planWithin(program, { ...options, memory: 50e6 });
  const [pair] = loopPairs(prepare(program));
  expect(segments).toEqual([Math.ceil((4 * elementsKept(pair!)) / 2e6)]);
  // 8 MB are the input.
  expect(bytes).toBeLessThan(8e6 + 3 * 2e6);
});

test("of two layers both run in segments only where one does not suffice", () => {
  const program = training(twoLayers, 10_000);
  const segments = (memory: number) => planWithin(program, { ...options, memory }).segments;
  const bytes = planWithin(program, options).plan.bytes;
  const [one, both] = [segments(0.9 * bytes), segments(0.35 * bytes)];
  expect(one.filter((n) => n > 1)).toHaveLength(1);
  expect(both.filter((n) => n > 1)).toHaveLength(2);
});

test("the plan gives the bits of its program, and the values of the one without a budget", () => {
  const x = random("x", [40, 1, 2]);
  const program = recordProgram(valueAndGrad(twoLayers), [params, x]).program;
  const args = [...tensorsOf(params), x].filter(isArray);
  const { plan: whole } = planWithin(program, options);
  const within = planWithin(program, { ...options, memory: 0.6 * whole.bytes });
  expect(Math.max(...within.segments)).toBeGreaterThan(1);
  const found = interpret(within.plan, args);
  expect(found).toEqual(evaluate(within.program, args));
  interpret(whole, args).forEach((expected, i) => {
    expected.data.forEach((v, j) =>
      expect(Math.abs(found[i]!.data[j]! - v)).toBeLessThan(1e-5 * Math.max(1, Math.abs(v))),
    );
  });
});

test("a loop without states has nothing to keep between segments", () => {
  const squares = (p: { readonly a: Tensor }, x: Tensor): Tensor =>
    sum(
      scan((state: readonly Tensor[], at: Tensor) => ({ state, output: tanh(mul(tanh(mul(at, p.a)), p.a)) }), [], x)
        .output,
    );
  const { program } = recordProgram(valueAndGrad(squares), [
    { a: random("a", [8]) },
    placeholder({ shape: [1000, 8], dtype: "f32" }, "x"),
  ]);
  const whole = planWithin(program, options).plan.bytes;
  const { plan: within, segments } = planWithin(program, { ...options, memory: 0.9 * whole });
  expect(within.bytes).toBeLessThanOrEqual(0.9 * whole);
  expect(segments[0]).toBeGreaterThan(1);
});

test("a budget that nothing meets: what was planned, the least, and what takes it", () => {
  const short = (loss: typeof oneLayer, memory: number) => () =>
    planWithin(training(loss, 100_000), { ...options, memory });
  expect(short(oneLayer, 0.5e6)).toThrow(
    /^compile: 500\.0 kB of memory do not suffice: [\d.]+ MB are planned with everything kept, and at least [\d.]+ kB with loops in \d+ segments\. Inputs and outputs take 805\.0 kB\. Fewer rows in a batch or shorter sequences need less$/,
  );
  expect(short(twoLayers, 4e6)).toThrow(
    /at least [\d.]+ MB with loops in \d+ and \d+ segments\. Inputs and outputs take 805\.0 kB, and the \[100000,1,8\] of a scan 3\.2 MB \(it is read after its loop: the last step's output alone, or doing in the step what is done with it, would save that\)\./,
  );
  const forward = recordProgram(
    (x: Tensor) => oneLayer(params, x),
    [placeholder({ shape: [1000, 1, 2], dtype: "f32" }, "x")],
  ).program;
  expect(() => planWithin(forward, { ...options, memory: 1000 })).toThrow(
    /^compile: 1\.0 kB of memory do not suffice: [\d.]+ kB are planned with everything kept, and no loop keeps anything for its gradient that could be computed again\./,
  );
});
