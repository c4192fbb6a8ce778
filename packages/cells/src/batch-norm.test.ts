// Recurrent batch normalization: an LSTM against a plain loop over the paper's equations, and what the interface must
// hold for it: rows that take no step affect nothing, buffers are carried along, and every backend gives the same bits.
import { optimize } from "@sluice/compiler";
import { batchNorm } from "@sluice/norm";
import {
  assertGradient,
  concat,
  evaluate,
  key,
  keyFor,
  leavesOf,
  mapTree,
  mul,
  normal,
  select,
  reshape,
  sliceAxis,
  sum,
  square,
  tensor,
  recordProgram,
  valueAndGradAux,
  valuesOf,
  type ArrayTensor,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isArray } from "@sluice/tensor/internal";
import { wasm } from "@sluice/wasm";
import { describe, expect, test } from "vitest";
import {
  bidirectional,
  dense,
  gru,
  lstm,
  rnn,
  sequence,
  sequential,
  stream,
  zoneout,
  type ApplyOptions,
  type Layer,
} from "./index.ts";

const [batch, time, input, hidden, steps] = [5, 4, 2, 3, 3];
const root = key(3);
const random = (name: string, shape: readonly number[], dtype: DType = "f64"): Tensor =>
  normal(keyFor(root, name), shape, { dtype });
const away = <T extends Tree>(tree: T): T =>
  mapTree(tree, (w, path) =>
    tensor(
      valuesOf(w).map((v, i) => v + 0.3 * valuesOf(random(path, w.shape))[i]!),
      w.shape,
      { dtype: w.dtype },
    ),
  );
const flags = (rows: readonly (readonly number[])[]): ArrayTensor =>
  tensor(rows.flat(), [rows.length, rows[0]!.length], { dtype: "bool" });
const bool = (mask: Tensor, x: Tensor): Tensor => reshape(mask, [...mask.shape, ...x.shape.slice(2).map(() => 1)]);

const lengths = [4, 2, 3, 0, 4];
const mask = flags([
  [1, 1, 0, 1],
  [1, 1, 1, 1],
  [0, 1, 1, 1],
  [1, 1, 1, 1],
  [1, 0, 1, 1],
]);
const resets = flags([
  [0, 0, 1, 0],
  [0, 1, 0, 1],
  [0, 0, 0, 0],
  [0, 0, 0, 0],
  [0, 0, 0, 1],
]);
/** Whether a row has a step. */
const isTaken = (row: number, t: number): boolean => t < lengths[row]! && valuesOf(mask)[row * time + t] === 1;

const layer = sequence(lstm({ input, hidden, norm: batchNorm({ steps }) }));
const params = (dtype: DType = "f64") => away(layer.init(key(1), { dtype }));
const buffersOf = (dtype: DType = "f64"): Tree => away(layer.initialBuffers({ dtype }));

type Numbers = number[][];
interface Running {
  readonly mean: Numbers;
  readonly variance: Numbers;
}

const at = (tree: Tree, path: string): Tensor => leavesOf(tree).find((leaf) => leaf.path === path)!.tensor;
const rowsOf = (x: Tensor): Numbers =>
  Array.from({ length: x.shape[0]! }, (_, i) => Array.from(valuesOf(sliceAxis(x, 0, i, i + 1))));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Batch normalization of rows, by the definition; in training it records the statistics of the active rows. */
function plainNorm(place: string, tree: Tree, before: Tree) {
  const gain = valuesOf(at(tree, `norm.${place}.gain`));
  const found = leavesOf(tree).find(({ path }) => path === `norm.${place}.bias`);
  const bias = found === undefined ? undefined : valuesOf(found.tensor);
  const running: Running = {
    mean: rowsOf(at(before, `norm.${place}.mean`)),
    variance: rowsOf(at(before, `norm.${place}.variance`)),
  };
  const seen: { entry: number; mean: number[]; variance: number[] }[] = [];
  const norm = (x: Numbers, counts: readonly boolean[], index: readonly number[], training: boolean): Numbers => {
    const chosen = x.filter((_, row) => counts[row]);
    const n = Math.max(chosen.length, 1);
    const mean = x[0]!.map((_, j) => chosen.reduce((total, row) => total + row[j]!, 0) / n);
    const variance = x[0]!.map((_, j) => chosen.reduce((total, row) => total + (row[j]! - mean[j]!) ** 2, 0) / n);
    index.forEach((entry, row) => {
      if (training && counts[row])
        seen.push({ entry, mean, variance: variance.map((v) => (v * n) / Math.max(n - 1, 1)) });
    });
    return x.map((row, b) =>
      row.map((v, j) => {
        const [m, s] = training
          ? [mean[j]!, variance[j]!]
          : [running.mean[index[b]!]![j]!, running.variance[index[b]!]![j]!];
        return (gain[j]! * (v - m)) / Math.sqrt(s + 1e-5) + (bias?.[j] ?? 0);
      }),
    );
  };
  /** The running statistics after the batch. */
  const after = (of: "mean" | "variance"): number[] =>
    running[of].flatMap((old, entry) => {
      const own = seen.filter((one) => one.entry === entry);
      if (own.length === 0) return old;
      return old.map((v, j) => 0.9 * v + (0.1 * own.reduce((total, one) => total + one[of][j]!, 0)) / own.length);
    });
  return { norm, after };
}

