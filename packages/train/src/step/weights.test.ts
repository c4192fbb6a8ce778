// Training with weights that are made of other parameters, and with constraints: what holds after every step, and the
// same bits on WebAssembly as the definitions give on the optimized program.
import { dense, gru, lstm, reparametrize, rnn, sequence, sequential, zoneout, type Cell } from "@sluice/cells";
import { optimize } from "@sluice/compiler";
import {
  constrain,
  dropConnect,
  maxNorm,
  nonNegative,
  orthogonalParametrization,
  orthogonalProjection,
  regularization,
  spectralNorm,
  l2,
  unitNorm,
  weightNorm,
  weightsOf,
} from "@sluice/params";
import {
  convert,
  isTensor,
  key,
  leavesOf,
  matmul,
  mean,
  normal,
  reference,
  square,
  sub,
  sum,
  tensorsOf,
  transpose,
  valuesOf,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { expect, test } from "vitest";
import { adam, trainer } from "../index.ts";

const [input, hidden] = [3, 6];
const x = normal(key(1), [8, 7, input]) as Tensor;
const batch = { x, y: sum(x, 1) };
type Batch = typeof batch;

const modelOf = (cell: Cell) =>
  sequential([sequence(cell, { outputs: "last" }), dense({ input: hidden, output: input })]);

const tensorAt = (tree: Tree, path: string): Tensor => leavesOf(tree).find((leaf) => leaf.path === path)!.tensor;
const columnsOf = (w: Tensor): number[][] =>
  Array.from({ length: w.shape[1]! }, (_, j) => [...valuesOf(w)].filter((_, k) => k % w.shape[1]! === j));

function residual(w: Tensor): number {
  const wide = convert(w, "f64");
  const products = valuesOf(matmul(wide, transpose(wide, [1, 0])));
  return Math.max(...products.map((v, k) => Math.abs(v - (k % (w.shape[0]! + 1) === 0 ? 1 : 0))));
}

function trainerOf(cell: Cell, backend: Backend) {
  const model = modelOf(cell);
  return trainer({
    loss: (params: ReturnType<typeof model.init>, { x, y }: Batch, { key, buffers: before }) => {
      const { output, buffers } = model.apply(params, x, { training: true, key, buffers: before });
      return { loss: mean(square(sub(output, y))), buffers };
    },
    params: model.init(key(2)),
    buffers: model.initialBuffers(),
    regularization: (params) => regularization(model, params),
    constrain: (params) => constrain(model, params),
    optimizer: adam({ learningRate: 0.03 }),
    key: key(3),
    batch,
    backend,
  });
}

/** The losses of each step, and the cell's weights after it. */
async function train(
  cell: Cell,
  steps: number,
  backend: Backend,
): Promise<{ losses: number[]; weights: Tree[]; params: Tree }> {
  const trained = await trainerOf(cell, backend);
  const childOf = (tree: Tree, name: string): Tree =>
    (isTensor(tree) ? undefined : Object.entries<Tree>(tree).find(([key]) => key === name)?.[1]) ?? {};
  const [losses, weights]: [number[], Tree[]] = [[], []];
  for (let step = 0; step < steps; step++) {
    losses.push((await trained.run(batch)).loss);
    const buffers = childOf(childOf(await trained.buffers(), "0"), "weights");
    weights.push(weightsOf(cell, childOf(await trained.params(), "0"), { buffers }));
  }
  const params = await trained.params();
  await trained.dispose();
  return { losses, weights, params };
}

const bits = (tree: Tree): unknown[] => tensorsOf(tree).map((w) => [...new Uint8Array(valuesOf(w).slice().buffer)]);

/** The definitions, on the program that WebAssembly runs. */
function optimizedReference(): Backend {
  const inner = reference();
  return { ...inner, compile: (program, options) => inner.compile(optimize(program), options) };
}

const sizes = { input, hidden };
const orthogonalTo = (most: number) => (U: Tensor) => expect(residual(U)).toBeLessThan(most);

test.each<readonly [string, Cell, (U: Tensor) => void]>([
  [
    "weightNorm",
    reparametrize(gru({ ...sizes, recurrentRegularizer: l2(1e-4) }), { kernel: weightNorm(), recurrent: weightNorm() }),
    () => {},
  ],
  ["dropConnect", reparametrize(zoneout(lstm(sizes), { h: 0.05 }), { recurrent: dropConnect(0.1) }), () => {}],
  [
    "orthogonalParametrization",
    reparametrize(lstm(sizes), { recurrent: orthogonalParametrization() }),
    orthogonalTo(2e-6),
  ],
  ["spectralNorm", reparametrize(gru(sizes), { recurrent: spectralNorm() }), () => {}],
  [
    "two on one weight",
    reparametrize(rnn(sizes), { recurrent: [orthogonalParametrization(), weightNorm()] }),
    () => {},
  ],
  ["orthogonalProjection", gru({ ...sizes, recurrentConstraint: orthogonalProjection() }), orthogonalTo(1e-6)],
  [
    "nonNegative",
    rnn({ ...sizes, recurrentConstraint: nonNegative() }),
    (U) => expect(Math.min(...valuesOf(U))).toBe(0),
  ],
  [
    "unitNorm",
    lstm({ ...sizes, recurrentConstraint: unitNorm() }),
    (U) => columnsOf(U).forEach((column) => expect(Math.hypot(...column)).toBeCloseTo(1, 6)),
  ],
  [
    "maxNorm",
    lstm({ ...sizes, recurrentConstraint: maxNorm(0.4) }),
    (U) => columnsOf(U).forEach((column) => expect(Math.hypot(...column)).toBeLessThan(0.4 + 1e-6)),
  ],
])("%s holds after every step, trains, and has the reference's bits", async (_, cell, holds) => {
  const backends = [wasm(), optimizedReference()];
  const found = await train(cell, 30, backends[0]!);
  for (const weights of found.weights) holds(tensorAt(weights, "U"));
  expect(found.losses.at(-1)!).toBeLessThan(0.6 * found.losses[0]!);
  const expected = await train(cell, 2, backends[1]!);
  const again = await train(cell, 2, backends[0]!);
  expect(again.losses).toEqual(expected.losses);
  expect(bits(again.params)).toEqual(bits(expected.params));
  await Promise.all(backends.map((backend) => backend.close()));
});

test("training goes on from a file with the bits of an uninterrupted run, buffers and masks included", async () => {
  const cell = reparametrize(gru(sizes), {
    kernel: [weightNorm(), dropConnect(0.2)],
    recurrent: [spectralNorm(), dropConnect(0.2)],
  });
  const backend = wasm();
  const [first, second] = [await trainerOf(cell, backend), await trainerOf(cell, backend)];
  for (let step = 0; step < 3; step++) await first.run(batch);
  await second.restore(await first.save());
  for (let step = 0; step < 2; step++) expect((await second.run(batch)).loss).toBe((await first.run(batch)).loss);
  expect(bits(await second.state())).toEqual(bits(await first.state()));
  expect(leavesOf(await second.params()).map(({ path }) => path)).toEqual([
    "0.W.direction",
    "0.W.gain",
    "0.U",
    "0.b",
    "0.bh",
    "1.W",
    "1.b",
  ]);
  await backend.close();
});
