// Every fusion here passes what a third party's must. Those in `others` are written as a third party would, and are of
// the forms that the literature has: a variance beside the mean, a condition beside a sequence, a memory over time.
import { defineCell, dense, dropout, embedding, gru, sequence, sequential } from "@sluice/cells";
import { batchNorm } from "@sluice/norm";
import { bias, kernel, recurrentKernel } from "@sluice/params";
import {
  add,
  concat,
  div,
  exp,
  full,
  isTensor,
  less,
  matmul,
  max,
  mean,
  mul,
  scan,
  select,
  stopGradient,
  sub,
  sum,
  tanh,
  transpose,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import {
  bilinear,
  bottleneckAttention,
  concatenation,
  crossAttention,
  crossAttentionBlock,
  deepSets,
  defineFusion,
  film,
  gmu,
  hierarchicalFusion,
  lateFusion,
  learnedPlaceholders,
  lmf,
  mag,
  memoryFusion,
  mfb,
  mixtureOfExperts,
  modalityDropout,
  modalityHeads,
  multimodal,
  multiplicativeInteractions,
  nonLocalGate,
  pool,
  productOfExperts,
  tensorFusion,
  type Fusion,
} from "./index.ts";
import { fusionSuite, type FusionLawName } from "./testing/index.ts";

/** A cell whose state decays with the time since the step before, an extra input. */
const decaying = defineCell({
  name: "decaying",
  extra: () => ({ delta: [1] }),
  params: ({ input, hidden }) => ({ W: kernel([input, hidden]) }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W }, { h }, x, { input, extra }) {
    return { state: { h: add(mul(exp(mul(extra.delta, -1)), h), tanh(input("x", x, W))) }, output: "h" };
  },
});

const inputs = { audio: 2, video: 3, text: 1 };
const steps = { audio: { kind: "sequence", width: 2 }, video: { kind: "sequence", width: 3 }, age: 1 } as const;

const even = { audio: 2, video: 2, text: 2 };
const evenSteps = { audio: steps.audio, video: { kind: "sequence", width: 2 }, age: 2 } as const;
const two = { audio: 2, video: 3 };
const both = { text: 2, audio: 1 };
const twoSteps = { audio: steps.audio, age: 3 } as const;

