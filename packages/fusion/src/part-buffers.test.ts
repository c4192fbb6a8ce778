// Running statistics of a layer that is a part of a fusion: those of the layer alone, through training and evaluation.
import { dense, gru, sequence } from "@sluice/cells";
import { batchNorm } from "@sluice/norm";
import { add, key, keyFor, leavesOf, mapTree, matmul, mul, normal, tensor, valuesOf, type Tree } from "@sluice/tensor";
import { expect, test } from "vitest";
import { defineFusion, multimodal, type FuseOptions } from "./index.ts";

const encoder = sequence(gru({ input: 2, hidden: 3, norm: batchNorm({ steps: 5 }) }), { outputs: "last" });
const scale = dense({ input: 1, output: 3 });
const encoding = defineFusion({
  name: "encoding",
  inputs: { audio: { kind: "sequence", width: 2 }, age: 1 },
  features: 3,
  params: {},
  parts: { encoder, scale },
  fuse(params, { audio, age }, { optionsOf }) {
    const lengths = audio.lengths && { lengths: audio.lengths };
    const encoded = encoder.apply(params.encoder, audio.x, { ...optionsOf("encoder"), ...lengths });
    const scaled = scale.apply(params.scale, age.x, optionsOf("scale"));
    return { output: add(encoded.output, scaled.output), buffers: { encoder: encoded.buffers } };
  },
});
const params = encoding.init(key(1));
const lengths = tensor(Int32Array.of(4, 2, 3));
const batch = (seed: number) => ({
  audio: { x: normal(keyFor(key(seed), "audio"), [3, 4, 2]), lengths },
  age: normal(keyFor(key(seed), "age"), [3, 1]),
});
const numbers = (tree: Tree): unknown => leavesOf(tree).map(({ path, tensor: x }) => [path, [...valuesOf(x)]]);

test("they are those of the layer alone, and evaluation reads them", () => {
  expect(leavesOf(encoding.initialBuffers()).map(({ path }) => path)).toEqual(
    leavesOf(encoder.initialBuffers()).map(({ path }) => `encoder.${path}`),
  );
  let [fused, alone] = [encoding.initialBuffers(), encoder.initialBuffers()];
  for (const seed of [2, 3]) {
    const given = batch(seed);
    fused = encoding.apply(params, given, { buffers: fused, training: true }).buffers;
    const { x } = given.audio;
    alone = encoder.apply(params.encoder, x, { buffers: alone, lengths, training: true }).buffers;
    expect(numbers(fused)).toEqual(numbers({ encoder: alone, scale: {} }));
  }
  const { audio, age } = batch(4);
  const { output, buffers } = encoding.apply(params, { audio, age }, { buffers: fused });
  expect(buffers).toBe(fused);
  const encoded = encoder.apply(params.encoder, audio.x, { buffers: alone, lengths }).output;
  expect(numbers(output)).toEqual(numbers(add(encoded, add(matmul(age, params.scale.W), params.scale.b!))));
  expect(numbers(output)).not.toEqual(
    numbers(encoding.apply(params, { audio, age }, { buffers: encoding.initialBuffers() }).output),
  );
});

test("they nest in models", () => {
  const model = multimodal({
    encoders: {},
    fusion: encoding,
    readout: dense({ input: 3, output: 1 }),
  });
  const weights = model.init(key(1));
  const before = model.initialBuffers();
  const { buffers } = model.apply(weights, batch(2), { buffers: before, training: true });
  const own = encoding.apply(weights.fusion, batch(2), { buffers: encoding.initialBuffers(), training: true });
  expect(numbers(buffers)).toEqual(numbers({ encoders: {}, fusion: own.buffers, readout: {} }));
});

test("what is missing is told", () => {
  const apply = (fusion: typeof encoding, options: FuseOptions) => () => fusion.apply(params, batch(1), options);
  expect(apply(encoding, {})).toThrow("encoding: buffers are missing: encoder.norm.gates.0.mean");
  const returning = (change: (buffers: Tree) => Tree | undefined) =>
    defineFusion({
      name: "changed",
      inputs: { audio: { kind: "sequence", width: 2 }, age: 1 },
      features: 3,
      params: {},
      parts: { encoder, scale },
      fuse(weights, { audio }, { optionsOf }) {
        const { output, buffers } = encoder.apply(weights.encoder, audio.x, optionsOf("encoder"));
        const changed = change(buffers);
        return { output, ...(changed && { buffers: { encoder: changed } }) };
      },
    });
  const training = { buffers: encoding.initialBuffers(), training: true };
  expect(
    apply(
      returning(() => undefined),
      training,
    ),
  ).toThrow("changed: the equations return no buffers of the part encoder, which has some; return { output, buffers:");
  expect(
    apply(
      returning((buffers) => mapTree(buffers, (x) => mul(x, tensor([1, 1], [2, 1, 1])))),
      training,
    ),
  ).toThrow("changed: what the equations return: the buffers do not fit: encoder.norm");
});
