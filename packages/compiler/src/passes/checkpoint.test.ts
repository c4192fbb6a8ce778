import {
  add,
  evaluate,
  key,
  keyFor,
  matmul,
  mul,
  print,
  scan,
  sigmoid,
  split,
  sum,
  tanh,
  tensor,
  tensorsOf,
  recordProgram,
  uniform,
  valueAndGrad,
  type ArrayTensor,
  type Program,
  type ScanOptions,
  type Tensor,
} from "@sluice/tensor";
import { isArray } from "@sluice/tensor/internal";
import { differenceOf, noiseOf } from "@sluice/tensor/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkpointLoops } from "./checkpoint.ts";
import { loopPairs } from "./loop-pairs.ts";
import { optimize, prepare } from "./optimize.ts";

const random = (name: string, shape: readonly number[]): ArrayTensor => {
  const values = uniform(keyFor(key(7), name), shape, { low: -1, high: 1, dtype: "f64" });
  if (!isArray(values)) throw new Error("expected values");
  return values;
};

describe("before and after", () => {
  const U = tensor([1], [1, 1]);
  const x: Tensor = tensor([1, 2, 3, 4, 5, 6, 7], [7, 1, 1]);
  const last = (u: Tensor, xs: Tensor, options: ScanOptions = {}): Tensor =>
    scan(
      (s: { h: Tensor }, at: Tensor) => ({ state: { h: tanh(add(at, matmul(s.h, u))) }, output: [] }),
      { h: tensor([0], [1, 1]) as Tensor },
      xs,
      options,
    ).state.h;
  const training = (options: ScanOptions = {}): Program =>
    prepare(
      recordProgram(
        valueAndGrad((u: Tensor, xs: Tensor) => sum(last(u, xs, options))),
        [U, x],
      ).program,
    );

  /** What loops put out, for how many steps and in which direction. */
  const loops = (program: Program): string[] =>
    print(program)
      .split("\n")
      .flatMap((line) => {
        const found = /^( *)(.*) = scan\(.*length=(\d+) reverse=(\w+)/.exec(line);
        if (found === null) return [];
        const [, indent, outputs, length, reverse] = found;
        return `${indent!.slice(2)}${outputs!.replaceAll(/[^\s:,]*: f32/g, "")}, ${length} steps ${reverse === "true" ? "back" : "on"}`;
      });

  test("what 7 steps keep becomes what 3 keep, and the states before 2 segments", () => {
    const before = training();
    expect(loops(before)).toEqual(["[1,1], [7,1,1], [7,1,1], 7 steps on", "[1,1], [1,1], 7 steps back"]);
    expect(loops(checkpointLoops(before, [3]))).toEqual([
      "[1,1], [2,1,1], 2 steps on",
      "  [1,1], 3 steps on",
      "[1,1], [1,1,1], [1,1,1], 1 steps on",
      "[1,1], [1,1], 1 steps back",
      "[1,1], [1,1], 2 steps back",
      "  [1,1], [3,1,1], [3,1,1], 3 steps on",
      "  [1,1], [1,1], 3 steps back",
    ]);
  });

  test("what the last segment of a loop in reverse reads are the first steps", () => {
    const divided = checkpointLoops(training({ reverse: true }), [2]);
    const slices = print(divided)
      .split("\n")
      .filter((line) => / = slice\(/.test(line))
      .map((line) => /starts=\S+ stops=[^}]+/.exec(line)![0]);
    expect(slices).toContain("starts=[3,0,0] stops=[7,1,1]");
    expect(slices).toContain("starts=[0,0,0] stops=[3,1,1]");
    expect(loops(divided)[0]).toBe("[1,1], [1,1,1], 1 steps back");
  });

  test("sums of a segment are products over its steps, as those of a whole loop", () => {
    const products = print(optimize(training(), { checkpoint: [2] }))
      .split("\n")
      .filter((line) => /= matmul/.test(line))
      .map((line) => /f32\S+/.exec(line)![0]);
    // Forwards, again, and backwards one a step; U's gradient once for the rest and once in the loop over segments.
    expect(products).toHaveLength(3 + 2 + 2);
  });

  test("1 segment, a program without a gradient, and one with no steps stay as they are", () => {
    const one = training();
    expect(print(checkpointLoops(one, [1]))).toBe(print(one));
    const forward = prepare(recordProgram((u: Tensor, xs: Tensor) => last(u, xs), [U, x]).program);
    expect(loopPairs(forward)).toEqual([]);
    expect(print(checkpointLoops(forward, [4]))).toBe(print(forward));
    const empty = prepare(
      recordProgram(
        valueAndGrad((u: Tensor, xs: Tensor) => sum(last(u, xs))),
        [U, tensor([], [0, 1, 1])],
      ).program,
    );
    expect(print(checkpointLoops(empty, [4]))).toBe(print(empty));
  });

  test("an output that is read elsewhere stays whole and is not kept a second time", () => {
    const program = prepare(
      recordProgram(
        valueAndGrad((u: Tensor, xs: Tensor) => {
          const { output } = scan(
            (s: { h: Tensor }, at: Tensor) => {
              const h = tanh(add(at, matmul(s.h, u)));
              return { state: { h }, output: h };
            },
            { h: tensor([0], [1, 1]) as Tensor },
            xs,
          );
          return sum(mul(output, output));
        }),
        [U, x],
      ).program,
    );
    const [pair] = loopPairs(program);
    expect(pair!.forward.outputs.length).toBe(4);
    expect([pair!.kept.length, pair!.keptElements, pair!.stateElements]).toEqual([2, 2, 1]);
  });
});

describe("values and gradients", () => {
  type Params = { readonly W: Tensor; readonly U: Tensor; readonly V: Tensor; readonly h: Tensor; readonly x: Tensor };
  const paramsOf = (time: number): Params => ({
    W: random("W", [2, 12]),
    U: random("U", [3, 12]),
    V: random("V", [3, 12]),
    h: random("h", [2, 3]),
    x: random("x", [time, 2, 2]),
  });

  /** An LSTM whose second layer, if there is one, reads the first one's outputs in the other direction. */
  const loss =
    (layers: number, options: ScanOptions) =>
    ({ W, U, V, h, x }: Params): Tensor => {
      const layer = (weights: Tensor, xs: Tensor, reverse: boolean) =>
        scan(
          (s: { h: Tensor; c: Tensor }, at: Tensor) => {
            const [i, f, o, g] = split(add(matmul(at, weights), matmul(s.h, U)), 4);
            const c = add(mul(sigmoid(f), s.c), mul(sigmoid(i), tanh(g)));
            const next = mul(sigmoid(o), tanh(c));
            return { state: { h: next, c }, output: next };
          },
          { h, c: mul(h, 0.5) },
          xs,
          { ...options, reverse },
        );
      const first = layer(W, x, options.reverse === true);
      const last = layers === 1 ? first : layer(V, first.output, options.reverse !== true);
      return add(sum(mul(last.output, last.output)), sum(tanh(last.state.c)));
    };

  test("are those of the whole loops, for any division, direction, lengths, resets and number of layers", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 2, maxLength: 2 }),
        fc.integer({ min: 1, max: 2 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (time, segments, layers, reverse, ragged, withResets, optimized) => {
          const params = paramsOf(time);
          const options: ScanOptions = {
            reverse,
            ...(ragged ? { lengths: tensor(Int32Array.of(Math.min(4, time), time)) } : {}),
            ...(withResets
              ? {
                  resets: tensor(
                    Array.from({ length: 2 * time }, (_, i) => (i % 5 === 0 ? 1 : 0)),
                    [time, 2],
                    { dtype: "bool" },
                  ),
                }
              : {}),
          };
          const { program } = recordProgram(valueAndGrad(loss(layers, options)), [params]);
          const args = tensorsOf(params);
          const divided = optimized
            ? optimize(program, { checkpoint: segments })
            : checkpointLoops(prepare(program), segments);
          const expected = evaluate(program, args).filter(isArray);
          evaluate(divided, args)
            .filter(isArray)
            .forEach((y, i) => {
              y.data.forEach((v, j) =>
                expect(Math.abs(v - expected[i]!.data[j]!)).toBeLessThanOrEqual(
                  1e-12 * Math.max(1, Math.abs(expected[i]!.data[j]!)),
                ),
              );
            });
        },
      ),
      { numRuns: 100 },
    );
  });

  test("are those of central differences", () => {
    const params = paramsOf(5);
    const divided = checkpointLoops(prepare(recordProgram(valueAndGrad(loss(2, {})), [params]).program), [3, 2]);
    expect(loopPairs(prepare(recordProgram(valueAndGrad(loss(2, {})), [params]).program))).toHaveLength(2);
    const [, ...gradients] = evaluate(divided, tensorsOf(params)).filter(isArray);
    const at = (which: number, element: number, by: number): number => {
      const moved = tensorsOf(params).map((x, i) =>
        i === which && isArray(x)
          ? tensor(
              Float64Array.from(x.data, (v, j) => (j === element ? v + by : v)),
              x.shape,
            )
          : x,
      );
      const [value] = evaluate(divided, moved).filter(isArray);
      return value!.data[0]!;
    };
    gradients.forEach((gradient, which) => {
      for (const element of [0, gradient.data.length >> 1, gradient.data.length - 1]) {
        const along = (by: number): number => at(which, element, by);
        const { value, uncertainty } = differenceOf(along, { noise: noiseOf(along, Math.abs(along(0))) });
        expect(uncertainty).toBeLessThan(1e-9);
        expect(Math.abs(gradient.data[element]! - value)).toBeLessThanOrEqual(uncertainty);
      }
    });
  });
});
