// What is not to be looked at (steps beyond a length, masked steps, rows that are not present, missing modalities,
// masked losses) reaches nothing: outputs, losses and gradients have the bits that they have with zeros there.
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
  sequence,
  sequential,
  type ApplyOptions,
  type Layer,
} from "@sluice/cells";
import { concatenation, crossAttention, gmu, lmf, multimodal, type Fusion } from "@sluice/fusion";
import { gpu } from "@sluice/gpu";
import { layerNorm } from "@sluice/norm";
import * as t from "@sluice/tensor";
import type { ArrayTensor, Backend, Tensor, Tree } from "@sluice/tensor";
import { binaryCrossEntropy, crossEntropy, mse } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 240_000 });

const [batch, time, input, hidden] = [5, 6, 3, 4];
const backends: Record<string, Promise<Backend> | Backend> = {
  reference: t.reference(),
  "wasm, 1 thread": wasm(),
  "wasm, 3 threads": wasm({ threads: 3 }),
  "gpu cpu": gpu({ mode: "cpu" }),
};
afterAll(async () => {
  for (const backend of Object.values(backends)) await (await backend).close();
});

const random = (name: string, shape: readonly number[]): ArrayTensor =>
  t.mul(t.normal(t.keyFor(t.key(7), name), shape), 0.5) as ArrayTensor;
const bool = (values: readonly number[], shape: readonly number[]): ArrayTensor =>
  t.tensor(values, shape, { dtype: "bool" });
const junk = [NaN, Infinity, -Infinity, 3e38, -3e38, 1];

/** `x` [batch, time, ...] where `looked` says so, and `other` elsewhere. */
function withOther(
  x: ArrayTensor,
  looked: (row: number, step: number) => boolean,
  other: (i: number) => number,
): ArrayTensor {
  const width = x.data.length / (x.shape[0]! * x.shape[1]!);
  return t.tensor(
    x.data.map((value, i) => {
      const at = Math.floor(i / width);
      return looked(Math.floor(at / x.shape[1]!), at % x.shape[1]!) ? value : other(i);
    }),
    x.shape,
  );
}

const bitsOf = (tree: Tree): unknown[] =>
  t
    .leavesOf(tree)
    .map(({ path, tensor }) => [path, [...new Uint32Array(Float32Array.from(t.valuesOf(tensor)).buffer)]]);

/** Runs `f` with zeros and with each kind of junk at what is not looked at, and expects one result, which is finite. */
async function expectSame<A extends Tree>(
  f: (given: A) => Tree,
  given: (other: (i: number) => number) => A,
  names: readonly string[] = Object.keys(backends),
): Promise<void> {
  const clean = given(() => 0);
  for (const name of names) {
    const run = await t.compile(f, [clean], { backend: await backends[name]! });
    const expected = await run(clean);
    for (const { path, tensor } of t.leavesOf(expected))
      expect(t.valuesOf(tensor).every(Number.isFinite), `${name}: ${path}`).toBe(true);
    for (const other of [(): number => NaN, (i: number): number => junk[i % junk.length]!])
      expect(bitsOf(await run(given(other))), name).toEqual(bitsOf(expected));
    await run.dispose();
  }
}

const lengths = [2, 6, 0, 4, 1];
const maskOf = (row: number, step: number): boolean => row !== 2 && (row * 3 + step * 5) % 4 !== 0;
const flags = bool(
  Array.from({ length: batch * time }, (_, i) => (maskOf(Math.floor(i / time), i % time) ? 1 : 0)),
  [batch, time],
);
const within = (row: number, step: number): boolean => step < lengths[row]!;
const present = bool([1, 0, 1, 1, 0], [batch]);
const isPresent = (row: number): boolean => present.data[row] === 1;
const resets = bool(
  Array.from({ length: batch * time }, (_, i) => ((i * 7) % 5 === 0 ? 1 : 0)),
  [batch, time],
);

