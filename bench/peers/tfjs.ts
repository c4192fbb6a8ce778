/** TensorFlow.js on its WebAssembly backend: the cells over its core operations, with the input's products taken out of the loop. One thread: in Node it starts no workers. */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { tensor, type ArrayTensor } from "@sluice/tensor";
import type { Case } from "../cases.ts";
import { part, type Named } from "../data.ts";
import { serve, type Work } from "./serve.ts";

/** What is used of TensorFlow.js, which is installed on demand outside the workspace. */
interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
  dataSync(): Float32Array;
  dispose(): void;
}
interface Tf {
  readonly version_core: string;
  setBackend(name: string): Promise<boolean>;
  tensor(values: ArrayLike<number>, shape: readonly number[], dtype: "float32"): TfTensor;
  tidy<T>(run: () => T): T;
  dispose(held: unknown): void;
  zeros(shape: readonly number[]): TfTensor;
  scalar(value: number): TfTensor;
  transpose(x: TfTensor, order: number[]): TfTensor;
  reshape(x: TfTensor, shape: number[]): TfTensor;
  unstack(x: TfTensor, axis: number): TfTensor[];
  concat(x: TfTensor[], axis: number): TfTensor;
  split(x: TfTensor, parts: number | number[], axis: number): TfTensor[];
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: TfTensor): TfTensor;
  sigmoid(x: TfTensor): TfTensor;
  tanh(x: TfTensor): TfTensor;
  grads(f: (...leaves: TfTensor[]) => TfTensor): (leaves: TfTensor[], dy?: TfTensor) => TfTensor[];
}

const load = createRequire(join(process.argv[2]!, "package.json"));
const tf = load("@tensorflow/tfjs") as Tf;
const { setWasmPaths } = load("@tensorflow/tfjs-backend-wasm") as { setWasmPaths(folder: string): void };
setWasmPaths(join(dirname(load.resolve("@tensorflow/tfjs-backend-wasm")), "/"));
if (!(await tf.setBackend("wasm"))) throw new Error("its wasm backend did not start");

await serve({
  about: () => `TensorFlow.js ${tf.version_core}, wasm backend with SIMD`,
  async prepare(of, data) {
    if (of.kind === "train") return layer(of, data);
    if (of.kind === "inference") return streaming(of, data);
    throw new Error(`no ${of.kind} here`);
  },
});

type Params = Readonly<Record<string, TfTensor>>;
interface State { readonly h: TfTensor; readonly c: TfTensor }

/** One step from the projected input; `one` is the constant 1. */
function step({ cell, hidden }: Case, { U, bh }: Params, { h, c }: State, gx: TfTensor, one: TfTensor): State {
  const gh = tf.add(tf.matMul(h, U!), bh!);
  if (cell === "rnn") return { h: tf.tanh(tf.add(gx, gh)), c };
  if (cell === "lstm") {
    const [i, f, g, o] = tf.split(tf.add(gx, gh), 4, 1);
    const next = tf.add(tf.mul(tf.sigmoid(f!), c), tf.mul(tf.sigmoid(i!), tf.tanh(g!)));
    return { h: tf.mul(tf.sigmoid(o!), tf.tanh(next)), c: next };
  }
  const [gatesX, candidateX] = tf.split(gx, [2 * hidden, hidden], 1);
  const [gatesH, candidateH] = tf.split(gh, [2 * hidden, hidden], 1);
  const [r, z] = tf.split(tf.sigmoid(tf.add(gatesX!, gatesH!)), 2, 1);
  const n = tf.tanh(tf.add(candidateX!, tf.mul(r!, candidateH!)));
  return { h: tf.add(tf.mul(z!, h), tf.mul(tf.sub(one, z!), n)), c };
}

/** `x` [time, batch, input] to the outputs of all steps. */
function forward(of: Case, params: Params, x: TfTensor): TfTensor {
  const [time, batch, input] = x.shape as [number, number, number];
  const projected = tf.add(tf.matMul(tf.reshape(x, [time * batch, input]), params["W"]!), params["b"]!);
  const zeros = tf.zeros([batch, of.hidden]);
  const one = tf.scalar(1);
  let state: State = { h: zeros, c: zeros };
  const outputs = tf.unstack(tf.reshape(projected, [time, batch, projected.shape[1]!]), 0).map((gx) => {
    state = step(of, params, state, gx, one);
    return state.h;
  });
  return tf.reshape(tf.concat(outputs, 0), [time, batch, of.hidden]); // Stacking has no gradient there.
}

async function layer(of: Case, data: Named): Promise<Work> {
  const given = { ...part(data, "params"), x: data["x"]! };
  const names = Object.keys(given);
  const leaves = names.map((name) => (name === "x" ? timeFirst(data["x"]!) : held(given[name as "x"])));
  const g = timeFirst(data["g"]!);
  const paramsOf = (tensors: readonly TfTensor[]) => Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
  const output = (tensors: readonly TfTensor[]) => {
    const { x, ...params } = paramsOf(tensors);
    return forward(of, params, x!);
  };
  const backward = tf.grads((...tensors) => output(tensors));
  const gradients = () => tf.tidy(() => backward(leaves, g));
  return {
    async run() {
      const all = gradients();
      await Promise.all(all.map((x) => x.data()));
      tf.dispose(all);
    },
    close: () => tf.dispose([...leaves, g]),
    async results() {
      const all = gradients();
      const named = names.map((name, i) => [`grad.${name}`, name === "x" ? batchFirst(all[i]!) : array(all[i]!)] as const);
      return { ...Object.fromEntries(named), output: batchFirst(tf.tidy(() => output(leaves))) };
    },
  };
}

async function streaming(of: Case, data: Named): Promise<Work> {
  const params = Object.fromEntries(Object.entries(part(data, "params")).map(([name, x]) => [name, held(x)]));
  const xs = tf.tidy(() => tf.unstack(timeFirst(data["x"]!), 0));
  const one = tf.scalar(1);
  const zeros = tf.zeros([1, of.hidden]);
  const run = () => {
    let state: State = { h: zeros, c: zeros };
    for (const x of xs) {
      const next = tf.tidy(() => step(of, params, state, tf.add(tf.matMul(x, params["W"]!), params["b"]!), one).h);
      next.dataSync();
      if (state.h !== zeros) state.h.dispose();
      state = { h: next, c: zeros };
    }
    const values = array(state.h);
    state.h.dispose();
    return values;
  };
  return { run: () => void run(), close: () => tf.dispose([xs, one, zeros, Object.values(params)]), results: async () => ({ output: run() }) };
}

function held(x: ArrayTensor): TfTensor {
  return tf.tensor(x.data, x.shape, "float32");
}

function timeFirst(x: ArrayTensor): TfTensor {
  return tf.tidy(() => tf.transpose(held(x), [1, 0, 2]));
}

function batchFirst(x: TfTensor): ArrayTensor {
  return array(tf.tidy(() => tf.transpose(x, [1, 0, 2])));
}

function array(x: TfTensor): ArrayTensor {
  return tensor(Float32Array.from(x.dataSync()), x.shape);
}
