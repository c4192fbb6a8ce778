/**
 * jax-js: the GRU under `jit`, with the input's products computed before the loop. It has no `scan`, so the steps are
 * unrolled. Every use consumes an array; `.ref` keeps it for another use.
 */

import { tensor, type ArrayTensor } from "@sluice/tensor";
import { classes, type Case } from "../cases.ts";
import { part, type Named } from "../data.ts";
import type { Contender, Work } from "./work.ts";

/** The used part of jax-js, which is installed on demand outside the workspace. */
interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: number[];
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  sum(): JaxArray;
  neg(): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  transpose(order: readonly number[]): JaxArray;
  data(): Promise<Float32Array>;
  dispose(): void;
}
type JaxTree = JaxArray | readonly JaxTree[] | { readonly [name: string]: JaxTree };
export interface Jax {
  init(...devices: readonly string[]): Promise<readonly string[]>;
  defaultDevice(device: string): string;
  readonly numpy: {
    readonly int32: unknown;
    array(values: ArrayLike<number>, options?: { readonly dtype?: unknown }): JaxArray;
    zeros(shape: readonly number[]): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    split(x: JaxArray, parts: number, axis: number): JaxArray[];
    stack(xs: readonly JaxArray[], axis: number): JaxArray;
    subtract(a: number, b: JaxArray): JaxArray;
    tanh(x: JaxArray): JaxArray;
    sqrt(x: JaxArray): JaxArray;
  };
  readonly nn: {
    sigmoid(x: JaxArray): JaxArray;
    logSoftmax(x: JaxArray): JaxArray;
    oneHot(x: JaxArray, classes: number): JaxArray;
  };
  readonly tree: { ref<T extends JaxTree>(tree: T): T; dispose(tree: JaxTree): void };
  jit<A extends readonly JaxTree[], R extends JaxTree>(f: (...args: A) => R): ((...args: A) => R) & { dispose(): void };
  grad<A extends readonly JaxTree[]>(
    f: (...args: A) => JaxArray,
    options: { readonly argnums: readonly number[] },
  ): (...args: A) => JaxTree[];
  valueAndGrad<P extends JaxTree, A extends readonly JaxTree[]>(
    f: (params: P, ...args: A) => JaxArray,
  ): (params: P, ...args: A) => [JaxArray, P];
}

type Params = { readonly [name: string]: JaxArray };

/** Runs on one of its devices. The library has a single default device, so each turn begins by setting it. */
export async function jaxJsContender(jax: Jax, device: string, about: string): Promise<Contender> {
  if (!(await jax.init(device)).includes(device)) throw new Error(`its device ${device} did not start`);
  return {
    about: () => about,
    async prepare(of, data) {
      if (of.kind !== "train" && of.kind !== "adam") throw new Error(`no ${of.kind} here`);
      jax.defaultDevice(device);
      const { run, results, close } = of.kind === "train" ? layer(jax, of, data) : training(jax, of, data);
      const chosen =
        <T>(task: () => T) =>
        (): T => {
          jax.defaultDevice(device);
          return task();
        };
      return { run: chosen(run), results: chosen(results!), close: chosen(close!) };
    },
  };
}

/** `x` [time, batch, input] to the outputs of all steps. */
function forward({ numpy: np, nn }: Jax, { hidden }: Case, { W, b, U, bh }: Params, x: JaxArray): JaxArray[] {
  const [time, batch, input] = x.shape as [number, number, number];
  const projected = np
    .matmul(x.reshape([time * batch, input]), W!)
    .add(b!)
    .reshape([time, batch, 3 * hidden]);
  const outputs: JaxArray[] = [];
  let h = np.zeros([batch, hidden]);
  for (const gx of np.split(projected, time, 0)) {
    const [xr, xz, xn] = np.split(gx.reshape([batch, 3 * hidden]), 3, 1);
    const [hr, hz, hn] = np.split(np.matmul(h.ref, U!.ref).add(bh!.ref), 3, 1);
    const r = nn.sigmoid(xr!.add(hr!));
    const z = nn.sigmoid(xz!.add(hz!));
    const n = np.tanh(xn!.add(r.mul(hn!)));
    h = z.ref.mul(h).add(np.subtract(1, z).mul(n));
    outputs.push(h.ref);
  }
  for (const rest of [h, U!, bh!]) rest.dispose();
  return outputs;
}