const ways: Record<
  string,
  { readonly options: ApplyOptions; readonly looked: (row: number, step: number) => boolean }
> = {
  lengths: { options: { lengths }, looked: within },
  mask: { options: { mask: flags }, looked: maskOf },
  present: { options: { present }, looked: isPresent },
  "all of them, with resets": {
    options: { lengths, mask: flags, present, resets },
    looked: (row, step) => within(row, step) && maskOf(row, step) && isPresent(row),
  },
};

const sizes = { input, hidden };
const layers: Record<string, Layer> = {
  rnn: sequence(rnn(sizes)),
  "gru, last output": sequence(gru(sizes), { outputs: "last" }),
  "lstm with layer norm, backwards": sequence(lstm({ ...sizes, norm: layerNorm() }), { reverse: true }),
  "gru both ways": bidirectional(gru(sizes)),
  "dense, gru, gru and dense": sequential([
    dense({ input, output: input }),
    sequence(gru(sizes)),
    sequence(gru({ input: hidden, hidden })),
    dense({ input: hidden, output: 2 }),
  ]),
  "convolution, attention to a window and gru": sequential([
    conv1d({ input, output: hidden, kernelSize: 3, dilation: 2 }),
    conv1d({ input: hidden, kernelSize: 2, depthwise: true }),
    attention({ input: hidden, heads: 2, window: 3 }),
    sequence(gru({ input: hidden, hidden })),
  ]),
  "attention to all steps": attention({ input, output: hidden, heads: 2 }),
  "attention to earlier steps": attention({ input, output: hidden, causal: true, bias: false }),
  gruD: sequence(gruD(sizes)),
  hiddenDecay: sequence(hiddenDecay(gru(sizes))),
};

describe.each(Object.entries(layers))("%s", (_, layer) => {
  const params = layer.init(t.key(1));
  const [x, mask, delta, elapsed] = [
    random("x", [batch, time, input]),
    t.onesLike(random("x", [batch, time, input])) as ArrayTensor,
    t.abs(random("delta", [batch, time, input])),
    t.abs(random("elapsed", [batch, time, 1])),
  ];

  test.each(Object.entries(ways))("%s", async (_name, { options, looked }) => {
    type Given = { params: Tree; x: Tensor; extra: { mask: Tensor; delta: Tensor; elapsed: Tensor } };
    const loss = (given: Given): Tensor => {
      const { output, state } = layer.apply(given.params, given.x, { ...options, extra: given.extra });
      return t.tensorsOf(state).reduce((sum, s) => t.add(sum, t.sum(t.square(s))), t.sum(t.square(output)));
    };
    await expectSame(
      (given: Given) => ({
        ...t.valueAndGrad(loss)(given),
        output: layer.apply(given.params, given.x, { ...options, extra: given.extra }).output,
      }),
      (other) => ({
        params,
        x: withOther(x, looked, other),
        extra: {
          mask: withOther(mask, looked, other),
          delta: withOther(delta as ArrayTensor, looked, other),
          elapsed: withOther(elapsed as ArrayTensor, looked, other),
        },
      }),
    );
  });
});

test("lengths that are known when the program runs, in any order of the rows", async () => {
  const layer = sequence(gru(sizes));
  const params = layer.init(t.key(1));
  const x = random("x", [batch, time, input]);
  for (const order of [lengths, lengths.toSorted((a, b) => b - a), lengths.toSorted((a, b) => a - b)]) {
    type Given = { params: typeof params; x: Tensor; lengths: Tensor };
    const loss = ({ params: p, x: y, lengths: n }: Given): Tensor =>
      t.sum(t.square(layer.apply(p, y, { lengths: n }).output));
    await expectSame(
      ({ lengths: n, ...rest }: Given) =>
        t.valueAndGrad((given: Omit<Given, "lengths">) => loss({ ...given, lengths: n }))(rest),
      (other) => ({
        params,
        x: withOther(x, (row, step) => step < order[row]!, other),
        lengths: t.tensor(Int32Array.from(order)),
      }),
    );
  }
});

