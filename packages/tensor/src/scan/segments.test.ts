import fc from "fast-check";
import { expect, test } from "vitest";
import { isArray } from "../apply.ts";
import { valueAndGrad } from "../gradient/grad.ts";
import { add, mul } from "../primitives/arithmetic.ts";
import { matmul } from "../primitives/matmul.ts";
import { sum } from "../primitives/reduce.ts";
import { tanh } from "../primitives/transcendental.ts";
import { recordProgram } from "../program/record.ts";
import { uniform } from "../random/distributions.ts";
import { key, keyFor } from "../random/keys.ts";
import { tensor, type Tensor } from "../tensor.ts";
import { tensorsOf } from "../tree.ts";
import { scan, type ScanOptions } from "./scan.ts";

const random = (name: string, shape: readonly number[]): Tensor =>
  uniform(keyFor(key(3), name), shape, { low: -1, high: 1, dtype: "f64" });

const loss =
  (options: ScanOptions) =>
  (p: { W: Tensor; U: Tensor; h: Tensor; x: Tensor }): Tensor => {
    const { state, output } = scan(
      (s: { h: Tensor }, at: Tensor) => {
        const h = tanh(add(matmul(at, p.W), matmul(s.h, p.U)));
        return { state: { h }, output: h };
      },
      { h: p.h },
      p.x,
      options,
    );
    return add(sum(mul(output, output)), sum(state.h));
  };

test("segments give the loop's values and gradients, for any division, direction, lengths and resets", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 1, max: 10 }),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      (time, segment, reverse, ragged, withResets) => {
        const params = {
          W: random("W", [2, 3]),
          U: random("U", [3, 3]),
          h: random("h", [2, 3]),
          x: random("x", [time, 2, 2]),
        };
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
        const whole = valueAndGrad(loss(options))(params);
        const parts = valueAndGrad(loss({ ...options, segment }))(params);
        tensorsOf(parts).forEach((y, i) => {
          const expected = tensorsOf(whole)[i]!;
          if (!isArray(y) || !isArray(expected)) throw new Error("expected values");
          y.data.forEach((v, j) =>
            expect(Math.abs(v - expected.data[j]!)).toBeLessThanOrEqual(
              1e-12 * Math.max(1, Math.abs(expected.data[j]!)),
            ),
          );
        });
      },
    ),
    { numRuns: 60 },
  );
});

test("what is kept grows with segments and the steps of one, not with the steps", () => {
  const program = (segment: number | undefined): number => {
    const params = {
      W: random("W", [2, 3]),
      U: random("U", [3, 3]),
      h: random("h", [2, 3]),
      x: random("x", [100, 2, 2]),
    };
    const recorded = recordProgram(
      valueAndGrad((p: typeof params) => {
        const { state } = scan(
          (s: { h: Tensor }, at: Tensor) => ({
            state: { h: tanh(add(matmul(at, p.W), matmul(s.h, p.U))) },
            output: [],
          }),
          { h: p.h },
          p.x,
          segment === undefined ? {} : { segment },
        );
        return sum(state.h);
      }),
      [params],
    ).program;
    const [forward] = recorded.nodes.filter(({ operation }) => operation.op === "scan");
    return forward!.outputs.slice(1).reduce((elements, { shape }) => elements + shape.reduce((a, b) => a * b, 1), 0);
  };
  expect(program(undefined)).toBe(100 * (6 + 6)); // tanh's output and the old state, [2, 3] each
  expect(program(10)).toBe(10 * 6); // the states between segments
});

test("a segment without steps is refused", () => {
  expect(() =>
    loss({ segment: 0 })({
      W: random("W", [2, 3]),
      U: random("U", [3, 3]),
      h: random("h", [2, 3]),
      x: random("x", [4, 2, 2]),
    }),
  ).toThrow("scan: expected a segment of at least 1 step, got 0");
});
