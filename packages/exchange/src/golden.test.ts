// The recurrent layers against PyTorch's and Keras's numbers: outputs, final states, and gradients of everything
// (fixtures/README.md).
import { readFileSync } from "node:fs";
import {
  add,
  compile,
  leavesOf,
  mapTree,
  mul,
  reference,
  stack as stackTensors,
  sum,
  take,
  tensor,
  valueAndGradAux,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import {
  bidirectional,
  gru,
  lstm,
  rnn,
  sequence,
  sequential,
  type Cell,
  type CellSizes,
  type Layer,
} from "@sluice/cells";
import { fromKeras, fromPyTorch, toKeras, toPyTorch } from "./index.ts";

interface Fixture {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly name: string;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly packed: boolean;
  readonly reset_after?: boolean;
  readonly lengths: readonly number[];
  readonly input: Fixture;
  readonly initial: Readonly<Record<string, Fixture>>;
  readonly weights: Readonly<Record<string, Fixture>>;
  readonly loss: { readonly value: number; readonly R: Fixture; readonly S: Fixture; readonly Q?: Fixture };
  readonly output: Fixture;
  readonly final: Readonly<Record<string, Fixture>>;
  readonly gradients: Readonly<Record<string, Fixture>>;
}

function casesOf(file: string): Case[] {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/recurrent/${file}.json`, import.meta.url), "utf8")).cases;
}

const webAssembly = wasm();
afterAll(() => webAssembly.close());

const runs: readonly { name: string; backend: () => Backend; dtype: DType; tolerance: number }[] = [
  { name: "reference, f64", backend: reference, dtype: "f64", tolerance: 1e-12 },
  { name: "reference, f32", backend: reference, dtype: "f32", tolerance: 1e-5 },
  { name: "wasm", backend: () => webAssembly, dtype: "f32", tolerance: 1e-5 },
];

const pytorch: readonly { file: string; cell: (sizes: CellSizes) => Cell }[] = [
  { file: "rnn-tanh", cell: (sizes) => rnn({ ...sizes, biases: 2 }) },
  { file: "rnn-relu", cell: (sizes) => rnn({ ...sizes, biases: 2, activation: "relu" }) },
  { file: "gru", cell: gru },
  { file: "lstm", cell: (sizes) => lstm({ ...sizes, biases: 2 }) },
  { file: "lstm-projection", cell: (sizes) => lstm({ ...sizes, biases: 2, projection: 3 }) },
];

describe.each(runs)("$name", ({ backend, dtype, tolerance }) => {
  describe.each(pytorch)("PyTorch's $file", ({ file, cell }) => {
    test.each(casesOf(file))("$name", async (golden) => {
      const layer = layerOf(golden, cell);
      const params = fromPyTorch(layer, tensors(golden.weights, dtype));
      const { output, loss, state, gradients } = await run(layer, params, golden, { backend: backend(), dtype });
      close(output, golden.output, tolerance, "output");
      expect(Math.abs(loss / golden.loss.value - 1)).toBeLessThanOrEqual(tolerance);
      for (const [name, values] of Object.entries(golden.final))
        close(stacked(state, name[0]!), values, tolerance, name);
      const weights = toPyTorch(layer, gradients.params);
      const found: Record<string, Tensor> = {
        ...weights,
        input: gradients.x,
        h0: stacked(gradients.state, "h"),
        ...("c0" in golden.initial ? { c0: stacked(gradients.state, "c") } : {}),
      };
      expect(Object.keys(found).toSorted()).toEqual(Object.keys(golden.gradients).toSorted());
      for (const [name, values] of Object.entries(golden.gradients))
        close(found[name]!, values, tolerance, `gradient of ${name}`);
    });
  });

  describe.each(["keras-gru", "keras-lstm"])("Keras's %s", (file) => {
    test.each(casesOf(file))("$name", async (golden) => {
      const sizes = { input: 4, hidden: 6 };
      const layer: Layer = sequence(
        file === "keras-lstm"
          ? lstm(sizes)
          : gru({ ...sizes, reset: golden.reset_after === true ? "after" : "before" }),
      );
      const params = fromKeras(layer, tensors(golden.weights, dtype));
      const { output, loss, state, gradients } = await run(layer, params, golden, { backend: backend(), dtype });
      close(output, golden.output, tolerance, "output");
      expect(Math.abs(loss / golden.loss.value - 1)).toBeLessThanOrEqual(tolerance);
      const [final, initial] = [Object.fromEntries(pathsOf(state)), Object.fromEntries(pathsOf(gradients.state))];
      for (const [name, values] of Object.entries(golden.final)) close(final[name[0]!]!, values, tolerance, name);
      const weights = toKeras(layer, gradients.params);
      const found: Record<string, Tensor> = {
        ...weights,
        input: gradients.x,
        h0: initial["h"]!,
        ...("c0" in golden.initial ? { c0: initial["c"]! } : {}),
      };
      expect(Object.keys(found).toSorted()).toEqual(Object.keys(golden.gradients).toSorted());
      for (const [name, values] of Object.entries(golden.gradients))
        close(found[name]!, values, tolerance, `gradient of ${name}`);
    });
  });
});

test.each(pytorch)("PyTorch's $file: weights come back as they went in, to the bit", ({ file, cell }) => {
  for (const golden of casesOf(file)) {
    const layer = layerOf(golden, cell);
    const given = tensors(golden.weights, "f32");
    const back = toPyTorch(layer, fromPyTorch(layer, given));
    expect(Object.keys(back)).toEqual(Object.keys(given));
    for (const [name, values] of Object.entries(given)) expect(back[name]).toEqual(values);
  }
});

test.each(["keras-gru", "keras-lstm"])("Keras's %s: weights come back as they went in, to the bit", (file) => {
  for (const golden of casesOf(file)) {
    const sizes = { input: 4, hidden: 6 };
    const layer: Layer = sequence(
      file === "keras-lstm" ? lstm(sizes) : gru({ ...sizes, reset: golden.reset_after === true ? "after" : "before" }),
    );
    const given = tensors(golden.weights, "f32");
    const back = toKeras(layer, fromKeras(layer, given));
    for (const [name, values] of Object.entries(given)) expect(back[name]).toEqual(values);
  }
});

/** The layers of a case: one alone, or a stack. */
function layerOf({ layers, bidirectional: both }: Case, cell: (sizes: CellSizes) => Cell): Layer {
  const make = (input: number): Layer =>
    both ? bidirectional(cell({ input, hidden: 6 })) : sequence(cell({ input, hidden: 6 }));
  if (layers === 1) return make(4);
  const first = make(4);
  return sequential([first, make(first.outputShape({ batch: 1, time: 1 })[2]!)]);
}

async function run(layer: Layer, params: Tree, golden: Case, { backend, dtype }: { backend: Backend; dtype: DType }) {
  const x = fixture(golden.input, dtype);
  const zeros = layer.initialState(x.shape[0]!, { dtype });
  const [next, upstream]: Record<string, number>[] = [{}, {}];
  const part = (values: Fixture, name: string, counter: Record<string, number>): Tensor => {
    const all = fixture(values, dtype);
    const i = counter[name] ?? 0;
    counter[name] = i + 1;
    return all.shape.length === 2 ? all : take(all, i);
  };
  const state = mapTree(zeros, (_, path) => part(golden.initial[`${nameOf(path)}0`]!, nameOf(path), next!));
  const seeds = mapTree(zeros, (_, path) =>
    part(nameOf(path) === "h" ? golden.loss.S : golden.loss.Q!, nameOf(path), upstream!),
  );
  const R = fixture(golden.loss.R, dtype);
  const step = await compile(
    (given: { params: Tree; x: Tensor; state: Tree }) =>
      valueAndGradAux((at: typeof given) => {
        const applied = layer.apply(at.params, at.x, {
          state: at.state,
          ...(golden.packed ? { lengths: golden.lengths } : {}),
        });
        const weights = new Map(pathsOf(seeds));
        const ofStates = pathsOf(applied.state).map(([path, value]) => sum(mul(value, weights.get(path)!)));
        return {
          value: ofStates.reduce((a, b) => add(a, b), sum(mul(applied.output, R))),
          aux: { output: applied.output, state: applied.state },
        };
      })(given),
    [{ params, x, state }],
    { backend },
  );
  const { value, aux, gradient } = await step({ params, x, state });
  return { output: aux.output, loss: valuesOf(value)[0]!, state: aux.state, gradients: gradient };
}

const nameOf = (path: string): string => path.split(".").at(-1)!;
const pathsOf = (tree: Tree): [string, Tensor][] => leavesOf(tree).map(({ path, tensor }) => [path, tensor]);

/** The states of one name over layers and directions, as PyTorch stacks them. */
function stacked(state: Tree, name: string): Tensor {
  return stackTensors(pathsOf(state).flatMap(([path, value]) => (nameOf(path) === name ? [value] : [])));
}

function fixture({ shape, data }: Fixture, dtype: DType): ArrayTensor {
  return tensor(data, shape, { dtype });
}

function tensors(record: Readonly<Record<string, Fixture>>, dtype: DType): Record<string, ArrayTensor> {
  return Object.fromEntries(Object.entries(record).map(([name, values]) => [name, fixture(values, dtype)]));
}

/** Largest difference over largest expected magnitude. */
function close(found: Tensor, { shape, data }: Fixture, tolerance: number, what: string): void {
  expect(found.shape, what).toEqual(shape);
  const values = valuesOf(found);
  const difference = data.reduce((worst, expected, i) => Math.max(worst, Math.abs(values[i]! - expected)), 0);
  const magnitude = data.reduce((largest, expected) => Math.max(largest, Math.abs(expected)), 0);
  expect(difference / magnitude, what).toBeLessThanOrEqual(tolerance);
}
