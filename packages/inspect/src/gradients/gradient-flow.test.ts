import { bidirectional, dense, gru, lstm, rnn, sequence, sequential, zoneout, type Cell } from "@sluice/cells";
import {
  add,
  leavesOf,
  assertGradient,
  compile,
  grad,
  key,
  keyFor,
  mean,
  mul,
  normal,
  reference,
  reshape,
  square,
  sub,
  sum,
  take,
  tensor,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { differenceOf, noiseOf, type Difference } from "@sluice/tensor/testing";
import { wasm } from "@sluice/wasm";
import { describe, expect, test } from "vitest";
import { effectiveHorizon, gradientFlow, stateGradients, stepNorms } from "../index.ts";

const [batch, time, input, hidden] = [3, 5, 2, 4];
const root = key(11);
const dtype = "f64";
const x = normal(keyFor(root, "x"), [batch, time, input], { dtype });
const target = normal(keyFor(root, "target"), [batch, hidden], { dtype });
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const flags = (rows: readonly (readonly number[])[]): Tensor =>
  tensor(rows.flat(), [rows.length, rows[0]!.length], { dtype: "bool" });

type Rows = readonly (readonly boolean[])[];
type States = Record<string, Tensor>;

/**
 * The loss of one row in a plain loop over time that adds `offset` to unit `unit` of state `name` as it leaves step
 * `at`. The loss of the other rows does not depend on it.
 */
function unrolledLoss(
  cell: Cell,
  params: Tree,
  taken: Rows,
  { name, row, at, unit, offset }: { name: string; row: number; at: number; unit: number; offset: number },
): number {
  let state: States = Object.fromEntries(
    Object.keys(cell.state).map((own) => [own, tensor(new Float64Array(hidden), [1, hidden])]),
  );
  for (let t = 0; t < time; t++) {
    if (!taken[row]![t]!) continue;
    const stepped = cell.step(params, state, reshape(take(take(x, row), t), [1, input]));
    const next: States = Object.fromEntries(leavesOf(stepped.state).map(({ path, tensor: s }) => [path, s]));
    if (at === t) {
      const by = new Float64Array(hidden);
      by[unit] = offset;
      next[name] = add(next[name]!, tensor(by, [1, hidden]));
    }
    state = next;
  }
  const errors = numbers(sub(state["h"]!, reshape(take(target, row), [1, hidden])));
  return errors.reduce((sum, e) => sum + e * e, 0);
}

/**
 * Norms [time] by central differences of that loop, and how far off they may be: by the mean over rows of the norm of
 * the units' uncertainties. NaN at a step that no row takes.
 */
function flowByDifferences(cell: Cell, params: Tree, taken: Rows, name: string): Difference[] {
  return Array.from({ length: time }, (_, at) => {
    let [value, uncertainty] = [0, 0];
    const rows = Array.from({ length: batch }, (_, row) => row).filter((row) => taken[row]![at]);
    if (rows.length === 0) return { value: NaN, uncertainty: 0 };
    for (const row of rows) {
      const units: Difference[] = [];
      for (let unit = 0; unit < hidden; unit++) {
        const loss = (offset: number): number => unrolledLoss(cell, params, taken, { name, row, at, unit, offset });
        units.push(differenceOf(loss, { noise: noiseOf(loss, loss(0)) }));
      }
      value += Math.hypot(...units.map((unit) => unit.value)) / rows.length;
      uncertainty += Math.hypot(...units.map((unit) => unit.uncertainty)) / rows.length;
    }
    return { value, uncertainty };
  });
}

function expectClose(actual: readonly number[], expected: readonly number[], relative = 1e-8): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  actual.forEach((y, i) =>
    expect(Math.abs(y - expected[i]!), `${i}: ${y} and ${expected[i]}`).toBeLessThanOrEqual(relative * scale),
  );
}