const members: Readonly<Record<string, Fusion>> = {
  concatenation: concatenation({ inputs }),
  "concatenation with presence, each step": concatenation({ inputs: steps, presence: true }),
  gmu: gmu({ inputs, output: 2 }),
  "gmu, each step": gmu({ inputs: steps, output: 2 }),
  lmf: lmf({ inputs, output: 2, rank: 2 }),
  "lmf, each step": lmf({ inputs: steps, output: 2, rank: 2 }),
  lateFusion: lateFusion({ inputs, output: 2 }),
  "lateFusion, each step": lateFusion({ inputs: steps, output: 2 }),
  mixtureOfExperts: mixtureOfExperts({ inputs, output: 2 }),
  "mixtureOfExperts, each step": mixtureOfExperts({ inputs: steps, output: 2 }),
  productOfExperts: productOfExperts({ inputs, output: 2 }),
  "productOfExperts, each step": productOfExperts({ inputs: steps, output: 2 }),
  deepSets: deepSets({ inputs: even, hidden: 3, output: 2 }),
  "deepSets, each step": deepSets({ inputs: evenSteps, output: 2 }),
  hierarchicalFusion: hierarchicalFusion({ inputs: even }),
  "hierarchicalFusion, each step": hierarchicalFusion({ inputs: evenSteps }),
  bilinear: bilinear({ inputs: two, output: 3 }),
  "bilinear, each step": bilinear({ inputs: twoSteps, output: 2 }),
  multiplicativeInteractions: multiplicativeInteractions({ inputs: two, output: 3 }),
  "multiplicativeInteractions, each step": multiplicativeInteractions({ inputs: twoSteps, output: 2 }),
  tensorFusion: tensorFusion({ inputs }),
  "tensorFusion, each step": tensorFusion({ inputs: steps }),
  mfb: mfb({ inputs: two, output: 2, rank: 3, dropout: 0.2 }),
  "mfb, each step, not normalized": mfb({ inputs: twoSteps, output: 2, rank: 2, normalized: false }),
  film: film({ inputs: two, condition: "video" }),
  "film, each step": film({ inputs: twoSteps, condition: "age" }),
  mag: mag({ inputs, main: "video", dropout: 0.2 }),
  "mag, each step": mag({ inputs: steps, main: "audio", shift: 0.5 }),
  nonLocalGate: nonLocalGate({ inputs: { text: 2, audio: 3 }, query: "text", output: 2 }),
  crossAttention: crossAttention({ inputs: { text: 2, audio: 3 }, query: "text", output: 4, heads: 2, dropout: 0.3 }),
  "crossAttention, causal": crossAttention({ inputs: { text: 1, audio: 2 }, query: "audio", output: 2, causal: true }),
  crossAttentionBlock: crossAttentionBlock({ inputs: { text: 2, audio: 2 }, query: "text", heads: 2, dropout: 0.3 }),
  "crossAttentionBlock, causal": crossAttentionBlock({
    inputs: { text: 3, audio: 3 },
    query: "audio",
    layers: 2,
    causal: true,
    residualDropout: 0.2,
  }),
  bottleneckAttention: bottleneckAttention({
    inputs: { text: 2, audio: 2 },
    bottlenecks: 1,
    heads: 2,
    hidden: 2,
    dropout: 0.2,
    attentionDropout: 0.2,
  }),
  "bottleneckAttention, the mean of steps": bottleneckAttention({
    inputs: { text: 2, audio: 2 },
    bottlenecks: 2,
    hidden: 1,
    summary: "mean",
  }),
  memoryFusion: memoryFusion({ inputs: { text: 1, audio: 1 }, hidden: 1, memory: 2, units: 2, dropout: 0.2 }),
  "memoryFusion, unequal widths": memoryFusion({
    inputs: both,
    hidden: { text: 1, audio: 2 },
    memory: 1,
    units: { attention: 2, proposal: 3, retain: 2, update: 3 },
  }),
  modalityDropout: modalityDropout(gmu({ inputs, output: 2 }), { rate: { audio: 0.5, text: 0.4 } }),
  "modalityDropout, each step": modalityDropout(gmu({ inputs: steps, output: 2 }), { rate: 0.4 }),
  learnedPlaceholders: learnedPlaceholders(gmu({ inputs, output: 2 })),
  "learnedPlaceholders, each step": learnedPlaceholders(lmf({ inputs: steps, output: 2, rank: 2 })),
  modalityHeads: modalityHeads(gmu({ inputs, output: 2 }), {
    audio: dense({ input: 2, output: 2 }),
    text: dense({ input: 1, output: 3 }),
  }),
  "modalityHeads, of sequences": modalityHeads(crossAttention({ inputs: both, query: "text", output: 2 }), {
    text: dense({ input: 2, output: 1 }),
    audio: sequence(gru({ input: 1, hidden: 2 }), { outputs: "last" }),
  }),
  "multimodal, of last states": multimodal({
    encoders: {
      audio: sequence(gru({ input: 2, hidden: 2 }), { outputs: "last" }),
      video: dense({ input: 1, output: 2 }),
    },
    fusion: gmu({ inputs: { audio: 2, video: 2, pose: 1 }, output: 3 }),
    readout: dense({ input: 3, output: 2 }),
  }),
  "multimodal, with running statistics": multimodal({
    encoders: { audio: sequence(gru({ input: 2, hidden: 2, norm: batchNorm({ steps: 4 }) }), { outputs: "last" }) },
    fusion: gmu({ inputs: { audio: 2, age: 1 }, output: 2 }),
  }),
  "multimodal, of steps": multimodal({
    encoders: {
      text: sequential([embedding({ tokens: 2, features: 2 }), sequence(gru({ input: 2, hidden: 2, dropout: 0.2 }))]),
      labs: sequence(decaying({ input: 1, hidden: 2 })),
    },
    fusion: crossAttention({ inputs: { text: 2, labs: 2 }, query: "labs", output: 2 }),
    readout: sequence(gru({ input: 2, hidden: 2 })),
  }),
};

