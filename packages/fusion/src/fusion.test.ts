import { kernel, parameterCount, specsOf } from "@sluice/params";
import {
  grad,
  key,
  keyFor,
  leavesOf,
  mapTree,
  mul,
  normal,
  reshape,
  select,
  sliceAxis,
  sum,
  tensor,
  valuesOf,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { concatenation, defineFusion, gmu, lmf, type Fusion } from "./index.ts";

const root = key(5);
const batch = 4;
const inputs = { audio: 2, video: 3, text: 1 };
const names = Object.keys(inputs) as (keyof typeof inputs)[];
const features = 3;
const rank = 2;
const fusions: Record<string, Fusion<Tree, keyof typeof inputs>> = {
  concatenation: concatenation({ inputs }),
  "concatenation with presence": concatenation({ inputs, presence: true }),
  gmu: gmu({ inputs, output: features }),
  lmf: lmf({ inputs, output: features, rank }),
};

const sequences = Object.fromEntries(
  names.map((name) => [name, { kind: "sequence", width: inputs[name] } as const]),
) as Record<keyof typeof inputs, { kind: "sequence"; width: number }>;
const each: typeof fusions = {
  concatenation: concatenation({ inputs: sequences }),
  "concatenation with presence": concatenation({ inputs: sequences, presence: true }),
  gmu: gmu({ inputs: sequences, output: features }),
  lmf: lmf({ inputs: sequences, output: features, rank }),
};

const modalities = Object.fromEntries(
  names.map((name) => [name, normal(keyFor(root, name), [batch, inputs[name]], { dtype: "f64" })]),
) as Record<keyof typeof inputs, ArrayTensor>;
/** Everything, each alone missing in turn, and a row without any. */
const pattern = [
  [1, 1, 1],
  [0, 1, 1],
  [1, 0, 0],
  [0, 0, 0],
];
const present = tensor(pattern.flat(), [batch, 3], { dtype: "bool" });

type Described = { readonly x: Tensor; readonly present: Tensor };

/** The modalities, each with its column of `present` `[..., modalities]`. */
const where = <M extends string>(given: Readonly<Record<M, Tensor>>, here: Tensor): Record<M, Described> =>
  Object.fromEntries(
    Object.entries<Tensor>(given).map(([name, x], m) => {
      const flags = sliceAxis(here, here.shape.length - 1, m, m + 1);
      return [name, { x, present: reshape(flags, here.shape.slice(0, -1)) }];
    }),
  ) as unknown as Record<M, Described>;

const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const rowsOf = (y: Tensor): number[][] => {
  const width = y.shape.at(-1)!;
  return Array.from({ length: y.shape[0]! }, (_, i) => numbers(y).slice(i * width, (i + 1) * width));
};
const columns = (y: Tensor, column: number): number[] => rowsOf(y).map((row) => row[column]!);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

type Golden = (params: Tree, x: readonly number[][], here: readonly boolean[]) => number[];

const at = (params: Tree, path: string): Tensor => leavesOf(params).find((leaf) => leaf.path === path)!.tensor;
const product = (x: readonly number[], W: Tensor, column: number): number =>
  columns(W, column).reduce((total, w, i) => total + w * x[i]!, 0);

const golden: Record<string, Golden> = {
  concatenation: (_, x, here) => x.flatMap((values, m) => values.map((value) => (here[m] ? value : 0))),
  "concatenation with presence": (_, x, here) => [
    ...x.flatMap((values, m) => values.map((value) => (here[m] ? value : 0))),
    ...here.map(Number),
  ],
  gmu(params, x, here) {
    const zeroed = x.map((values, m) => values.map((value) => (here[m] ? value : 0)));
    return Array.from({ length: features }, (_, j) => {
      const z = names.map((name) => sigmoid(product(zeroed.flat(), at(params, `Wz.${name}`), j)));
      const all = z.reduce((a, b) => a + b, 0);
      const left = z.reduce((total, gate, m) => total + (here[m] ? gate : 0), 0);
      // The same weights written another way: their sum over all, divided among those present.
      return names.reduce(
        (h, name, m) =>
          here[m] ? h + ((z[m]! * all) / left) * Math.tanh(product(x[m]!, at(params, `W.${name}`), j)) : h,
        0,
      );
    });
  },
  lmf: (params, x, here) =>
    Array.from({ length: features }, (_, j) => {
      let h = numbers(at(params, "b"))[j]!;
      for (let i = 0; i < rank; i++) {
        let term = 1;
        names.forEach((name, m) => {
          if (here[m]) term *= product([...x[m]!, 1], at(params, `W.${name}`), i * features + j);
        });
        h += term;
      }
      return h;
    }),
};

const sized = (fusion: Fusion<Tree, keyof typeof inputs>): Tree => {
  const params = fusion.init(keyFor(root, fusion.name), { dtype: "f64" });
  return mapTree(params, (w, path) => (path === "b" ? tensor(new Float64Array([0.1, -0.2, 0.3])) : w));
};

describe.each(Object.entries(fusions))("%s", (kind, fusion) => {
  const params = sized(fusion);
  const x = Array.from({ length: batch }, (_, b) => names.map((name) => rowsOf(modalities[name])[b]!));

  test.each([false, true])("is the plain loop over its equation (some missing: %s)", (missing) => {
    const { output } = fusion.apply(params, missing ? where(modalities, present) : modalities);
    expect(output.shape).toEqual([batch, fusion.features]);
    rowsOf(output).forEach((row, b) => {
      const expected = golden[kind]!(params, x[b]!, missing ? pattern[b]!.map((on) => on === 1) : [true, true, true]);
      expect(row.length).toBe(expected.length);
      row.forEach((y, j) => expect(y).toBeCloseTo(expected[j]!, 12));
    });
  });

  test("fuses every step of sequences as it fuses one", () => {
    const split = (y: Tensor): Tensor =>
      reshape(y, y.shape.length === 1 ? [2, batch / 2] : [2, batch / 2, y.shape.at(-1)!]);
    const given = where(modalities, present);
    const stepwise = Object.fromEntries(
      names.map((name) => [name, { x: split(given[name].x), present: split(given[name].present) }]),
    ) as typeof given;
    const output = each[kind]!.apply(params, stepwise).output;
    expect(output.shape).toEqual([2, 2, fusion.features]);
    expect(numbers(output)).toEqual(numbers(fusion.apply(params, given).output));
  });

  test("takes an empty batch", () => {
    const weights = fusion.init(keyFor(root, "f32"));
    const none = Object.fromEntries(names.map((name) => [name, tensor([], [0, inputs[name]])])) as typeof modalities;
    expect(fusion.apply(weights, where(none, tensor([], [0, 3], { dtype: "bool" }))).output.shape).toEqual([
      0,
      fusion.features,
    ]);
  });
});

describe("aligned sequences", () => {
  const kinds = { audio: { kind: "sequence", width: 2 }, video: { kind: "sequence", width: 1 }, age: 1 } as const;
  const [audio, video, age] = [
    normal(keyFor(root, "sound"), [2, 3, 2]),
    normal(keyFor(root, "pictures"), [2, 3, 1]),
    normal(keyFor(root, "age"), [2, 1]),
  ];
  const fusion = concatenation({ inputs: kinds, presence: true });

  test("are fused up to the longest, one that is over is missing, and a vector is repeated", () => {
    const lengths = tensor([1, 2], [2], { dtype: "i32" });
    const fused = fusion.apply({}, { audio: { x: audio, lengths }, video: { x: video, lengths: [2, 0] }, age });
    expect(fused.output.shape).toEqual(fusion.outputShape({ batch: 2, time: { audio: 3, video: 3 } }));
    expect(numbers(fused.lengths!)).toEqual([2, 2]);
    const [a, v, one] = [numbers(audio), numbers(video), numbers(age)];
    const nothing = new Array<number>(7).fill(0);
    const expected = [
      [a[0], a[1], v[0], one[0], 1, 1, 1],
      [0, 0, v[1], one[0], 0, 1, 1],
      nothing,
      [a[6], a[7], 0, one[1], 1, 0, 1],
      [a[8], a[9], 0, one[1], 1, 0, 1],
      nothing,
    ];
    expect(numbers(fused.output)).toEqual(expected.flat());
  });

  test("have the times of the first that has any, and all steps where one has no lengths", () => {
    const times = tensor([0, 1, 2, 0, 2, 4], [2, 3]);
    const fused = fusion.apply({}, { audio: { x: audio, lengths: [1, 2] }, video: { x: video, times }, age });
    expect(fused.lengths).toBeUndefined();
    expect(fused.times).toBe(times);
  });

  test("with the same lengths have no step at which one is missing: the gates are not touched", () => {
    const gates = gmu({ inputs: { audio: kinds.audio, video: kinds.video }, output: 2 });
    const params = gates.init(key(3));
    const lengths = tensor([1, 3], [2], { dtype: "i32" });
    const plain = gates.apply(params, { audio, video });
    const cut = gates.apply(params, { audio: { x: audio, lengths }, video: { x: video, lengths } });
    const rows = [numbers(plain.output), numbers(cut.output)];
    expect(rows[1]!.slice(0, 2)).toEqual(rows[0]!.slice(0, 2));
    expect(rows[1]!.slice(2, 6)).toEqual([0, 0, 0, 0]);
    expect(rows[1]!.slice(6)).toEqual(rows[0]!.slice(6));
  });
});

describe("missing modalities", () => {
  const gates = gmu({ inputs, output: features });
  const params = gates.init(keyFor(root, "gmu"), { dtype: "f64" });

  test("gates keep their sum while any modality is present, and are 0 where it is missing", () => {
    const zeroed = Object.fromEntries(
      names.map((name, m) => [name, select(sliceAxis(present, 1, m, m + 1), modalities[name], 0)]),
    ) as typeof modalities;
    const free = gates.apply(params, zeroed, { traces: true }).traces;
    const { traces } = gates.apply(params, where(modalities, present), { traces: true });
    expect(Object.keys(traces)).toEqual(names.map((name) => `gate.${name}`));
    for (const [b, here] of pattern.entries()) {
      for (let j = 0; j < features; j++) {
        const sumOf = (of: Readonly<Record<string, Tensor>>): number =>
          names.reduce((total, name) => total + rowsOf(of[`gate.${name}`]!)[b]![j]!, 0);
        expect(sumOf(traces)).toBeCloseTo(here.some((on) => on === 1) ? sumOf(free) : 0, 12);
        names.forEach((name, m) => {
          if (here[m] === 0) expect(rowsOf(traces[`gate.${name}`]!)[b]![j]).toBe(0);
        });
      }
    }
  });

  test.each([-40, -80, -100, -300])(
    "gates that are all but closed in f32 (logit %d) give zeros and finite gradients",
    (logit) => {
      const two = gmu({ inputs: { a: 1, b: 1 }, output: 1 });
      const closed = tensor([logit, logit], [2, 1]);
      const weights = { W: { a: tensor([1], [1, 1]), b: tensor([1], [1, 1]) }, Wz: { a: closed, b: closed } };
      const x = { a: tensor([1], [1, 1]), b: tensor([1], [1, 1]) };
      const here = tensor([1, 0], [1, 2], { dtype: "bool" });
      expect(numbers(two.apply(weights, where(x, here)).output)[0]).toBeCloseTo(0, 12);
      expect(
        leavesOf(grad((p: typeof weights) => sum(two.apply(p, where(x, here)).output))(weights))
          .flatMap(({ tensor: g }) => numbers(g))
          .every(Number.isFinite),
      ).toBe(true);
    },
  );

  test.each([-30, -69, -75, -87, -90, -100, -103, -300])(
    "gates that are all but closed in f32 (logit %d), beside an open one that is missing, have finite gradients",
    (logit) => {
      const two = gmu({ inputs: { a: 1, b: 1 }, output: 1 });
      const weights = {
        W: { a: tensor([1], [1, 1]), b: tensor([1], [1, 1]) },
        Wz: { a: tensor([logit, logit], [2, 1]), b: tensor([0, 0], [2, 1]) },
      };
      const x = { a: tensor([1], [1, 1]), b: tensor([1], [1, 1]) };
      const here = tensor([1, 0], [1, 2], { dtype: "bool" });
      const { output } = two.apply(weights, where(x, here));
      // The open gate's half goes to the one that is there, down to where its gate counts as closed.
      expect(numbers(output)[0]).toBeCloseTo(logit >= -69 ? 0.5 * Math.tanh(1) : 0, 6);
      const gradients = leavesOf(
        grad((p: typeof weights) => sum(mul(two.apply(p, where(x, here)).output, 1000)))(weights),
      );
      expect(gradients.flatMap(({ tensor: g }) => numbers(g)).filter((g) => !Number.isFinite(g))).toEqual([]);
    },
  );

  test("the product of a row without modalities is empty: the rank, and the bias", () => {
    const fusion = lmf({ inputs, output: features, rank: 5 });
    const none = tensor(new Array(batch * 3).fill(0), [batch, 3], { dtype: "bool" });
    expect(numbers(fusion.apply(fusion.init(key(1)), where(modalitiesOf32(), none)).output)).toEqual(
      new Array(batch * features).fill(5),
    );
  });
});

const modalitiesOf32 = (): Record<keyof typeof inputs, Tensor> =>
  Object.fromEntries(names.map((name) => [name, normal(keyFor(root, name), [batch, inputs[name]])])) as Record<
    keyof typeof inputs,
    Tensor
  >;

test("LMF of rank 1 to many starts with outputs of about unit variance", () => {
  const wide = { a: 30, b: 20 };
  const x = { a: normal(key(1), [200, 30]), b: normal(key(2), [200, 20]) };
  for (const r of [1, 4, 16]) {
    const fusion = lmf({ inputs: wide, output: 40, rank: r });
    const h = numbers(fusion.apply(fusion.init(key(3)), x).output);
    const variance = h.reduce((total, y) => total + y * y, 0) / h.length;
    expect(variance).toBeGreaterThan(0.6);
    expect(variance).toBeLessThan(1.6);
  }
});

test("parameters are counted, and named by modality", () => {
  expect(specsOf(gmu({ inputs, output: 3 }).params).map(({ path, spec }) => [path, spec.shape])).toEqual([
    ["W.audio", [2, 3]],
    ["W.video", [3, 3]],
    ["W.text", [1, 3]],
    ["Wz.audio", [6, 3]],
    ["Wz.video", [6, 3]],
    ["Wz.text", [6, 3]],
  ]);
  expect(parameterCount(lmf({ inputs, output: 3, rank: 2 }))).toBe((3 + 4 + 2) * 6 + 3);
});

describe("bad input", () => {
  const fusion = gmu({ inputs: { audio: 2, video: 1 }, output: 3 });
  const params = fusion.init(key(1));
  const audio = tensor([1, 2], [1, 2]);
  const video = tensor([1], [1, 1]);
  const steps = gmu({
    inputs: { audio: { kind: "sequence", width: 2 }, video: { kind: "sequence", width: 1 } },
    output: 3,
  });
  const stepParams = steps.init(key(1));
  const [sound, pictures] = [tensor([1, 2, 3, 4], [1, 2, 2]), tensor([1, 2], [1, 2, 1])];
  test.each<[string, () => unknown, string]>([
    [
      "no modalities",
      () => concatenation({ inputs: {} }),
      "concatenation: inputs is empty; expected the width of each modality, for example { audio: 16, video: 32 }",
    ],
    [
      "a width of 0",
      () => gmu({ inputs: { audio: 0 }, output: 1 }),
      "gmu: inputs.audio must be an integer >= 1, got 0",
    ],
    ["an output of 0", () => lmf({ inputs: { audio: 1 }, output: 0 }), "lmf: output must be an integer >= 1, got 0"],
    [
      "a rank of 1.5",
      () => lmf({ inputs: { audio: 1 }, output: 1, rank: 1.5 }),
      "lmf: rank must be an integer >= 1, got 1.5",
    ],
    [
      "a dot in a name",
      () => concatenation({ inputs: { "a.b": 1 } }),
      'concatenation: the name of modality "a.b" has a dot, which separates the parts of a parameter\'s path; use another name',
    ],
    [
      "an unknown option",
      () => lmf({ inputs: { audio: 1 }, output: 1, ranks: 2 } as never),
      "lmf: unknown option ranks; did you mean rank?",
    ],
    [
      "an unknown option of apply",
      () => fusion.apply(params, { audio, video }, { mask: video } as never),
      "gmu.apply: unknown option mask",
    ],
    [
      "an unknown modality",
      () => fusion.apply(params, { audio, vidoe: video } as never),
      "gmu: unknown modality vidoe; did you mean video?",
    ],
    [
      "one not given",
      () => fusion.apply(params, { audio } as never),
      "gmu: modality video was not given; if it is missing, pass any values and set present to false",
    ],
    [
      "a wrong width",
      () => fusion.apply(params, { audio, video: audio }),
      "gmu: modality video must be [batch, 1], got [1,2]",
    ],
    [
      "a sequence for a vector",
      () => fusion.apply(params, { audio, video: tensor([1, 2], [1, 2, 1]) }),
      'gmu: modality video must be [batch, 1], got [1,2,1]; for a sequence, declare it in inputs as { kind: "sequence", width: 1 }',
    ],
    [
      "integers",
      () => fusion.apply(params, { audio, video: tensor([1], [1, 1], { dtype: "i32" }) }),
      "gmu: modality video must be f32 [batch, 1], got i32 [1,1]",
    ],
    [
      "batches that differ",
      () => fusion.apply(params, { audio, video: tensor([1, 2], [2, 1]) }),
      "gmu: modalities must agree in the batch axis: audio is [1,2], video is [2,1]",
    ],
    [
      "aligned sequences that differ in time",
      () => steps.apply(stepParams, { audio: sound, video: tensor([1], [1, 1, 1]) }),
      "gmu: modalities must agree in the time axis: audio is [1,2,2], video is [1,1,1]",
    ],
    [
      "present of another shape",
      () => fusion.apply(params, { audio: { x: audio, present: tensor([1], [1, 1], { dtype: "bool" }) }, video }),
      "gmu: modality audio: present must be bool [1], got bool [1,1]",
    ],
    [
      "present as numbers",
      () => steps.apply(stepParams, { audio: { x: sound, present: audio }, video: pictures }),
      "gmu: modality audio: present must be bool [1] or [1,2], got f32 [1,2]",
    ],
    [
      "lengths of a vector",
      () => fusion.apply(params, { audio: { x: audio, lengths: [1] }, video }),
      "gmu: modality audio is a vector and has no lengths; use present",
    ],
    [
      "a length too long",
      () => steps.apply(stepParams, { audio: { x: sound, lengths: [3] }, video: pictures }),
      "gmu: modality audio: lengths must be integers from 0 to 2, the number of steps, got 3",
    ],
    [
      "times of another shape",
      () => steps.apply(stepParams, { audio: { x: sound, times: audio }, video: { x: pictures, times: sound } }),
      "gmu: modality video: times must be f32 [1,2], got f32 [1,2,2]",
    ],
    [
      "a part of another name",
      () => fusion.apply(params, { audio: { x: audio, mask: audio } as never, video }),
      "gmu: modality audio: unknown option mask; did you mean present?",
    ],
    [
      "an extra that nothing reads",
      () => fusion.apply(params, { audio: { x: audio, extra: { delta: audio } }, video }),
      "gmu: modality audio: no encoder reads its extra (delta)",
    ],
    [
      "a trace that is not there",
      () => fusion.apply(params, { audio, video }, { traces: ["gate.vidoe"] }),
      "gmu: no trace gate.vidoe; did you mean gate.video?",
    ],
    [
      "a part with the name of a parameter",
      () =>
        defineFusion({
          name: "mine",
          inputs: { audio: 2 },
          features: 2,
          params: { W: kernel([2, 2]) },
          parts: { W: fusion },
          fuse: (_, modalities) => ({ output: modalities.audio.x }),
        }),
      "mine: W is a parameter and a part; rename one",
    ],
    [
      "a kind that is not known",
      () => gmu({ inputs: { audio: { kind: "series", width: 2 } as never }, output: 1 }),
      "gmu: unknown kind series of inputs.audio; known: vector, sequence",
    ],
    [
      "a size without the number of steps",
      () => steps.outputShape({ batch: 2 }),
      "gmu.outputShape: the number of steps of audio is missing; give { batch, time: { audio: 20 } }",
    ],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