const cells: Record<string, Cell> = {
  rnn: rnn({ input, hidden }),
  gru: gru({ input, hidden }),
  lstm: lstm({ input, hidden }),
  zoneout: zoneout(lstm({ input, hidden }), { h: 0.2, c: 0.3 }),
};
const steps: Record<string, { taken: Rows; options: { lengths?: number[]; mask?: Tensor } }> = {
  "all steps": { taken: [1, 1, 1].map(() => [true, true, true, true, true]), options: {} },
  lengths: {
    taken: [
      [5, 0],
      [2, 0],
      [0, 0],
    ].map(([n]) => [0, 1, 2, 3, 4].map((t) => t < n!)),
    options: { lengths: [5, 2, 0] },
  },
  mask: {
    taken: [
      [1, 0, 0, 1, 1],
      [0, 1, 0, 1, 0],
      [1, 1, 0, 0, 1],
    ].map((row) => row.map((on) => on === 1)),
    options: {
      mask: flags([
        [1, 0, 0, 1, 1],
        [0, 1, 0, 1, 0],
        [1, 1, 0, 0, 1],
      ]),
    },
  },
};

describe.each(Object.entries(cells))("the flow of %s is that of a plain loop by central differences", (_, cell) => {
  const layer = sequence(cell, { outputs: "last" });
  const params = layer.init(keyFor(root, "init"), { dtype });

  test.each(Object.keys(steps))("%s", (kind) => {
    const { taken, options } = steps[kind]!;
    const loss = (perturbations: Tree): Tensor => {
      const { state } = layer.apply(params, x, { ...options, perturbations });
      return sum(square(sub((state as States)["h"]!, target)));
    };
    const zeros = layer.perturbations({ batch, time }, { dtype });
    const flow = gradientFlow(loss, zeros, options) as States;
    expect(Object.keys(flow)).toEqual(Object.keys(cell.state));
    for (const name of Object.keys(cell.state)) {
      const expected = flowByDifferences(cell, params, taken, name);
      expect(expected.some(({ value }) => value > 1e-3) || name === "c").toBe(true);
      numbers(flow[name]!).forEach((norm, t) => {
        expect(expected[t]!.uncertainty).toBeLessThan(1e-9);
        if (Number.isNaN(expected[t]!.value)) return expect(norm).toBeNaN();
        expect(Math.abs(norm - expected[t]!.value), `step ${t}`).toBeLessThanOrEqual(expected[t]!.uncertainty);
      });
    }
    assertGradient(loss, zeros);
  });
});

describe("where the flow is known", () => {
  /** h_t = h_{t-1} U + x_t W: dL/dh_t = U^(T-t) dL/dh_T. */
  const linear = rnn({ input: 1, hidden: 2, activation: "linear" });
  const last = sequence(linear, { outputs: "last" });
  const rotation = (by: number): { W: Tensor; U: Tensor; b: Tensor } => ({
    W: tensor([1, 1], [1, 2]),
    U: tensor([0, by, -by, 0], [2, 2]),
    b: tensor([0, 0]),
  });
  const ones = (rows: number, length: number): ArrayTensor =>
    tensor(new Float32Array(rows * length).fill(1), [rows, length, 1]);
  const flowOf = (by: number, length: number, weight = 1): { h: Tensor } =>
    gradientFlow(
      (perturbations: { readonly h: Tensor }) =>
        mul(sum(last.apply(rotation(by), ones(1, length), { perturbations }).output), weight),
      last.perturbations({ batch: 1, time: length }),
    );

  test("a rotation keeps it, a contraction by half halves it at every step", () => {
    expectClose(
      numbers(flowOf(1, 6).h),
      [1, 1, 1, 1, 1, 1].map((n) => n * Math.sqrt(2)),
      1e-7,
    );
    expectClose(
      numbers(flowOf(0.5, 6).h),
      [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1].map((n) => n * Math.sqrt(2)),
      1e-7,
    );
  });

  test("it is followed to where squares of f32 underflow", () => {
    const flow = numbers(flowOf(0.5, 101).h);
    flow.forEach((norm, t) => expect(norm / (Math.sqrt(2) * 2 ** (t - 100))).toBeCloseTo(1, 6));
    expect(numbers(effectiveHorizon(flowOf(0.5, 101).h, { fraction: 2 ** -60 * 0.999 }))).toEqual([60]);
  });

  test("a mean over the batch has a batch-th of each example's", () => {
    const rows = (loss: (h: Tensor) => Tensor): number[] =>
      numbers(
        gradientFlow(
          (perturbations: { readonly h: Tensor }) =>
            loss(last.apply(rotation(1), ones(4, 3), { perturbations }).output),
          last.perturbations({ batch: 4, time: 3 }),
        ).h,
      );
    expectClose(
      rows((h) => mean(sum(h, -1))),
      rows((h) => sum(h)).map((norm) => norm / 4),
      1e-7,
    );
  });

  test("a reset stops it", () => {
    const resets = flags([[0, 0, 1, 0]]);
    const flow = gradientFlow(
      (perturbations: { readonly h: Tensor }) =>
        sum(last.apply(rotation(1), ones(1, 4), { perturbations, resets }).output),
      last.perturbations({ batch: 1, time: 4 }),
    );
    expectClose(
      numbers(flow.h),
      [0, 0, 1, 1].map((n) => n * Math.sqrt(2)),
      1e-7,
    );
  });

  test("a loss of every step adds up", () => {
    const all = sequence(linear);
    const flow = gradientFlow(
      (perturbations: { readonly h: Tensor }) =>
        sum(take(all.apply(rotation(1), ones(1, 3), { perturbations }).output, 0, 2)),
      all.perturbations({ batch: 1, time: 3 }),
    );
    // Seen from h_2, h_1 and h_0: e, then e + R e, then e + R e + R^2 e with R a quarter turn.
    expectClose(numbers(flow.h), [1, Math.sqrt(2), 1], 1e-7);
  });
});

