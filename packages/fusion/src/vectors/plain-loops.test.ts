// Every fusion of vectors against a plain loop over its equations, in f64, with all modalities and with some missing.
import { initialTree } from "@sluice/params";
import {
  key,
  keyFor,
  leavesOf,
  mapTree,
  normal,
  reshape,
  sliceAxis,
  tensor,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  bilinear,
  deepSets,
  film,
  hierarchicalFusion,
  lateFusion,
  mag,
  mfb,
  mixtureOfExperts,
  multiplicativeInteractions,
  productOfExperts,
  tensorFusion,
  type Fusion,
} from "../index.ts";

type Vector = readonly number[];
type Matrix = readonly Vector[];

/** A modality of one row: its values, zeros where it is missing, and whether it is there. */
interface Given {
  readonly name: string;
  readonly x: Vector;
  readonly here: boolean;
}

/** The parameters by path. */
interface Weights {
  vector(path: string): Vector;
  matrix(path: string): Matrix;
}

type Loop = (weights: Weights, given: readonly Given[]) => Vector;

const times = (x: Vector, W: Matrix): Vector =>
  W[0]!.map((_, j) => x.reduce((total, value, i) => total + value * W[i]![j]!, 0));
const plus = (...terms: readonly Vector[]): Vector =>
  terms[0]!.map((_, j) => terms.reduce((total, term) => total + term[j]!, 0));
const each = (x: Vector, f: (value: number, j: number) => number): Vector => x.map(f);
const zerosOf = (n: number): Vector => new Array<number>(n).fill(0);
const lengthOf = (x: Vector): number => Math.sqrt(x.reduce((total, value) => total + value * value, 0));

/** exp(score) / sum over those that are there; zeros if none is. */
function shares(scores: Vector, here: readonly boolean[]): Vector {
  const weights = scores.map((score, m) => (here[m] ? Math.exp(score) : 0));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => (total === 0 ? 0 : weight / total));
}

const [d, o, k] = [3, 2, 3];
const three = { audio: 2, video: d, text: 1 };
const two = { audio: 2, video: d };
const even = { audio: d, video: d, text: d };

const lateLoop: Loop = ({ vector, matrix }, given) => {
  const w = shares(
    vector("a"),
    given.map(({ here }) => here),
  );
  return given.reduce(
    (h, { name, x }, m) =>
      plus(
        h,
        each(plus(times(x, matrix(`W.${name}`)), vector(`b.${name}`)), (y) => w[m]! * y),
      ),
    zerosOf(o),
  );
};

const mixtureLoop: Loop = ({ vector, matrix }, given) => {
  const scores = plus(
    times(
      given.flatMap(({ x }) => x),
      matrix("G"),
    ),
    vector("g"),
  );
  const z = shares(
    scores,
    given.map(({ here }) => here),
  );
  return given.reduce(
    (h, { name, x }, m) =>
      plus(
        h,
        each(plus(times(x, matrix(`W.${name}`)), vector(`b.${name}`)), (y) => z[m]! * y),
      ),
    zerosOf(o),
  );
};

const expertsLoop: Loop = ({ vector, matrix }, given) =>
  Array.from({ length: o }, (_, j) => {
    let [precision, weighted] = [1, 0];
    for (const { name, x, here } of given) {
      if (!here) continue;
      const variance = Math.exp(times(x, matrix(`S.${name}`))[j]! + vector(`s.${name}`)[j]!);
      precision += 1 / variance;
      weighted += (times(x, matrix(`W.${name}`))[j]! + vector(`b.${name}`)[j]!) / variance;
    }
    return weighted / precision;
  });

const relu = (x: number): number => (x > 0 ? x : 0);

const setsLoop: Loop = ({ vector, matrix }, given) => {
  let s = zerosOf(o + 1);
  for (const { x, here } of given) if (here) s = plus(s, each(plus(times(x, matrix("phi.W")), vector("phi.b")), relu));
  return each(plus(times(s, matrix("rho.W")), vector("rho.b")), relu);
};

const hierarchicalLoop: Loop = ({ matrix, vector }, [a, b, c]) => {
  // pairs.W [3, 2, d] is read as [3, 2 d].
  const pair = (i: number, x: Vector, y: Vector): Vector =>
    x.map((_, l) =>
      Math.tanh(matrix("pairs.W")[i]![l]! * x[l]! + matrix("pairs.W")[i]![d + l]! * y[l]! + matrix("pairs.b")[i]![l]!),
    );
  const f = [pair(0, a!.x, b!.x), pair(1, a!.x, c!.x), pair(2, b!.x, c!.x)];
  return vector("b").map((b_l, l) =>
    Math.tanh(f.reduce((total, f_i, i) => total + matrix("W")[i]![l]! * f_i[l]!, b_l)),
  );
};

/** sum_ij x_i W[i][j o + unit] z_j */
const form = (x: Vector, z: Vector, W: Matrix): Vector =>
  Array.from({ length: o }, (_, unit) => {
    let total = 0;
    x.forEach((x_i, i) => z.forEach((z_j, j) => (total += x_i * W[i]![j * o + unit]! * z_j)));
    return total;
  });

const tensorLoop: Loop = (_, given) => {
  const all: number[] = [];
  for (const a of [...given[0]!.x, 1])
    for (const b of [...given[1]!.x, 1]) for (const c of [...given[2]!.x, 1]) all.push(a * b * c);
  return all;
};