/** The LSTM of the paper, equation by equation, one time step after the other. */
function plainLstm(tree: Tree, before: Tree, x: Tensor, training: boolean) {
  const [W, U] = [rowsOf(at(tree, "W")), rowsOf(at(tree, "U"))];
  const b = valuesOf(at(tree, "b"));
  const [ofX, ofH, ofC] = ["gates.0", "gates.1", "cell.state"].map((place) => plainNorm(place, tree, before));
  const times = (a: Numbers, M: Numbers): Numbers =>
    a.map((row) => M[0]!.map((_, j) => row.reduce((total, v, i) => total + v * M[i]![j]!, 0)));
  const zeros = (): Numbers => Array.from({ length: batch }, () => Array.from({ length: hidden }, () => 0));
  const [h, c] = [zeros(), zeros()];
  const taken = Array.from({ length: batch }, () => 0);
  const output = Array.from({ length: batch }, () => Array.from({ length: time }, () => new Array(hidden).fill(0)));
  for (let t = 0; t < time; t++) {
    const counts = taken.map((_, row) => isTaken(row, t));
    for (let row = 0; row < batch; row++)
      if (valuesOf(resets)[row * time + t] === 1 && t < lengths[row]!) {
        [h[row], c[row], taken[row]] = [zeros()[0]!, zeros()[0]!, 0];
      }
    const index = taken.map((n) => Math.min(n, steps - 1));
    const xt = rowsOf(reshape(sliceAxis(x, 1, t, t + 1), [batch, input]));
    const fromX = ofX!.norm(times(xt, W), counts, index, training);
    const fromH = ofH!.norm(times(h, U), counts, index, training);
    const gates = fromX.map((row, i) => row.map((v, j) => v + fromH[i]![j]! + b[j]!));
    const nextC = gates.map((a, row) =>
      c[row]!.map((old, j) => sigmoid(a[hidden + j]!) * old + sigmoid(a[j]!) * Math.tanh(a[2 * hidden + j]!)),
    );
    const normalC = ofC!.norm(nextC, counts, index, training);
    gates.forEach((a, row) => {
      if (!counts[row]) return;
      c[row] = nextC[row]!;
      h[row] = normalC[row]!.map((v, j) => sigmoid(a[3 * hidden + j]!) * Math.tanh(v));
      output[row]![t] = h[row];
      taken[row]!++;
    });
  }
  const buffers = Object.fromEntries(
    [ofX, ofH, ofC].flatMap((norm, i) =>
      (["mean", "variance"] as const).map((of) => [
        `norm.${["gates.0", "gates.1", "cell.state"][i]}.${of}`,
        norm!.after(of),
      ]),
    ),
  );
  return { output: output.flat(2), buffers, state: { h: h.flat(), c: c.flat(), stepIndex: taken } };
}

const close = (found: Tensor, expected: readonly number[], what: string): void => {
  expect(
    found.shape.reduce((a, b) => a * b, 1),
    what,
  ).toBe(expected.length);
  valuesOf(found).forEach((v, i) => expect(v, `${what} at ${i}`).toBeCloseTo(expected[i]!, 11));
};