function layer(jax: Jax, of: Case, data: Named): Work {
  const np = jax.numpy;
  const params = arrays(jax, part(data, "params"));
  const [x, g] = [timeFirst(jax, data["x"]!), timeFirst(jax, data["g"]!)];
  const output = (params: Params, x: JaxArray): JaxArray => np.stack(forward(jax, of, params, x), 0);
  const backward = jax.jit(
    jax.grad((params: Params, x: JaxArray, g: JaxArray) => output(params, x).mul(g).sum(), { argnums: [0, 1] }),
  );
  const gradients = (): Record<string, JaxArray> => {
    const [params_, dx] = backward(jax.tree.ref(params), x.ref, g.ref) as [Params, JaxArray];
    return { ...params_, x: dx };
  };
  return {
    run: () => Promise.all(Object.values(gradients()).map((gradient) => gradient.data())),
    async results() {
      const named: Record<string, ArrayTensor> = {
        output: await array(output(jax.tree.ref(params), x.ref).transpose([1, 0, 2])),
      };
      for (const [name, gradient] of Object.entries(gradients()))
        named[`grad.${name}`] = await array(name === "x" ? gradient.transpose([1, 0, 2]) : gradient);
      return named;
    },
    close() {
      backward.dispose();
      jax.tree.dispose([params, x, g]);
    },
  };
}

/** Adam's moments, and its powers of beta1 and beta2. */
type State = {
  readonly params: { readonly [layer: string]: Params };
  readonly m: State["params"];
  readonly v: State["params"];
  readonly powers: readonly [JaxArray, JaxArray];
};

function training(jax: Jax, of: Case, data: Named): Work {
  const { numpy: np, nn } = jax;
  const params = { recurrent: arrays(jax, part(data, "params")), readout: arrays(jax, part(data, "dense")) };
  const zeros = (): State["params"] => mapParams(params, (p) => np.zeros(p.shape));
  const x = timeFirst(jax, data["x"]!);
  const labels = nn.oneHot(np.array(data["labels"]!.data, { dtype: np.int32 }), classes);
  const loss = ({ recurrent, readout }: State["params"], x: JaxArray, labels: JaxArray): JaxArray => {
    const outputs = forward(jax, of, recurrent!, x);
    const last = outputs.pop()!;
    jax.tree.dispose(outputs);
    const logits = np.matmul(last, readout!["W"]!).add(readout!["b"]!);
    return nn.logSoftmax(logits).mul(labels).sum().neg().div(of.batch);
  };
  const update = jax.jit(({ params, m, v, powers }: State, x: JaxArray, labels: JaxArray): [State, JaxArray] => {
    const [value, gradient] = jax.valueAndGrad(loss)(jax.tree.ref(params), x, labels);
    const [p1, p2] = [powers[0].mul(0.9), powers[1].mul(0.999)];
    const m1 = mapParams(m, (m, layer, name) => m.mul(0.9).add(gradient[layer]![name]!.ref.mul(0.1)));
    const v1 = mapParams(v, (v, layer, name) => {
      const g = gradient[layer]![name]!;
      return v.mul(0.999).add(g.ref.mul(g).mul(0.001));
    });
    const next = mapParams(params, (p, layer, name) => {
      const size = m1[layer]![name]!.ref.div(np.subtract(1, p1.ref));
      return p.sub(size.mul(0.001).div(np.sqrt(v1[layer]![name]!.ref.div(np.subtract(1, p2.ref))).add(1e-8)));
    });
    return [{ params: next, m: m1, v: v1, powers: [p1, p2] }, value];
  });
  let state: State = { params, m: zeros(), v: zeros(), powers: [np.array([1]), np.array([1])] };
  const run = async (): Promise<number> => {
    const [next, value] = update(state, x.ref, labels.ref);
    state = next;
    return (await value.data())[0]!;
  };
  return {
    run,
    results: async () => ({ losses: tensor([await run(), await run(), await run()], [3]) }),
    close() {
      update.dispose();
      jax.tree.dispose([x, labels]);
      jax.tree.dispose(state);
    },
  };
}

function mapParams(
  params: State["params"],
  f: (p: JaxArray, layer: string, name: string) => JaxArray,
): State["params"] {
  return Object.fromEntries(
    Object.entries(params).map(([layer, of]) => [
      layer,
      Object.fromEntries(Object.entries(of).map(([name, p]) => [name, f(p, layer, name)])),
    ]),
  );
}

function arrays(jax: Jax, named: Readonly<Record<string, ArrayTensor>>): Params {
  return Object.fromEntries(Object.entries(named).map(([name, x]) => [name, held(jax, x)]));
}

function held({ numpy: np }: Jax, { data, shape }: ArrayTensor): JaxArray {
  return np.array(Float32Array.from(data)).reshape(shape);
}

function timeFirst(jax: Jax, x: ArrayTensor): JaxArray {
  return held(jax, x).transpose([1, 0, 2]);
}

async function array(x: JaxArray): Promise<ArrayTensor> {
  const { shape } = x;
  return tensor(Float32Array.from(await x.data()), shape);
}
