/** TensorFlow.js: the cells in its core operations, with the input's products computed before the loop. */

import { tensor, type ArrayTensor } from "@sluice/tensor";
import { classes, type Case } from "../cases.ts";
import { part, type Named } from "../data.ts";
import type { Contender, Work } from "./work.ts";

/** The used part of TensorFlow.js, which is installed on demand outside the workspace. */
interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
  dataSync(): Float32Array;
  dispose(): void;
}
interface Optimizer {
  minimize(loss: () => TfTensor, returnCost: true, variables: TfTensor[]): TfTensor;
  dispose(): void;
}
export interface Tf {
  readonly version_core: string;
  setBackend(name: string): Promise<boolean>;
  tensor(values: ArrayLike<number>, shape: readonly number[], dtype: "float32" | "int32"): TfTensor;
  variable(initial: TfTensor): TfTensor;
  tidy<T>(run: () => T): T;
  dispose(held: unknown): void;
  oneHot(indices: TfTensor, depth: number): TfTensor;
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
  readonly losses: { softmaxCrossEntropy(onehotLabels: TfTensor, logits: TfTensor): TfTensor };
  readonly train: { adam(learningRate: number, beta1: number, beta2: number, epsilon: number): Optimizer };
  grads(f: (...leaves: TfTensor[]) => TfTensor): (leaves: TfTensor[], dy?: TfTensor) => TfTensor[];
}

/**
 * Runs on one of its registered backends. The library has a single active backend, so each turn begins by setting it.
 */
export async function tfjsContender(tf: Tf, backend: string, about: string): Promise<Contender> {
  const choose = async (): Promise<void> => {
    if (!(await tf.setBackend(backend))) throw new Error(`its ${backend} backend did not start`);
  };
  const prepared = (of: Case, data: Named): Work => {
    switch (of.kind) {
      case "train":
        return layer(tf, of, data);
      case "adam":
        return training(tf, of, data);
      case "inference":
        return streaming(tf, of, data);
      case "ragged":
        throw new Error("no ragged here");
    }
  };
  await choose();
  return {
    about: () => `TensorFlow.js ${tf.version_core}, ${about}`,
    async prepare(of, data) {
      if (of.kind === "peak" || of.kind === "batches" || of.kind === "events" || of.kind === "cell")
        throw new Error(`no ${of.kind} here`);
      await choose();
      const { run, results, close } = prepared(of, data);
      return {
        run: async () => {
          await choose();
          await run();
        },
        ...(results === undefined
          ? {}
          : {
              results: async () => {
                await choose();
                return results();
              },
            }),
        close: async () => {
          await choose();
          await close?.();
        },
      };
    },
  };
}

type Params = Readonly<Record<string, TfTensor>>;
interface State {
  readonly h: TfTensor;
  readonly c: TfTensor;
}

/** One step from the projected input; `one` is the constant 1. */
function step(tf: Tf, { cell, hidden }: Case, { U, bh }: Params, { h, c }: State, gx: TfTensor, one: TfTensor): State {
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
function forward(tf: Tf, of: Case, params: Params, x: TfTensor): TfTensor[] {
  const [time, batch, input] = x.shape as [number, number, number];
  const projected = tf.add(tf.matMul(tf.reshape(x, [time * batch, input]), params["W"]!), params["b"]!);
  const zeros = tf.zeros([batch, of.hidden]);
  const one = tf.scalar(1);
  let state: State = { h: zeros, c: zeros };
  return tf.unstack(tf.reshape(projected, [time, batch, projected.shape[1]!]), 0).map((gx) => {
    state = step(tf, of, params, state, gx, one);
    return state.h;
  });
}

function layer(tf: Tf, of: Case, data: Named): Work {
  const given = { ...part(data, "params"), x: data["x"]! };
  const names = Object.keys(given);
  const leaves = names.map((name) => (name === "x" ? timeFirst(tf, data["x"]!) : held(tf, given[name as "x"])));
  const g = timeFirst(tf, data["g"]!);
  const paramsOf = (tensors: readonly TfTensor[]) => Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
  const output = (tensors: readonly TfTensor[]) => {
    const { x, ...params } = paramsOf(tensors);
    // TensorFlow.js has no gradient of stacking on this backend.
    return tf.reshape(tf.concat(forward(tf, of, params, x!), 0), [of.time, of.batch, of.hidden]);
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
      const all = [...gradients(), tf.tidy(() => output(leaves))];
      const named: Record<string, ArrayTensor> = {};
      for (const [i, name] of [...names.map((name) => `grad.${name}`), "output"].entries()) {
        named[name] = await array(name === "grad.x" || name === "output" ? tf.transpose(all[i]!, [1, 0, 2]) : all[i]!);
      }
      tf.dispose(all);
      return named;
    },
  };
}

function training(tf: Tf, of: Case, data: Named): Work {
  const variables = (named: Readonly<Record<string, ArrayTensor>>): Params =>
    Object.fromEntries(Object.entries(named).map(([name, x]) => [name, tf.variable(held(tf, x))]));
  const [params, readout] = [variables(part(data, "params")), variables(part(data, "dense"))];
  const x = timeFirst(tf, data["x"]!);
  const labels = tf.tidy(() => tf.oneHot(tf.tensor(data["labels"]!.data, [of.batch], "int32"), classes));
  const optimizer = tf.train.adam(0.001, 0.9, 0.999, 1e-8);
  const all = [...Object.values(params), ...Object.values(readout)];
  const loss = (): TfTensor =>
    tf.losses.softmaxCrossEntropy(
      labels,
      tf.add(tf.matMul(forward(tf, of, params, x).at(-1)!, readout["W"]!), readout["b"]!),
    );
  const run = async (): Promise<number> => {
    const value = tf.tidy(() => optimizer.minimize(loss, true, all));
    const [number] = await value.data();
    value.dispose();
    return number!;
  };
  return {
    run,
    close() {
      optimizer.dispose();
      tf.dispose([all, x, labels]);
    },
    results: async () => ({ losses: tensor([await run(), await run(), await run()], [3]) }),
  };
}

function streaming(tf: Tf, of: Case, data: Named): Work {
  const params = Object.fromEntries(Object.entries(part(data, "params")).map(([name, x]) => [name, held(tf, x)]));
  const xs = tf.tidy(() => tf.unstack(timeFirst(tf, data["x"]!), 0));
  const one = tf.scalar(1);
  const zeros = tf.zeros([1, of.hidden]);
  const run = () => {
    let state: State = { h: zeros, c: zeros };
    for (const x of xs) {
      const next = tf.tidy(() => step(tf, of, params, state, tf.add(tf.matMul(x, params["W"]!), params["b"]!), one).h);
      next.dataSync();
      if (state.h !== zeros) state.h.dispose();
      state = { h: next, c: zeros };
    }
    return state.h;
  };
  return {
    run: () => run().dispose(),
    close: () => tf.dispose([xs, one, zeros, Object.values(params)]),
    results: async () => ({ output: await array(run()) }),
  };
}

function held(tf: Tf, x: ArrayTensor): TfTensor {
  return tf.tensor(x.data, x.shape, "float32");
}

function timeFirst(tf: Tf, x: ArrayTensor): TfTensor {
  return tf.tidy(() => tf.transpose(held(tf, x), [1, 0, 2]));
}

async function array(x: TfTensor): Promise<ArrayTensor> {
  return tensor(Float32Array.from(await x.data()), x.shape);
}