const mfbLoop: Loop = ({ matrix }, [x, y]) => {
  const ones = new Array<number>(o * k).fill(1);
  const left = x!.here ? times(x!.x, matrix("U")) : ones;
  const right = y!.here ? times(y!.x, matrix("V")) : ones;
  const z = Array.from({ length: o }, (_, unit) => {
    let total = 0;
    for (let i = 0; i < k; i++) total += left[unit * k + i]! * right[unit * k + i]!;
    return Math.sign(total) * Math.sqrt(Math.abs(total));
  });
  return each(z, (value) => value / lengthOf(z));
};

const filmLoop: Loop = ({ vector, matrix }, [x, c]) => {
  if (!x!.here) return zerosOf(2);
  if (!c!.here) return x!.x;
  const gamma = plus(times(c!.x, matrix("Wgamma")), vector("bgamma"));
  const beta = plus(times(c!.x, matrix("Wbeta")), vector("bbeta"));
  return x!.x.map((value, j) => gamma[j]! * value + beta[j]!);
};

const magLoop: Loop = ({ vector, matrix }, given) => {
  const z = given.find(({ name }) => name === "video")!.x;
  let H = vector("b");
  for (const { name, x, here } of given) {
    if (name === "video" || !here) continue;
    const g = each(plus(times([...z, ...x], matrix(`Wg.${name}`)), vector(`bg.${name}`)), relu);
    H = plus(
      H,
      each(times(x, matrix(`W.${name}`)), (value, j) => g[j]! * value),
    );
  }
  const alpha = Math.min((0.5 * lengthOf(z)) / lengthOf(H), 1);
  const shifted = z.map((value, j) => value + alpha * H[j]!);
  const mean = shifted.reduce((a, b) => a + b, 0) / d;
  const variance = shifted.reduce((total, value) => total + (value - mean) ** 2, 0) / d;
  return shifted.map(
    (value, j) => ((value - mean) / Math.sqrt(variance + 1e-5)) * vector("gain")[j]! + vector("offset")[j]!,
  );
};

const subjects: Readonly<Record<string, readonly [Fusion, Loop]>> = {
  lateFusion: [lateFusion({ inputs: three, output: o }), lateLoop],
  mixtureOfExperts: [mixtureOfExperts({ inputs: three, output: o }), mixtureLoop],
  productOfExperts: [productOfExperts({ inputs: three, output: o }), expertsLoop],
  deepSets: [deepSets({ inputs: even, hidden: o + 1, output: o }), setsLoop],
  hierarchicalFusion: [hierarchicalFusion({ inputs: even }), hierarchicalLoop],
  bilinear: [
    bilinear({ inputs: two, output: o }),
    ({ matrix, vector }, [x, z]) => plus(form(x!.x, z!.x, matrix("W")), vector("b")),
  ],
  multiplicativeInteractions: [
    multiplicativeInteractions({ inputs: two, output: o }),
    ({ matrix, vector }, [x, z]) =>
      plus(form(x!.x, z!.x, matrix("W")), times(z!.x, matrix("U")), times(x!.x, matrix("V")), vector("b")),
  ],
  tensorFusion: [tensorFusion({ inputs: three }), tensorLoop],
  mfb: [mfb({ inputs: two, output: o, rank: k }), mfbLoop],
  film: [film({ inputs: two, condition: "video" }), filmLoop],
  mag: [mag({ inputs: three, main: "video", shift: 0.5 }), magLoop],
};

const root = key(5);
/** Everything, each alone missing in turn, one alone, and a row without any. */
const pattern = [
  [1, 1, 1],
  [0, 1, 1],
  [1, 0, 1],
  [1, 1, 0],
  [0, 0, 1],
  [0, 0, 0],
];
const batch = pattern.length;

const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const rowsOf = (y: Tensor): number[][] => {
  const width = y.shape.slice(1).reduce((a, b) => a * b, 1);
  return Array.from({ length: y.shape[0]! }, (_, i) => numbers(y).slice(i * width, (i + 1) * width));
};

function weightsOf(params: Tree): Weights {
  const at = (path: string): Tensor => leavesOf(params).find((leaf) => leaf.path === path)!.tensor;
  return { vector: (path) => numbers(at(path)), matrix: (path) => rowsOf(at(path)) };
}

describe.each(Object.entries(subjects))("%s", (_, [fusion, loop]) => {
  const names = Object.keys(fusion.inputs);
  const params = mapTree(initialTree(fusion.params, keyFor(root, "params"), { dtype: "f64" }), (w, path) =>
    normal(keyFor(root, path), w.shape, { dtype: "f64" }),
  );
  const x: Readonly<Record<string, Tensor>> = Object.fromEntries(
    names.map((name) => [
      name,
      normal(keyFor(root, `x.${name}`), [batch, fusion.inputs[name]!.width], { dtype: "f64" }),
    ]),
  );
  const presence = tensor(pattern.flat(), [batch, 3], { dtype: "bool" });
  const missing = Object.fromEntries(
    names.map((name, m) => [name, { x: x[name]!, present: reshape(sliceAxis(presence, 1, m, m + 1), [batch]) }]),
  );

  test.each([false, true])("is the plain loop over its equations (some missing: %s)", (some) => {
    const { output } = fusion.apply(params, some ? missing : x);
    expect(output.shape).toEqual([batch, fusion.features]);
    rowsOf(output).forEach((row, b) => {
      const given = names.map((name, m): Given => {
        const here = !some || pattern[b]![m] === 1;
        const values = rowsOf(x[name]!)[b]!;
        return { name, here, x: here ? values : zerosOf(values.length) };
      });
      const expected = loop(weightsOf(params), given);
      expect(row.length).toBe(expected.length);
      row.forEach((y, j) => expect(y).toBeCloseTo(expected[j]!, 12));
    });
  });
});
