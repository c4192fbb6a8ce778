// Random cells over time, forward and backward: the same bits for 1, 2, 3 and 4 threads and in a batch of any size.
import * as t from "@sluice/tensor";
import type { ArrayTensor, Tensor } from "@sluice/tensor";
import { randomTensor } from "@sluice/tensor/testing";
import fc from "fast-check";
import { afterAll, inject, test, vi } from "vitest";
import { closeVariants, expectAgreement, expectSameBits, variants } from "../testing/agree.ts";

vi.setConfig({ testTimeout: 120_000 });
afterAll(closeVariants);

type Weights = { readonly W: Tensor; readonly U: Tensor; readonly b: Tensor };
type Given = { readonly weights: Weights; readonly h: Tensor; readonly xs: Tensor };

interface Cell {
  /** How each gate is squashed, and how it is mixed with what the gates before it made of the state. */
  readonly gates: readonly (readonly [squash: number, mix: number])[];
  /** Over the features of a row, which leaves rows independent; or over the rows of the batch. */
  readonly normalize: "no" | "features" | "batch";
}

const squash: readonly ((a: Tensor) => Tensor)[] = [t.sigmoid, t.tanh, (a) => t.exp(t.neg(t.square(a))), t.relu];

const mix: readonly ((value: Tensor, gate: Tensor, h: Tensor) => Tensor)[] = [
  (value, gate) => t.mul(value, gate),
  (value, gate, h) => t.add(t.mul(gate, h), t.mul(t.sub(1, gate), value)),
  (value, gate) => t.tanh(t.add(value, gate)),
];

function step({ gates, normalize }: Cell, { W, U, b }: Weights, h: Tensor, x: Tensor): Tensor {
  const products = t.add(t.matmul(x, W), t.matmul(h, U));
  const centred =
    normalize === "no" ? products : t.sub(products, t.mean(products, normalize === "batch" ? 0 : 1, { keep: true }));
  return t.split(t.add(centred, b), gates.length).reduce((value, part, i) => {
    const [squashed, mixed] = gates[i]!;
    return mix[mixed]!(value, squash[squashed]!(part), h);
  }, h);
}

/** Outputs and last state of a layer; gradients of a loss by the weights, the initial state and the inputs. */
function layer(cell: Cell, given: Given): Tensor[] {
  const forward = ({ weights, h, xs }: Given) =>
    t.scan(
      (state: Tensor, x: Tensor) => {
        const next = step(cell, weights, state, x);
        return { state: next, output: next };
      },
      h,
      xs,
    );
  const { state, output } = forward(given);
  const gradients = t.grad((at: Given) => {
    const result = forward(at);
    return t.add(t.sum(t.square(result.output)), t.sum(result.state));
  })(given);
  return [output, state, gradients.xs, gradients.h, gradients.weights.W, gradients.weights.U, gradients.weights.b];
}

const cells: fc.Arbitrary<Cell> = fc.record({
  gates: fc.array(fc.tuple(fc.nat(squash.length - 1), fc.nat(mix.length - 1)), { minLength: 1, maxLength: 4 }),
  normalize: fc.constantFrom("no", "features", "batch"),
});

const sizes = fc.record({
  batch: fc.integer({ min: 1, max: 37 }),
  time: fc.integer({ min: 1, max: 4 }),
  input: fc.integer({ min: 1, max: 20 }),
  hidden: fc.integer({ min: 1, max: 33 }),
});

test("random cells on random shapes", async () => {
  await fc.assert(
    fc.asyncProperty(cells, sizes, fc.nat(1e6), async (cell, { batch, time, input, hidden }, seed) => {
      const width = cell.gates.length * hidden;
      const [W, U, b] = [
        randomTensor([input, width], "f32", seed),
        randomTensor([hidden, width], "f32", seed + 1),
        randomTensor([width], "f32", seed + 2),
      ];
      const [h, xs] = [
        randomTensor([batch, hidden], "f32", seed + 3),
        randomTensor([time, batch, input], "f32", seed + 4),
      ];
      const all = (...[ofW, ofU, ofB, ofH, ofXs]: Tensor[]): Tensor[] =>
        layer(cell, { weights: { W: ofW!, U: ofU!, b: ofB! }, h: ofH!, xs: ofXs! });
      await expectAgreement(all, [W, U, b, h, xs]);
      if (cell.normalize === "batch") return;

      const row = seed % batch;
      const alone = (x: Tensor, axis: number): ArrayTensor => t.sliceAxis(x, axis, row, row + 1) as ArrayTensor;
      const rows = (...given: Tensor[]): Tensor[] => all(...given).slice(0, 4);
      const together = await run(rows, [W, U, b, h, xs], "4 threads");
      const single = await run(rows, [W, U, b, alone(h, 0), alone(xs, 1)], "1 thread");
      single.forEach((y, i) =>
        expectSameBits(y, alone(together[i]!, y.shape.length - 2), `row ${row} of ${batch} alone, output ${i}`),
      );
    }),
    { numRuns: inject("long") ? 25 : 10 },
  );
});

async function run(
  f: (...args: Tensor[]) => Tensor[],
  args: readonly ArrayTensor[],
  variant: string,
): Promise<readonly Tensor[]> {
  const compiled = await t.compile((...given: Tensor[]) => f(...given), [...args], { backend: variants[variant]! });
  const results = await compiled(...args);
  await compiled.dispose();
  return results;
}