/** Product of experts: each modality's mean and precision; one that is missing has the precision 0. */
const experts = defineFusion({
  name: "experts",
  inputs: { a: 2, b: 3 },
  features: 2,
  params: { mean: { a: kernel([2, 2]), b: kernel([3, 2]) }, precision: { a: kernel([2, 2]), b: kernel([3, 2]) } },
  fuse(params, { a, b }) {
    const of = ({ x, present }: typeof a, M: Tensor, S: Tensor): { m: Tensor; t: Tensor } => {
      const t = exp(matmul(x, S));
      return { m: matmul(x, M), t: present === undefined ? t : select(present, t, 0) };
    };
    const [p, q] = [of(a, params.mean.a, params.precision.a), of(b, params.mean.b, params.precision.b)];
    const variance = div(1, add(1, add(p.t, q.t)));
    return { output: mul(variance, add(mul(p.m, p.t), mul(q.m, q.t))), outputs: { variance } };
  },
});

/** A vector scales and shifts every step of a sequence. */
const modulation = defineFusion({
  name: "modulation",
  inputs: { signal: { kind: "sequence", width: 2 }, condition: 3 },
  stepwise: true,
  features: 2,
  params: { gamma: kernel([3, 2]), beta: kernel([3, 2]) },
  fuse: ({ gamma, beta }, { signal, condition }, { trace }) => ({
    output: add(mul(trace("gamma", matmul(condition.x, gamma)), signal.x), matmul(condition.x, beta)),
  }),
});

/** A memory over the steps of aligned sequences; the last state is the output. */
const memory = defineFusion({
  name: "memory",
  inputs: { audio: { kind: "sequence", width: 2 }, video: { kind: "sequence", width: 1 } },
  aligned: true,
  features: 2,
  params: { W: kernel([3, 2]), U: recurrentKernel([2, 2]), b: bias([2]) },
  fuse({ W, U, b }, { audio, video }) {
    const lengths = audio.lengths && video.lengths && max(audio.lengths, video.lengths);
    const { state } = scan(
      (u: Tensor, x: Tensor) => {
        const next = tanh(add(add(matmul(x, W), matmul(u, U)), b));
        return { state: next, output: {} };
      },
      full([audio.x.shape[0] ?? 0, 2], 0, audio.x.dtype),
      transpose(concat([audio.x, video.x], -1), [1, 0, 2]),
      lengths === undefined ? {} : { lengths },
    );
    return { output: state };
  },
});

const towards = {
  text: crossAttention({ inputs: both, query: "text", output: 2, dropout: 0.2 }),
  audio: crossAttention({ inputs: both, query: "audio", output: 2 }),
};

/** Fusions within a fusion: each sequence attends to the other, and the means of both are concatenated. */
const crossed = defineFusion({
  name: "crossed",
  inputs: { text: { kind: "sequence", width: 2 }, audio: { kind: "sequence", width: 1 } },
  features: 4,
  params: {},
  parts: towards,
  fuse(params, { text, audio }, { optionsOf }) {
    const given = { text: text.given, audio: audio.given };
    const means = (["text", "audio"] as const).map((query) => {
      const fused = towards[query].apply(params[query], given, optionsOf(query));
      return pool({ x: fused.output, ...(fused.lengths && { lengths: fused.lengths }) }, { by: "mean" }).x;
    });
    return { output: concat(means, -1) };
  },
});

const normalized = {
  audio: sequence(gru({ input: 2, hidden: 2, norm: batchNorm({ steps: 5 }) }), { outputs: "last" }),
  gate: gmu({ inputs: { audio: 2, age: 1 }, output: 2 }),
};

/** An encoder with running statistics within a fusion. */
const encoding = defineFusion({
  name: "encoding",
  inputs: { audio: { kind: "sequence", width: 2 }, age: 1 },
  features: 2,
  params: {},
  parts: normalized,
  fuse(params, { audio, age }, { optionsOf }) {
    const { x, lengths } = audio;
    const encoded = normalized.audio.apply(params.audio, x, { ...optionsOf("audio"), ...(lengths && { lengths }) });
    const given = { audio: encoded.output, age: age.given };
    const { output } = normalized.gate.apply(params.gate, given, optionsOf("gate"));
    return { output, buffers: { audio: encoded.buffers } };
  },
});