test("layers of layers: nested as their states", () => {
  const model = sequential([
    bidirectional(gru({ input, hidden })),
    sequence(lstm({ input: 2 * hidden, hidden }), { outputs: "last" }),
    dense({ input: hidden, output: 2 }),
  ]);
  const params = model.init(keyFor(root, "stack"));
  const y = normal(keyFor(root, "y"), [batch, time, input]);
  const lengths = [5, 3, 1];
  const flow = gradientFlow(
    (perturbations: ReturnType<typeof model.perturbations>) =>
      sum(square(model.apply(params, y, { perturbations, lengths }).output)),
    model.perturbations({ batch, time }),
    { lengths },
  );
  for (const norms of [flow[0].forward.h, flow[0].backward.h, flow[1].h]) {
    expect(norms.shape).toEqual([time]);
    expect(numbers(norms).every((n) => n > 0)).toBe(true);
  }
  // c_T itself reaches the loss through h_T alone.
  expect(numbers(flow[1].c).map((n) => n > 0)).toEqual([true, true, true, true, false]);
  expect(flow[2]).toEqual({});
});

test.each<[string, () => Backend, number]>([
  ["reference", reference, 0],
  ["wasm", wasm, 1e-6],
])("it compiles on %s, with parameters as inputs of the program, to what it is eagerly", async (_, make, tolerance) => {
  const layer = sequence(gru({ input, hidden }), { outputs: "last" });
  const params = layer.init(keyFor(root, "compiled"));
  const y = normal(keyFor(root, "y"), [batch, time, input]);
  const lengths = tensor([5, 3, 0], [batch], { dtype: "i32" });
  const flowOf = (p: typeof params, sequences: Tensor, n: Tensor): { readonly h: Tensor } =>
    gradientFlow(
      (perturbations: { readonly h: Tensor }) =>
        sum(square(layer.apply(p, sequences, { perturbations, lengths: n }).output)),
      layer.perturbations({ batch, time }),
      { lengths: n },
    );
  const backend = make();
  const compiled = await compile(flowOf, [params, y, lengths], { backend });
  expectClose(numbers((await compiled(params, y, lengths)).h), numbers(flowOf(params, y, lengths).h), tolerance);
  await backend.close();
});

describe("stepNorms", () => {
  test("are those of the rows at each step", () => {
    expect(numbers(stepNorms(tensor([3, 4, 0, 0, -5, 12, 1, 0], [2, 2, 2])))).toEqual([5, 0, 13, 1]);
    expectClose(numbers(stepNorms(tensor([1, 2, 2, 4], [1, 1, 2, 2]))), [5], 1e-7);
  });

  test("of huge and tiny values are finite and not zero; NaN and infinity stay", () => {
    const [huge, tiny, none, infinite] = numbers(
      stepNorms(tensor([3e38, 0, 3e-38, 4e-38, NaN, 1, Infinity, 1], [1, 4, 2])),
    );
    expect(huge! / 3e38).toBeCloseTo(1, 6);
    expect(tiny! / 5e-38).toBeCloseTo(1, 6);
    expect(none).toBeNaN();
    expect(infinite).toBe(Infinity);
  });
});