describe("against a plain loop", () => {
  const x = random("x", [batch, time, input]);

  test.each([true, false])("training: %s, with lengths, masks and resets", (training) => {
    const [weights, buffers] = [params(), buffersOf()];
    const plain = plainLstm(weights, buffers, x, training);
    const { output, state, buffers: after } = layer.apply(weights, x, { buffers, training, lengths, mask, resets });
    close(output, plain.output, "output");
    const states = new Map(Object.entries(plain.state));
    for (const { path, tensor: found } of leavesOf(state)) close(found, states.get(path)!, path);
    expect(leavesOf(state)).toHaveLength(states.size);
    for (const { path, tensor: found } of leavesOf(after))
      if (training) close(found, plain.buffers[path]!, path);
      else expect(found, path).toBe(at(buffers, path));
  });

  test("repeated and last outputs are those of the steps that count", () => {
    const given = { buffers: buffersOf(), training: true, lengths, mask } as const;
    const all = rowsOf(reshape(layer.apply(params(), x, given).output, [batch * time, hidden]));
    const repeated = layer.apply(params(), x, { ...given, maskedOutput: "repeat" }).output;
    const last = sequence(layer.cell, { outputs: "last" }).apply(params(), x, given).output;
    const zeros = Array.from({ length: hidden }, () => 0);
    for (let row = 0; row < batch; row++) {
      let shown = zeros;
      for (let t = 0; t < time; t++) {
        if (isTaken(row, t)) shown = all[row * time + t]!;
        const found = rowsOf(reshape(repeated, [batch * time, hidden]))[row * time + t];
        expect(found, `row ${row}, step ${t}`).toEqual(t < lengths[row]! ? shown : zeros);
      }
      expect(rowsOf(last)[row]).toEqual(shown);
    }
  });
});

test("an entry is the statistics of its own time step, and a batch without rows leaves it", () => {
  const one = sequence(gru({ input, hidden, norm: batchNorm({ steps: 6, momentum: 1 }) }));
  const x = random("x", [batch, time, input], "f32");
  const weights = one.init(key(1));
  const { buffers } = one.apply(weights, x, { buffers: one.initialBuffers(), training: true });
  const xW = rowsOf(at(buffers, "norm.gates.0.mean"));
  for (let t = 0; t < time; t++) {
    const alone = one.apply(weights, sliceAxis(x, 1, t, t + 1), { buffers: one.initialBuffers(), training: true });
    expect(xW[t]).toEqual(rowsOf(at(alone.buffers, "norm.gates.0.mean"))[0]);
  }
  expect(xW[time]).toEqual(xW[time]!.map(() => 0));
  const none = one.apply(weights, x, {
    buffers,
    training: true,
    lengths: x.shape.slice(0, 1).flatMap(() => [0, 0, 0, 0, 0]),
  });
  for (const { path, tensor: kept } of leavesOf(none.buffers))
    expect(valuesOf(kept), path).toEqual(valuesOf(at(buffers, path)));
});

describe("gradients", () => {
  const cell = lstm({ input, hidden, norm: batchNorm({ steps: 2 }) });
  const one = sequence(cell);
  test.each([true, false])("training: %s, against differences", (training) => {
    const buffers = away(one.initialBuffers({ dtype: "f64" }));
    assertGradient(
      (given: { params: ReturnType<typeof one.init>; x: Tensor }) => {
        const { output, state } = one.apply(given.params, given.x, { buffers, training, lengths, mask, resets });
        return { output, h: state.h, c: state.c };
      },
      { params: away(one.init(key(1), { dtype: "f64" })), x: random("x", [batch, time, input]) },
      { samples: 4 },
    );
  });

  test("nothing flows through the running statistics", () => {
    const f = valueAndGradAux((weights: ReturnType<typeof one.init>) => {
      const applied = one.apply(weights, random("x", [batch, time, input], "f32"), {
        buffers: one.initialBuffers(),
        training: true,
      });
      return { value: sum(square(at(applied.buffers, "norm.gates.0.mean"))), aux: {} };
    });
    for (const { path, tensor: g } of leavesOf(f(one.init(key(1))).gradient))
      expect(
        valuesOf(g).every((v) => v === 0),
        path,
      ).toBe(true);
  });
});

/** Outputs, buffers and gradients of a step of training. */
function trained(model: Layer, weights: Tree, x: Tensor, options: ApplyOptions): Tree {
  const { value, gradient, aux } = valueAndGradAux((given: Tree) => {
    const { output, buffers } = model.apply(given, x, { training: true, ...options });
    return { value: sum(mul(output, square(output))), aux: { output, buffers } };
  })(weights);
  return { value, gradient, ...aux };
}

const same = (found: Tree, expected: Tree): void => {
  const others = leavesOf(expected);
  expect(leavesOf(found).map(({ path }) => path)).toEqual(others.map(({ path }) => path));
  leavesOf(found).forEach(({ path, tensor: y }, i) => expect(valuesOf(y), path).toEqual(valuesOf(others[i]!.tensor)));
};