const others: Readonly<Record<string, Fusion>> = { experts, modulation, memory, crossed, encoding };

const backend = wasm();
afterAll(() => backend.close());

describe.each(Object.entries({ ...members, ...others }))("%s", (_, fusion) => {
  for (const { name, skip, run } of fusionSuite(fusion, { backend }))
    test(name, (context) => (skip === undefined ? run() : context.skip(skip)));
});

describe("a fusion that breaks a law is found", () => {
  const plain: Fusion = gmu({ inputs, output: 2 });
  const changed = (output: (y: Tensor, x: Tensor) => Tensor): Fusion => ({
    ...plain,
    apply(params, modalities, options) {
      const fused = plain.apply(params, modalities, options);
      const { audio } = modalities;
      return { ...fused, output: output(fused.output, audio && isTensor(audio) ? audio : audio!.x) };
    },
  });
  const broken = (fusion: Fusion, name: FusionLawName): (() => unknown) => {
    const law = fusionSuite(fusion).find((each) => each.name === name);
    return () => law!.run();
  };

  test("one that looks at what is missing", () => {
    const looking = changed((y, x) => add(y, sum(mul(x, 0), 1, { keep: true })));
    expect(broken(looking, "what is missing reaches nothing")).toThrow(
      "NaN as missing and padded values: value differs",
    );
  });

  test("one whose output hides NaN, and whose gradient does not", () => {
    const zeroed = changed((y, x) => add(y, select(less(x, 1e30), x, 0)));
    expect(broken(zeroed, "what is missing reaches nothing")).toThrow("as missing and padded values");
  });

  test("one that looks at the whole batch", () => {
    expect(
      broken(
        changed((y) => sub(y, mean(y, 0, { keep: true }))),
        "rows are independent",
      ),
    ).toThrow("row 0 alone");
  });

  test("one that draws in evaluation", () => {
    const noisy: Fusion = {
      ...plain,
      apply(params, modalities, { key: own, ...options } = {}) {
        const fused = plain.apply(params, modalities, options);
        return own === undefined ? fused : { ...fused, output: dropout(fused.output, 0.5, own) };
      },
    };
    expect(broken(noisy, "only training draws, and from its key")).toThrow("evaluation with a key");
  });

  test("one with a wrong shape, an unused parameter, or a gradient that is cut", () => {
    expect(
      broken({ ...plain, outputShape: ({ batch }) => [batch, 3] }, "the output has the shape of outputShape"),
    ).toThrow("the output is [4,2], not [4,3]");
    const idle = defineFusion({
      name: "idle",
      inputs,
      features: 2,
      params: { W: kernel([2, 2]), b: bias([2]) },
      fuse: ({ W }, { audio }) => ({ output: matmul(audio.x, W) }),
    });
    expect(broken(idle, "every parameter and modality is used")).toThrow("params.b reaches no output");
    expect(
      broken(
        changed((y) => mul(y, stopGradient(y))),
        "the gradient equals finite differences",
      ),
    ).toThrow("the gradient differs from central differences");
  });

  test("one whose padding is seen", () => {
    const whole = defineFusion({
      name: "whole",
      inputs: { audio: { kind: "sequence", width: 2 } },
      features: 2,
      params: { b: bias([2]) },
      fuse: ({ b }, { audio }) => ({ output: mean(tanh(add(audio.x, b)), 1) }),
    });
    // What stands at padding reaches nothing, but the zeros in its place count in the mean.
    expect(broken(whole, "padding reaches nothing")).not.toThrow();
    expect(broken(whole, "a padded row equals the row without padding")).toThrow("row 1 without padding");
  });

  test("laws are left out by name, with a reason", () => {
    const laws = fusionSuite(plain, { except: { "rows are independent": "batch statistics" } });
    expect(laws.filter(({ skip }) => skip !== undefined).map(({ name, skip }) => [name, skip])).toEqual([
      ["rows are independent", "batch statistics"],
      ["a backend has the reference's values", "no backend is given"],
    ]);
    expect(() => fusionSuite(plain, Object({ except: { rows: "" } }))).toThrow("fusionSuite: no law rows");
  });
});
