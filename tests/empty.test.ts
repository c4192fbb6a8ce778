// Batches without rows and sequences without steps: every cell with every normalizer, losses and fusions, with
// gradients, by the definitions, on WebAssembly and on gpu.js.
import {
  attention,
  bidirectional,
  conv1d,
  dense,
  gru,
  gruD,
  hiddenDecay,
  lstm,
  rnn,
  rnnDecay,
  sequence,
  sequential,
  type ApplyOptions,
  type Cell,
  type CellOptions,
  type Layer,
  type State,
  variationalDropout,
  zoneout,
} from "@sluice/cells";
import { concatenation, crossAttention, gmu, lmf, type Fusion } from "@sluice/fusion";
import { gpu } from "@sluice/gpu";
import { layerNorm, rmsNorm } from "@sluice/norm";
import {
  add,
  compile,
  evaluate,
  key,
  leavesOf,
  normal,
  square,
  sum,
  tensor,
  tensorsOf,
  recordProgram,
  valueAndGradAux,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isArray, sizeOf } from "@sluice/tensor/internal";
import { binaryCrossEntropy, crossEntropy, mse } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

const backends: Record<string, Backend> = { wasm: wasm() };
beforeAll(async () => {
  backends["gpu.js"] = await gpu({ mode: "cpu" });
});
afterAll(async () => {
  await Promise.all(Object.values(backends).map((backend) => backend.close()));
});

const [input, hidden] = [2, 3];

const cells: Readonly<Record<string, (options: CellOptions) => Cell>> = {
  rnn,
  gru,
  "gru, reset before": (options) => gru({ ...options, reset: "before" }),
  lstm,
  "rnn with decay": rnnDecay,
  "gru with decay": (options) => hiddenDecay(gru(options)),
  "gru-d": gruD,
};

const norms = {
  none: undefined,
  branches: layerNorm(),
  gates: layerNorm({ placement: "gates" }),
  rms: rmsNorm(),
} as const;

const layers: Readonly<Record<string, (cell: Cell) => Layer>> = {
  forward: (cell) => sequence(cell),
  "last, reversed": (cell) => sequence(cell, { outputs: "last", reverse: true }),
  both: (cell) => bidirectional(cell),
  stacked: (cell) =>
    sequential([
      sequence(variationalDropout(zoneout<Tree, State>(cell, { h: 0.3 }), { input: 0.2 })),
      dense({ input: hidden, output: 2 }),
    ]),
  hybrid: (cell) =>
    sequential([
      conv1d({ input, kernelSize: 3, depthwise: true, bias: false }),
      attention({ input, window: 3, bias: false }),
      attention({ input, causal: true, bias: false }),
      sequence(cell),
    ]),
};

const given = fc.record({
  cell: fc.constantFrom(...Object.keys(cells)),
  norm: fc.constantFrom(...(Object.keys(norms) as (keyof typeof norms)[])),
  layer: fc.constantFrom(...Object.keys(layers)),
  sizes: fc.constantFrom([0, 0], [0, 1], [0, 3], [1, 0], [3, 0]),
  lengths: fc.boolean(),
  resets: fc.boolean(),
  mask: fc.boolean(),
  training: fc.boolean(),
});

test("layers over batches without rows and sequences without steps", async () => {
  await fc.assert(
    fc.asyncProperty(
      given,
      async ({ cell, norm, layer, sizes: [batch = 0, time = 0], lengths, resets, mask, training }) => {
        // GRU-D has nothing that is normalized.
        const normalizer = cell === "gru-d" ? undefined : norms[norm];
        const made = layers[layer]!(cells[cell]!({ input, hidden, ...(normalizer && { norm: normalizer }) }));
        const ones = (features: number): ArrayTensor => arrayOf(normal(key(2), [batch, time, features], { mean: 1 }));
        const flags = (): ArrayTensor =>
          tensor(
            Array.from({ length: batch * time }, (_, i) => i % 2),
            [batch, time],
            { dtype: "bool" },
          );
        const options: ApplyOptions = {
          training,
          key: key(3),
          ...(lengths && { lengths: Array.from({ length: batch }, (_, i) => Math.min(i, time)) }),
          ...(resets && { resets: flags() }),
          ...(mask && { mask: flags() }),
          ...(cell === "gru-d" && { extra: { mask: ones(input), delta: ones(input) } }),
          ...(cell.includes("decay") && { extra: { elapsed: ones(1) } }),
        };
        const params = made.init(key(1));
        const f = valueAndGradAux((of: { params: Tree; x: Tensor }) => {
          const { output, state } = made.apply(of.params, of.x, options);
          return {
            value: tensorsOf([output, state])
              .map((y) => sum(square(y)))
              .reduce((a, b) => add(a, b)),
            aux: { output, state },
          };
        });
        const results = await agreed(f, { params, x: arrayOf(normal(key(4), [batch, time, input])) });
        // Nothing happened: sums of nothing are 0, and a state is as it began.
        for (const { path, tensor: y } of leavesOf(results)) {
          if (/^(value|gradient|aux\.state)/.test(path))
            expect(
              [...valuesOf(y)].every((v) => v === 0),
              path,
            ).toBe(true);
        }
      },
    ),
    { numRuns: 80 },
  );
});

