import {
  assertGradient,
  compile,
  grad,
  key,
  keyFor,
  leavesOf,
  mapTree,
  mul,
  normal,
  select,
  sliceAxis,
  square,
  sum,
  tensor,
  valueAndGradAux,
  valuesOf,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { parameterCount, specsOf } from "@sluice/params";
import { wasm } from "@sluice/wasm";
import { describe, expect, test } from "vitest";
import { concatenation, gated, lowRank, type Fusion } from "./index.ts";

const root = key(5);
const batch = 4;
const inputs = { audio: 2, video: 3, text: 1 };
const names = Object.keys(inputs) as (keyof typeof inputs)[];
const features = 3;
const rank = 2;
const fusions: Record<string, Fusion<Tree, keyof typeof inputs>> = {
  concatenation: concatenation({ inputs }),
  "concatenation with presence": concatenation({ inputs, presence: true }),
  gated: gated({ inputs, output: features }),
  lowRank: lowRank({ inputs, output: features, rank }),
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
  gated(params, x, here) {
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
  lowRank: (params, x, here) =>
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
    const { output } = fusion.apply(params, modalities, missing ? { present } : {});
    expect(output.shape).toEqual([batch, fusion.features]);
    rowsOf(output).forEach((row, b) => {
      const expected = golden[kind]!(params, x[b]!, missing ? pattern[b]!.map((on) => on === 1) : [true, true, true]);
      expect(row.length).toBe(expected.length);
      row.forEach((y, j) => expect(y).toBeCloseTo(expected[j]!, 12));
    });
  });

  test.each([false, true])(
    "has the gradient of central differences, also of second order (some missing: %s)",
    (missing) => {
      const run = (p: { params: Tree; modalities: typeof modalities }): Tensor =>
        fusion.apply(p.params, p.modalities, missing ? { present } : {}).output;
      assertGradient(run, { params, modalities });
      const gradient = grad((p: { params: Tree; modalities: typeof modalities }) => sum(square(run(p))));
      assertGradient(gradient, { params, modalities });
    },
  );

  test("what a missing modality holds reaches nothing", () => {
    const spoilt = Object.fromEntries(
      names.map((name, m) => [
        name,
        tensor(
          rowsOf(modalities[name]).flatMap((row, b) =>
            row.map((value, i) => (pattern[b]![m] === 1 ? value : [NaN, Infinity, -1e300][i % 3]!)),
          ),
          [batch, inputs[name]],
          { dtype: "f64" },
        ),
      ]),
    ) as typeof modalities;
    expect(names.some((name) => numbers(spoilt[name]).some(Number.isNaN))).toBe(true);
    expect(numbers(fusion.apply(params, spoilt, { present }).output)).toEqual(
      numbers(fusion.apply(params, modalities, { present }).output),
    );
    const gradients = (given: typeof modalities): number[][] =>
      leavesOf(
        grad((p: { params: Tree; given: typeof modalities }) =>
          sum(square(fusion.apply(p.params, p.given, { present }).output)),
        )({ params, given }),
      ).map((leaf) => numbers(leaf.tensor));
    expect(gradients(spoilt)).toEqual(gradients(modalities));
    expect(gradients(spoilt).flat().every(Number.isFinite)).toBe(true);
  });

  test("with everything present the mask changes no bit", () => {
    const all = tensor(new Array(batch * 3).fill(1), [batch, 3], { dtype: "bool" });
    expect(numbers(fusion.apply(params, modalities, { present: all }).output)).toEqual(
      numbers(fusion.apply(params, modalities).output),
    );
  });

  test("fuses every step of sequences as it fuses one", () => {
    const split = (y: Tensor): Tensor => tensor(valuesOf(y), [2, 2, y.shape[1]!], { dtype: y.dtype });
    const stepwise = Object.fromEntries(names.map((name) => [name, split(modalities[name])])) as Record<
      keyof typeof inputs,
      Tensor
    >;
    const { output } = fusion.apply(params, stepwise, { present: split(present) });
    expect(output.shape).toEqual([2, 2, fusion.features]);
    numbers(output).forEach((y, i) =>
      expect(y).toBeCloseTo(numbers(fusion.apply(params, modalities, { present }).output)[i]!, 14),
    );
  });

  test("compiles to what it is eagerly, in f32, and takes an empty batch", async () => {
    const weights = fusion.init(keyFor(root, "f32"));
    const given = Object.fromEntries(
      names.map((name) => [name, normal(keyFor(root, name), [batch, inputs[name]])]),
    ) as Record<keyof typeof inputs, Tensor>;
    const run = (p: Tree, m: typeof given, here: Tensor): Tensor => fusion.apply(p, m, { present: here }).output;
    const compiled = await compile(run, [weights, given, present]);
    expect(numbers(await compiled(weights, given, present))).toEqual(numbers(run(weights, given, present)));
    await compiled.dispose();
    const none = Object.fromEntries(names.map((name) => [name, sliceAxis(given[name], 0, 0, 0)])) as typeof given;
    expect(run(weights, none, sliceAxis(present, 0, 0, 0)).shape).toEqual([0, fusion.features]);
  });

  test("is on WebAssembly what it is eagerly, with its gradients", async () => {
    const given = {
      params: fusion.init(keyFor(root, "f32")),
      modalities: Object.fromEntries(
        names.map((name) => [name, normal(keyFor(root, name), [batch, inputs[name]])]),
      ) as Record<keyof typeof inputs, Tensor>,
    };
    const f = valueAndGradAux((at: typeof given) => {
      const { output } = fusion.apply(at.params, at.modalities, { present });
      return { value: sum(square(output)), aux: output };
    });
    const backend = wasm();
    const found = leavesOf(await (await compile(f, [given], { backend }))(given));
    await backend.close();
    const expected = leavesOf(f(given));
    expect(found.map(({ path }) => path)).toEqual(expected.map(({ path }) => path));
    found.forEach(({ path, tensor: y }, i) => {
      const values = numbers(expected[i]!.tensor);
      const magnitude = Math.max(1, ...values.map(Math.abs));
      numbers(y).forEach((value, j) =>
        expect(Math.abs(value - values[j]!) / magnitude, path).toBeLessThanOrEqual(1e-6),
      );
    });
  });

  test("its parameters are named and initialized from the key", () => {
    const paths = leavesOf(fusion.init(key(1))).map(({ path }) => path);
    expect(paths).toEqual(specsOf(fusion.params).map(({ path }) => path));
    expect(leavesOf(fusion.init(key(1))).map((leaf) => numbers(leaf.tensor))).toEqual(
      leavesOf(fusion.init(key(1))).map((leaf) => numbers(leaf.tensor)),
    );
  });
});

