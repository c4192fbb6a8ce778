// A normalizer of the input's products alone, in cells that slice one product into gates.
import { layerNorm } from "@sluice/norm";
import { key, leavesOf, normal, reshape, valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import { cfn, dsgu, gru, lightRu, mgu, miru, mut, nas, outputOf, ran, sequence, sgu, type Cell } from "../index.ts";

const sizes = { input: 2, hidden: 3 };
const norm = layerNorm({ placement: "input", cell: false });
const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

/** Row t of values `[rows, width]`. */
const rowOf = (values: ArrayLike<number>, width: number, t: number): number[] =>
  Array.from({ length: width }, (_, i) => values[t * width + i]!);

/** x W + b of weights `[x.length, columns]`. */
function product(x: readonly number[], W: ArrayLike<number>, columns: number, b?: ArrayLike<number>): number[] {
  return Array.from({ length: columns }, (_, j) => x.reduce((s, v, i) => s + v * W[i * columns + j]!, b?.[j] ?? 0));
}

function normalized(y: readonly number[], gain: ArrayLike<number>, shift: ArrayLike<number>): number[] {
  const mean = y.reduce((s, v) => s + v, 0) / y.length;
  const variance = y.reduce((s, v) => s + (v - mean) ** 2, 0) / y.length;
  return y.map((v, i) => ((v - mean) / Math.sqrt(variance + 1e-5)) * gain[i]! + shift[i]!);
}

test("gru: the slices of x W are normalized and h U is not, as in a plain loop", () => {
  const [n, steps] = [sizes.hidden, 5];
  const cell = gru({ ...sizes, norm });
  const params = cell.init(key(1));
  const value: Record<string, Float32Array> = {};
  for (const { path, tensor } of leavesOf(params)) {
    const drawn = valuesOf(normal(key(Object.keys(value).length + 5), tensor.shape));
    value[path] = Float32Array.from(drawn);
    valuesOf(tensor).set(drawn);
  }
  expect(Object.keys(value).toSorted()).toEqual(
    [
      "W",
      "U",
      "b",
      "bh",
      ...["gates", "candidate"].flatMap((p) => [`norm.${p}.0.gain`, `norm.${p}.0.bias`]),
    ].toSorted(),
  );
  const x = normal(key(2), [1, steps, sizes.input]);
  const output = valuesOf(sequence(cell).apply(params, x).output);
  const at = (path: string): Float32Array => value[path]!;
  let h = [0, 0, 0];
  for (let t = 0; t < steps; t++) {
    const xW = product(rowOf(valuesOf(x), sizes.input, t), at("W"), 3 * n);
    const hU = product(h, at("U"), 3 * n, at("bh"));
    const gates = normalized(xW.slice(0, 2 * n), at("norm.gates.0.gain"), at("norm.gates.0.bias"));
    const candidate = normalized(xW.slice(2 * n), at("norm.candidate.0.gain"), at("norm.candidate.0.bias"));
    h = h.map((before, i) => {
      const r = sigmoid(gates[i]! + at("b")[i]! + hU[i]!);
      const z = sigmoid(gates[n + i]! + at("b")[n + i]! + hU[n + i]!);
      const c = Math.tanh(candidate[i]! + at("b")[2 * n + i]! + r * hU[2 * n + i]!);
      return z * before + (1 - z) * c;
    });
    rowOf(output, n, t).forEach((y, i) => expect(y).toBeCloseTo(h[i]!, 5));
  }
});

const cells: Readonly<Record<string, Cell>> = {
  cfn: cfn({ ...sizes, norm }),
  dsgu: dsgu({ ...sizes, norm }),
  gru: gru({ ...sizes, norm }),
  lightRu: lightRu({ ...sizes, norm }),
  mgu: mgu({ ...sizes, norm }),
  miru: miru({ ...sizes, norm }),
  mut: mut({ ...sizes, norm, form: "MUT2" }),
  nas: nas({ ...sizes, norm }),
  ran: ran({ ...sizes, norm }),
  sgu: sgu({ ...sizes, norm }),
};

test.each(Object.entries(cells))(
  "%s: only first terms, of the input, have parameters; arrays give the layer's step",
  (_, cell) => {
    const params = cell.init(key(1));
    const places = leavesOf(params).filter(({ path }) => path.startsWith("norm."));
    expect(places.length).toBeGreaterThan(0);
    for (const { path } of places) expect(path).toMatch(/^norm\.[a-z]+\.0\.(gain|bias)$/u);
    const x = normal(key(2), [4, sizes.input]);
    const layer = sequence(cell);
    const stepped = outputOf(cell.step(params, layer.initialState(4), x));
    const whole = layer.apply(params, reshape(x, [4, 1, sizes.input])).output;
    expect([...valuesOf(stepped)]).toEqual([...valuesOf(whole)]);
  },
);