describe("rows without a step", () => {
  const x = random("x", [batch, time, input], "f32");
  const given = { buffers: buffersOf("f32"), lengths, mask, resets };

  test("reach nothing, NaN included", () => {
    const looked = flags(lengths.map((_, row) => [0, 1, 2, 3].map((t) => Number(isTaken(row, t)))));
    const filled = (by: number): Tensor => select(bool(looked, x), x, by);
    const expected = trained(layer, params("f32"), filled(0), given);
    same(trained(layer, params("f32"), filled(NaN), given), expected);
    same(trained(layer, params("f32"), filled(7), given), expected);
  });

  test("reach nothing in either direction", () => {
    const model = bidirectional(gru({ input, hidden, norm: batchNorm({ steps: 2, placement: "gates" }) }));
    const filled = (by: number): Tensor =>
      select(bool(flags(lengths.map((n) => [0, 1, 2, 3].map((t) => Number(t < n)))), x), x, by);
    const of = (by: number): Tree =>
      trained(model, model.init(key(1)), filled(by), { buffers: model.initialBuffers(), lengths });
    same(of(NaN), of(0));
  });

  test("may be left out: a batch with rows of padding is the batch without", () => {
    const padded = concat([x, random("other", [2, time, input], "f32")], 0);
    const more = {
      ...given,
      lengths: [...lengths, 0, 0],
      mask: concat(
        [
          mask,
          flags([
            [1, 1, 1, 1],
            [1, 1, 1, 1],
          ]),
        ],
        0,
      ),
      resets: concat(
        [
          resets,
          flags([
            [0, 0, 0, 0],
            [0, 0, 0, 0],
          ]),
        ],
        0,
      ),
    };
    const [found, expected] = [trained(layer, params("f32"), padded, more), trained(layer, params("f32"), x, given)];
    same(
      mapTree(found, (y, path) => (path === "output" ? sliceAxis(y, 0, 0, batch) : y)),
      expected,
    );
  });

  test("lengths, the mask that says the same, and rows that are not present are one thing", () => {
    const weights = params("f32");
    const { buffers } = given;
    const within = flags(lengths.map((n) => [0, 1, 2, 3].map((t) => Number(t < n))));
    same(trained(layer, weights, x, { buffers, lengths }), trained(layer, weights, x, { buffers, mask: within }));
    const present = tensor([1, 0, 1, 1, 0], [batch], { dtype: "bool" });
    same(
      trained(layer, weights, x, { buffers, present }),
      trained(layer, weights, x, { buffers, lengths: [4, 0, 4, 4, 0] }),
    );
  });
});

test("evaluation leaves rows out by their lengths; training, which mixes them, masks them", () => {
  const given = { params: params("f32"), buffers: buffersOf("f32"), x: random("x", [batch, time, input], "f32") };
  const hasLengths = (training: boolean): boolean[] =>
    recordProgram(
      (g: typeof given) => layer.apply(g.params, g.x, { buffers: g.buffers, lengths, training }).output,
      [given],
    ).program.nodes.flatMap(({ operation }) => (operation.op === "scan" ? [operation.lengths !== undefined] : []));
  expect([hasLengths(false), hasLengths(true)]).toEqual([[true], [false]]);
});

describe("backends", () => {
  // As many rows as features and steps: a program that mixes rows must not be taken for one that works row by row.
  const n = 8;
  const square8 = sequential([
    sequence(gru({ input: n, hidden: n, norm: batchNorm({ steps: n, placement: "gates" }) })),
    bidirectional(lstm({ input: n, hidden: n, norm: batchNorm({ steps: 1 }) }), { merge: "sum" }),
    dense({ input: n, output: n }),
  ]);
  const x = random("square", [n, n, n], "f32");
  const rows = [8, 3, 0, 5, 8, 1, 7, 2];

  test.each([1, 2, 3])("WebAssembly has the reference's bits, threads: %i", async (threads) => {
    const backend = wasm({ threads, oversubscribe: true });
    try {
      for (const options of [{}, { lengths: tensor(rows, [n], { dtype: "i32" }) }]) {
        const given = { params: square8.init(key(1)), buffers: square8.initialBuffers(), x, options };
        const { program } = recordProgram(
          (g: typeof given) => {
            const step = trained(square8, g.params, g.x, { ...g.options, buffers: g.buffers });
            return { step, evaluated: square8.apply(g.params, g.x, { ...g.options, buffers: g.buffers }).output };
          },
          [given],
        );
        const inputs = leavesOf(given)
          .map(({ tensor: y }) => y)
          .filter(isArray);
        const executable = await backend.compile(program);
        const found = await executable.run(inputs);
        await executable.dispose();
        evaluate(optimize(program), inputs).forEach((y, i) => expect(valuesOf(found[i]!), `${i}`).toEqual(valuesOf(y)));
      }
    } finally {
      await backend.close();
    }
  });
});