describe("missing modalities", () => {
  const gates = gated({ inputs, output: features });
  const params = gates.init(keyFor(root, "gated"), { dtype: "f64" });

  test("gates keep their sum while any modality is present, and are 0 where it is missing", () => {
    const zeroed = Object.fromEntries(
      names.map((name, m) => [name, select(sliceAxis(present, 1, m, m + 1), modalities[name], 0)]),
    ) as typeof modalities;
    const free = gates.apply(params, zeroed).traces;
    const { traces } = gates.apply(params, modalities, { present });
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
      const two = gated({ inputs: { a: 1, b: 1 }, output: 1 });
      const closed = tensor([logit, logit], [2, 1]);
      const weights = { W: { a: tensor([1], [1, 1]), b: tensor([1], [1, 1]) }, Wz: { a: closed, b: closed } };
      const x = { a: tensor([1], [1, 1]), b: tensor([1], [1, 1]) };
      const here = tensor([1, 0], [1, 2], { dtype: "bool" });
      expect(numbers(two.apply(weights, x, { present: here }).output)[0]).toBeCloseTo(0, 12);
      expect(
        leavesOf(grad((p: typeof weights) => sum(two.apply(p, x, { present: here }).output))(weights))
          .flatMap(({ tensor: g }) => numbers(g))
          .every(Number.isFinite),
      ).toBe(true);
    },
  );

  test.each([-30, -69, -75, -87, -90, -100, -103, -300])(
    "gates that are all but closed in f32 (logit %d), beside an open one that is missing, have finite gradients",
    (logit) => {
      const two = gated({ inputs: { a: 1, b: 1 }, output: 1 });
      const weights = {
        W: { a: tensor([1], [1, 1]), b: tensor([1], [1, 1]) },
        Wz: { a: tensor([logit, logit], [2, 1]), b: tensor([0, 0], [2, 1]) },
      };
      const x = { a: tensor([1], [1, 1]), b: tensor([1], [1, 1]) };
      const here = tensor([1, 0], [1, 2], { dtype: "bool" });
      const { output } = two.apply(weights, x, { present: here });
      // The open gate's half goes to the one that is there, down to where its gate counts as closed.
      expect(numbers(output)[0]).toBeCloseTo(logit >= -69 ? 0.5 * Math.tanh(1) : 0, 6);
      const gradients = leavesOf(
        grad((p: typeof weights) => sum(mul(two.apply(p, x, { present: here }).output, 1000)))(weights),
      );
      expect(gradients.flatMap(({ tensor: g }) => numbers(g)).filter((g) => !Number.isFinite(g))).toEqual([]);
    },
  );

  test("the product of a row without modalities is empty: the rank, and the bias", () => {
    const fusion = lowRank({ inputs, output: features, rank: 5 });
    const none = tensor(new Array(batch * 3).fill(0), [batch, 3], { dtype: "bool" });
    expect(numbers(fusion.apply(fusion.init(key(1)), modalitiesOf32(), { present: none }).output)).toEqual(
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
    const fusion = lowRank({ inputs: wide, output: 40, rank: r });
    const h = numbers(fusion.apply(fusion.init(key(3)), x).output);
    const variance = h.reduce((total, y) => total + y * y, 0) / h.length;
    expect(variance).toBeGreaterThan(0.6);
    expect(variance).toBeLessThan(1.6);
  }
});

test("parameters are counted, and named by modality", () => {
  expect(specsOf(gated({ inputs, output: 3 }).params).map(({ path, spec }) => [path, spec.shape])).toEqual([
    ["W.audio", [2, 3]],
    ["W.video", [3, 3]],
    ["W.text", [1, 3]],
    ["Wz.audio", [6, 3]],
    ["Wz.video", [6, 3]],
    ["Wz.text", [6, 3]],
  ]);
  expect(parameterCount(lowRank({ inputs, output: 3, rank: 2 }))).toBe((3 + 4 + 2) * 6 + 3);
});

describe("bad input", () => {
  const fusion = gated({ inputs: { audio: 2, video: 1 }, output: 3 });
  const params = fusion.init(key(1));
  const audio = tensor([1, 2], [1, 2]);
  const video = tensor([1], [1, 1]);
  test.each<[string, () => unknown, string]>([
    [
      "no modalities",
      () => concatenation({ inputs: {} }),
      "concatenation: inputs is empty; expected the width of each modality, for example { audio: 16, video: 32 }",
    ],
    [
      "a width of 0",
      () => gated({ inputs: { audio: 0 }, output: 1 }),
      "gated: inputs.audio must be an integer >= 1, got 0",
    ],
    [
      "an output of 0",
      () => lowRank({ inputs: { audio: 1 }, output: 0 }),
      "lowRank: output must be an integer >= 1, got 0",
    ],
    [
      "a rank of 1.5",
      () => lowRank({ inputs: { audio: 1 }, output: 1, rank: 1.5 }),
      "lowRank: rank must be an integer >= 1, got 1.5",
    ],
    [
      "a dot in a name",
      () => concatenation({ inputs: { "a.b": 1 } }),
      'concatenation: the name of modality "a.b" has a dot, which separates the parts of a parameter\'s path; use another name',
    ],
    [
      "an unknown option",
      () => lowRank({ inputs: { audio: 1 }, output: 1, ranks: 2 } as never),
      "lowRank: unknown option ranks; did you mean rank?",
    ],
    [
      "an unknown option of apply",
      () => fusion.apply(params, { audio, video }, { mask: video } as never),
      "gated.apply: unknown option mask; did you mean present?",
    ],
    [
      "an unknown modality",
      () => fusion.apply(params, { audio, vidoe: video } as never),
      "gated: unknown modality vidoe; did you mean video?",
    ],
    [
      "one not given",
      () => fusion.apply(params, { audio } as never),
      "gated: modality video was not given; where it is missing, give any values and set present to false",
    ],
    [
      "a wrong width",
      () => fusion.apply(params, { audio, video: audio }),
      "gated: modality video must be [batch, 1] or [batch, time, 1], got [1,2]",
    ],
    [
      "batches that differ",
      () => fusion.apply(params, { audio, video: tensor([1, 2], [2, 1]) }),
      "gated: modalities must agree in all axes but the last: audio is [1,2], video is [2,1]",
    ],
    [
      "present of another shape",
      () => fusion.apply(params, { audio, video }, { present: tensor([1], [1, 1], { dtype: "bool" }) }),
      "gated: present must be bool [1,2], the last axis audio, video, got bool [1,1]",
    ],
    [
      "present as numbers",
      () => fusion.apply(params, { audio, video }, { present: audio }),
      "gated: present must be bool [1,2], the last axis audio, video, got f32 [1,2]",
    ],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