const inputs = { audio: hidden, video: 2 };
const fusions: Record<string, Fusion> = {
  concatenation: concatenation({ inputs, presence: true }),
  gmu: gmu({ inputs, output: 3 }),
  lmf: lmf({ inputs, output: 3 }),
};

test.each(Object.entries(fusions))(
  "%s: a missing modality, and the sequence that it is read from",
  async (_, fusion) => {
    const model = multimodal({ encoders: { audio: sequence(gru(sizes), { outputs: "last" }) }, fusion });
    const params = model.init(t.key(1));
    const [sound, video] = [random("sound", [batch, time, input]), random("video", [batch, 2])];
    const [hasSound, hasVideo] = [bool([1, 0, 1, 1, 0], [batch]), bool([1, 1, 0, 1, 0], [batch])];
    type Given = { params: Tree; sound: Tensor; video: Tensor };
    const loss = ({ params: p, sound: s, video: v }: Given): Tensor => {
      const { output } = model.apply(p as never, {
        audio: { x: s, present: hasSound },
        video: { x: v, present: hasVideo },
      });
      return t.sum(t.square(output));
    };
    await expectSame(
      (given: Given) => t.valueAndGrad(loss)(given),
      (other) => ({
        params,
        sound: withOther(sound, (row) => hasSound.data[row] === 1, other),
        video: t.reshape(
          withOther(t.reshape(video, [batch, 1, 2]) as ArrayTensor, (row) => hasVideo.data[row] === 1, other),
          [batch, 2],
        ),
      }),
    );
  },
);

test("crossAttention: steps beyond the lengths of both sequences", async () => {
  const fusion = crossAttention({
    inputs: { text: 2, sound: input },
    query: "text",
    output: 4,
    heads: 2,
    causal: true,
  });
  const params = fusion.init(t.key(1));
  const [text, sound] = [random("text", [batch, time, 2]), random("sound", [batch, time, input])];
  const lengths = { text: [6, 1, 0, 3, 2], sound: [2, 6, 4, 0, 1] };
  type Given = { params: typeof params; text: Tensor; sound: Tensor };
  const loss = ({ params: p, text: x, sound: y }: Given): Tensor => {
    const { output } = fusion.apply(p, {
      text: { x, lengths: lengths.text },
      sound: { x: y, lengths: lengths.sound },
    });
    return t.sum(t.square(output));
  };
  await expectSame(
    (given: Given) => t.valueAndGrad(loss)(given),
    (other) => ({
      params,
      text: withOther(text, (row, step) => step < lengths.text[row]!, other),
      sound: withOther(sound, (row, step) => step < lengths.sound[row]!, other),
    }),
  );
});

describe("masked losses", () => {
  const mask = flags;
  const given = (width: number) => (other: (i: number) => number) => ({
    p: withOther(random("p", [batch, time, width]), maskOf, other),
    y: withOther(t.sigmoid(random("y", [batch, time, width])) as ArrayTensor, maskOf, other),
  });
  type Given = { p: Tensor; y: Tensor };
  test.each<[string, (given: Given) => Tensor]>([
    ["mse", ({ p, y }) => mse(p, y, { mask })],
    [
      "crossEntropy of probabilities, with weights of classes",
      ({ p, y }) => crossEntropy(p, y, { mask, classWeights: t.tensor([1, 2, 3]) }),
    ],
    [
      "binaryCrossEntropy, weighted by what stands there too",
      ({ p, y }) => binaryCrossEntropy(p, y, { mask, weight: y }),
    ],
  ])("%s", async (_, loss) => {
    await expectSame((g: Given) => ({ loss: loss(g), d: t.grad((p: Tensor) => loss({ ...g, p }))(g.p) }), given(3));
  });
});