describe("buffers travel", () => {
  const x = random("x", [batch, time, input], "f32");

  test("a stream uses the statistics of its own step", async () => {
    const buffers = buffersOf("f32");
    const whole = layer.apply(params("f32"), x, { buffers }).output;
    const reading = await stream(layer, params("f32"), { batch, buffers });
    const xt = (t: number): ArrayTensor => {
      const slice = reshape(sliceAxis(x, 1, t, t + 1), [batch, input]);
      if (!isArray(slice)) throw new Error("expected values");
      return slice;
    };
    for (let t = 0; t < time; t++) {
      const expected = rowsOf(reshape(sliceAxis(whole, 1, t, t + 1), [batch, hidden]));
      expect(rowsOf(await reading.step(xt(t)))).toEqual(expected);
    }
    await reading.reset([1]);
    const again = rowsOf(await reading.step(xt(0)));
    expect(again[1]).toEqual(rowsOf(reshape(sliceAxis(whole, 1, 0, 1), [batch, hidden]))[1]);
    await reading.dispose();
    await expect(stream(layer, params("f32"), { batch })).rejects.toThrow(
      "lstm: the buffers do not fit: no norm.gates.0.mean",
    );
  });

  test("layers of layers nest them as parameters", () => {
    const model = sequential([
      bidirectional(rnn({ input, hidden, norm: batchNorm({ steps: 2 }) })),
      dense({ input: 2 * hidden, output: 1 }),
    ]);
    const buffers = model.initialBuffers();
    expect(leavesOf(buffers).map(({ path }) => path)).toEqual([
      "0.forward.norm.gates.0.mean",
      "0.forward.norm.gates.0.variance",
      "0.forward.norm.gates.1.mean",
      "0.forward.norm.gates.1.variance",
      "0.backward.norm.gates.0.mean",
      "0.backward.norm.gates.0.variance",
      "0.backward.norm.gates.1.mean",
      "0.backward.norm.gates.1.variance",
    ]);
    const weights = model.init(key(1));
    const after = model.apply(weights, x, { buffers, training: true, lengths }).buffers;
    expect(leavesOf(after).map(({ path }) => path)).toEqual(leavesOf(buffers).map(({ path }) => path));
    for (const { path, tensor: y } of leavesOf(after))
      expect(valuesOf(y), path).not.toEqual(valuesOf(at(buffers, path)));
    expect(model.apply(weights, x, { buffers: after }).buffers).toEqual(after);
    expect(() => model.apply(weights, x)).toThrow("sequential: buffers are missing: 0.forward.norm.gates.0.mean");
    const [first, ...rest] = Object.values(buffers);
    expect(() =>
      model.apply(weights, x, { buffers: [mapTree(first!, (y) => sliceAxis(y, 0, 0, 1)), ...rest] }),
    ).toThrow("sequential: the buffers do not fit: 0.forward.norm.gates.0.mean is [1,3], expected [2,3]");
    expect(() =>
      dense({ input: 2, output: 1 }).apply({ W: random("W", [2, 1], "f32"), b: random("b", [1], "f32") }, x, {
        buffers,
      }),
    ).toThrow("dense: the buffers do not fit: unexpected 0.forward.norm.gates.0.mean");
  });

  test("modifiers pass on what was observed; one that does not is an error", () => {
    const cell = lstm({ input, hidden, norm: batchNorm({ steps }), dropout: 0.2, recurrentDropout: 0.2 });
    const modified = sequence(zoneout(cell, { h: 0.1 }));
    const { buffers } = modified.apply(params("f32"), x, {
      buffers: modified.initialBuffers(),
      training: true,
      key: key(2),
    });
    expect(valuesOf(at(buffers, "norm.gates.1.mean"))).not.toEqual(
      valuesOf(at(modified.initialBuffers(), "norm.gates.1.mean")),
    );
    const forgetful: typeof cell = {
      ...cell,
      step(weights, state, y, context) {
        const { state: next, output } = cell.step(weights, state, y, context);
        return { state: next, output };
      },
    };
    expect(() => sequence(forgetful)).toThrow(
      "lstm: its buffers are updated, but the step observed nothing; a modifier must pass on what a step returns",
    );
  });
});