test("the gradient of stepNorms is the direction, and 0 at zeros", () => {
  const gradient = grad((y: Tensor) => sum(stepNorms(y)))(tensor([3, 4, 0, 0, 3e-38, 4e-38, 3e37, 4e37], [1, 4, 2]));
  numbers(gradient).forEach((g, i) => expect(g).toBeCloseTo([0.6, 0.8, 0, 0, 0.6, 0.8, 0.6, 0.8][i]!, 5));
});

describe("effectiveHorizon", () => {
  test("reaches from the step of the loss to the earliest that counts", () => {
    expect(numbers(effectiveHorizon(tensor([1e-4, 0.1, 1e-4, 0.5, 1])))).toEqual([3]);
    expect(numbers(effectiveHorizon(tensor([1e-4, 0.1, 1e-4, 0.5, 1]), { fraction: 0.2 }))).toEqual([1]);
    expect(numbers(effectiveHorizon(tensor([1000, 100, 10, 1, 0])))).toEqual([3]);
    expect(numbers(effectiveHorizon(tensor([1, 0.5, 0.1, 1e-3]), { reverse: true }))).toEqual([2]);
  });

  test("is of every row's own, 0 of zeros, NaN of what is infinite", () => {
    const norms = tensor([1, 1, 1, 0, 0.1, 1, 0, 0, 0, 0, 0, 0, Infinity, 1, 1, 1], [4, 4]);
    expect(numbers(effectiveHorizon(norms))).toEqual([2, 1, 0, NaN]);
  });

  test("leaves missing steps out, and is missing where all are", () => {
    const norms = tensor([1, NaN, 1, NaN, NaN, NaN, 0.1, 1, NaN, 0, 0, NaN, NaN, NaN, NaN, NaN], [4, 4]);
    expect(numbers(effectiveHorizon(norms))).toEqual([2, 1, 0, NaN]);
  });
});

test.each<[string, () => unknown, string]>([
  [
    "no time axis",
    () => stateGradients((p: Tensor) => sum(p), tensor([1, 2])),
    "stateGradients: the perturbation must be a float [batch, time, ...], got f32 [2]; layer.perturbations({ batch, time }) makes them",
  ],
  [
    "unknown option",
    () => gradientFlow((p: Tensor) => sum(p), tensor([1, 2], [1, 2, 1]), { length: [1] } as object),
    "gradientFlow: unknown option length; did you mean lengths?",
  ],
  [
    "lengths of another batch",
    () => gradientFlow((p: Tensor) => sum(p), tensor([1, 2], [1, 2, 1]), { lengths: [1, 1] }),
    "gradientFlow: lengths must be i32 [1], one for each row, got i32 [2]",
  ],
  [
    "a mask of numbers",
    () => gradientFlow((p: Tensor) => sum(p), tensor([1, 2], [1, 2, 1]), { mask: tensor([1, 1], [1, 2]) }),
    "gradientFlow: mask must be bool [1,2] (batch, time), got f32 [1,2]",
  ],
  [
    "a fraction of nothing",
    () => effectiveHorizon(tensor([1, 2]), { fraction: 0 }),
    "effectiveHorizon: fraction must be above 0 and at most 1, got 0",
  ],
  [
    "no steps",
    () => effectiveHorizon(tensor([], [0])),
    "effectiveHorizon: expected norms [..., time] with at least one step",
  ],
])("a clear error: %s", (_, run, message) => {
  expect(run).toThrow(message);
});

test("of an empty batch every step is missing, and a sequence may have no steps", () => {
  const layer = sequence(gru({ input, hidden }), { outputs: "last" });
  const params = layer.init(keyFor(root, "empty"));
  for (const size of [
    { batch: 0, time: 3 },
    { batch: 2, time: 0 },
  ]) {
    const y = tensor([], [size.batch, size.time, input]);
    const flow = gradientFlow(
      (perturbations: { readonly h: Tensor }) => sum(layer.apply(params, y, { perturbations }).output),
      layer.perturbations(size),
    );
    expect(numbers(flow.h)).toEqual(new Array(size.time).fill(NaN));
  }
});