test("losses of no rows are 0, and so are their gradients", async () => {
  const x = arrayOf(normal(key(5), [0, input]));
  const w = arrayOf(normal(key(6), [input, 3]));
  const losses: Readonly<Record<string, (y: Tensor) => Tensor>> = {
    mse: (y) => mse(y, tensor([], [0, 3])),
    crossEntropy: (y) => crossEntropy(y, tensor([], [0], { dtype: "i32" })),
    smoothed: (y) =>
      crossEntropy(y, tensor([], [0], { dtype: "i32" }), {
        labelSmoothing: 0.1,
        ignoreIndex: 0,
        classWeights: tensor([1, 2, 3]),
      }),
    probabilities: (y) => crossEntropy(y, tensor([], [0, 3]), { mask: tensor([], [0], { dtype: "bool" }) }),
    binaryCrossEntropy: (y) => binaryCrossEntropy(y, tensor([], [0, 3])),
  };
  for (const [name, loss] of Object.entries(losses)) {
    const head = dense({ input, output: 3, bias: false });
    const f = valueAndGradAux((of: { w: Tensor; x: Tensor }) => ({
      value: loss(head.apply({ W: of.w }, of.x).output),
      aux: {},
    }));
    for (const { path, tensor: y } of leavesOf(await agreed(f, { w, x })))
      expect(
        [...valuesOf(y)].every((v) => v === 0),
        `${name} ${path}`,
      ).toBe(true);
  }
});

test("fusions of no rows", async () => {
  const [vectors, sequences] = [
    { audio: 2, video: 3 },
    { audio: { kind: "sequence", width: 2 }, video: { kind: "sequence", width: 3 } } as const,
  ];
  for (const leading of [[0], [0, 2], [2, 0]]) {
    const inputs = leading.length === 1 ? vectors : sequences;
    const fusions: readonly Fusion<Tree, keyof typeof inputs>[] = [
      concatenation({ inputs, presence: true }),
      gmu({ inputs, output: 3 }),
      lmf({ inputs, output: 3, rank: 2 }),
      ...(leading.length === 1
        ? []
        : [crossAttention({ inputs: vectors, query: "audio", output: 4, heads: 2, causal: true })]),
    ];
    for (const fusion of fusions) {
      const f = valueAndGradAux((of: { params: Tree; audio: Tensor; video: Tensor }) => {
        const present = tensor([], leading, { dtype: "bool" });
        const { output } = fusion.apply(of.params, {
          audio: { x: of.audio, present },
          video: { x: of.video, present },
        });
        return { value: sum(square(output)), aux: { output } };
      });
      const results = await agreed(f, {
        params: fusion.init(key(1)),
        audio: tensor([], [...leading, 2]),
        video: tensor([], [...leading, 3]),
      });
      for (const { path, tensor: y } of leavesOf(results))
        expect(
          [...valuesOf(y)].every((v) => v === 0),
          `${fusion.name} ${path}`,
        ).toBe(true);
    }
  }
});

/** The results of `f` applied to arrays, which the program recorded from it and both backends have to give as well. */
async function agreed<A extends Tree>(f: (at: A) => Tree, at: A): Promise<Tree> {
  const eager = leavesOf(f(at));
  const { program } = recordProgram(f, [at]);
  const found: Record<string, readonly Tensor[]> = { evaluated: evaluate(program, tensorsOf(at)) };
  for (const [name, backend] of Object.entries(backends)) {
    const compiled = await compile(f, [at], { backend });
    found[name] = leavesOf(await compiled(at)).map((leaf) => leaf.tensor);
    await compiled.dispose();
  }
  for (const [name, results] of Object.entries(found)) {
    eager.forEach(({ path, tensor: expected }, i) => {
      expect(results[i]!.shape, `${name} ${path}`).toEqual(expected.shape);
      expect(sizeOf(expected.shape)).toBe(valuesOf(results[i]!).length);
      const scale = [...valuesOf(expected)].reduce((largest, v) => Math.max(largest, Math.abs(v)), 1);
      valuesOf(expected).forEach((v, j) =>
        expect(Math.abs(v - valuesOf(results[i]!)[j]!) / scale, `${name} ${path}`).toBeLessThan(2e-5),
      );
    });
  }
  return f(at);
}

function arrayOf(x: Tensor): ArrayTensor {
  if (!isArray(x)) throw new Error("values were expected");
  return x;
}
