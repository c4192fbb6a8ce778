// BRITS and M-RNN against PyPOTS, the equations of M-RNN in plain numbers, and what must hold of both.
import { readFileSync } from "node:fs";
import {
  add,
  assertGradient,
  compile,
  grad,
  item,
  key,
  leavesOf,
  mapTree,
  normal,
  reshape,
  select,
  sliceAxis,
  tensor,
  transpose,
  uniform,
  valueAndGrad,
  valuesOf,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { describe, expect, test } from "vitest";
import {
  brits,
  britsLoss,
  mRnn,
  mRnnLoss,
  timeSinceObserved,
  timeUntilObserved,
  type BritsParams,
  type MRnnParams,
} from "../index.ts";

interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Common {
  readonly x: Stored;
  readonly mask: Stored;
  readonly params: Readonly<Record<string, Stored>>;
  readonly gradients: Readonly<Record<string, Stored>>;
  readonly loss: number;
  readonly imputed: Stored;
}

const fixture: {
  readonly sizes: Readonly<Record<"variables" | "hidden" | "classes", number>>;
  readonly brits: Common & {
    readonly forward: Stored;
    readonly backward: Stored;
    readonly logits: Readonly<Record<"forward" | "backward", Stored>>;
    readonly probabilities: Stored;
  };
  readonly mRnn: Common & { readonly interpolated: Stored; readonly estimated: Stored };
} = JSON.parse(readFileSync(new URL("../../../../fixtures/irregular/pypots.json", import.meta.url), "utf8"));

const { variables, hidden, classes } = fixture.sizes;
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const double = ({ shape, data }: Stored): ArrayTensor => tensor(new Float64Array(data), shape);
const flags = ({ shape, data }: Stored): ArrayTensor => tensor([...data], shape, { dtype: "bool" });

function expectClose(what: string, found: Tensor, { shape, data }: Stored, tolerance = 1e-13): void {
  expect(found.shape, what).toEqual(shape);
  numbers(found).forEach((value, i) => expect(Math.abs(value - data[i]!), what).toBeLessThan(tolerance));
}

/** PyPOTS adds 1e-12 to the counts by which it divides, so losses and gradients of about 1 differ by that much. */
const countedTolerance = 3e-12;

/** Weights by PyPOTS's names, or gradients, which it does not have for what the loss does not depend on. */
type Named = (name: string) => Tensor;

const named =
  (from: Readonly<Record<string, Stored>>, of: Readonly<Record<string, Stored>>): Named =>
  (name) =>
    from[name] === undefined ? tensor(new Float64Array(of[name]!.data.length), of[name]!.shape) : double(from[name]);

const linear = (at: Named, name: string) => ({ W: transpose(at(`${name}.weight`)), b: at(`${name}.bias`) });

/** PyPOTS's weights as those of `brits`. The gradient of a sum of biases is that of each. */
function asBrits(at: Named, join: (a: Tensor, b: Tensor) => Tensor): BritsParams {
  const rits = (name: string) => {
    const own: Named = (part) => at(`model.${name}.${part}`);
    const diagonal = reshape(own("temp_decay_x.W"), [variables * variables]);
    return {
      W: transpose(own("rnn_cell.weight_ih")),
      U: transpose(own("rnn_cell.weight_hh")),
      b: join(own("rnn_cell.bias_ih"), own("rnn_cell.bias_hh")),
      history: linear(own, "hist_reg"),
      features: { W: transpose(own("feat_reg.W")), b: own("feat_reg.b") },
      combine: linear(own, "combining_weight"),
      wx: tensor(
        Float64Array.from({ length: variables }, (_, i) => valuesOf(diagonal)[i * (variables + 1)]!),
        [variables],
      ),
      bx: own("temp_decay_x.b"),
      Wh: transpose(own("temp_decay_h.W")),
      bh: own("temp_decay_h.b"),
    };
  };
  const classifier = { forward: linear(at, "f_classifier"), backward: linear(at, "b_classifier") };
  return { forward: rits("rits_f"), backward: rits("rits_b"), classifier };
}

describe("PyPOTS's BRITS", () => {
  const given = fixture.brits;
  const model = brits({ variables, hidden, classes, decayedHistory: true });
  const params = asBrits(named(given.params, given.params), add);
  const mask = flags(given.mask);
  // What was not observed is not read.
  const examples = { x: select(mask, double(given.x), NaN), mask };

  test("estimates, imputations and classes", () => {
    const { output } = model.apply(params, examples);
    expectClose("forward", output.forward.combined, given.forward);
    expectClose("backward", output.backward.combined, given.backward);
    expectClose("imputed", output.imputed, given.imputed);
    expectClose("logits forward", output.logits!.forward, given.logits.forward);
    expectClose("logits backward", output.logits!.backward, given.logits.backward);
    expectClose("probabilities", output.probabilities!, given.probabilities);
  });

  test("the loss of imputation, and its gradients", () => {
    const f = (p: BritsParams): Tensor => britsLoss(model.apply(p, examples).output, examples, { mean: "steps" });
    const { value, gradient: found } = valueAndGrad(f)(params);
    expect(Math.abs(item(value) - given.loss)).toBeLessThan(countedTolerance);
    const expected = new Map(
      leavesOf(asBrits(named(given.gradients, given.params), (a) => a)).map(({ path, tensor: g }) => [path, g]),
    );
    for (const { path, tensor: g } of leavesOf(found)) {
      const wanted = numbers(expected.get(path)!);
      // A diagonal that is multiplied by 0 has no gradient in either.
      numbers(g).forEach((value, i) => expect(Math.abs(value - wanted[i]!), path).toBeLessThan(countedTolerance));
    }
  });
});

const interpolationOf = (at: Named) => {
  const gru = (name: string) => ({
    W: transpose(at(`${name}.weight_ih_l0`)),
    U: transpose(at(`${name}.weight_hh_l0`)),
    b: at(`${name}.bias_ih_l0`),
    bh: at(`${name}.bias_hh_l0`),
  });
  return {
    forward: gru("backbone.f_rnn"),
    backward: gru("backbone.b_rnn"),
    ...linear(at, "backbone.concated_hidden_project"),
  };
};

/** PyPOTS's weights as those of `mRnn`. */
function asMRnn(at: Named): MRnnParams {
  const own: Named = (name) => at(`backbone.fcn_regression.${name}`);
  const { W, b } = linear(own, "final_linear");
  return {
    interpolation: [interpolationOf(at)],
    imputation: {
      U: transpose(own("U")),
      V1: transpose(own("V1")),
      V2: transpose(own("V2")),
      beta: own("beta"),
      W,
      alpha: b,
    },
  };
}

describe("PyPOTS's M-RNN", () => {
  const given = fixture.mRnn;
  const model = mRnn({ variables, hidden, shared: true, leaveOut: false, readout: "matrix" });
  const params = asMRnn(named(given.params, given.params));
  const mask = flags(given.mask);
  const examples = { x: select(mask, double(given.x), NaN), mask };

  test("interpolations and imputations", () => {
    const { output } = model.apply(params, examples);
    expectClose("interpolated", output.interpolated, given.interpolated);
    expectClose("estimated", output.estimated, given.estimated);
    expectClose("imputed", output.imputed, given.imputed);
  });

  test("the loss and its gradients", () => {
    const f = (p: MRnnParams): Tensor => mRnnLoss(model.apply(p, examples).output, examples);
    const { value, gradient: found } = valueAndGrad(f)(params);
    expect(Math.abs(item(value) - given.loss)).toBeLessThan(countedTolerance);
    const expected = leavesOf(asMRnn(named(given.gradients, given.params)));
    leavesOf(found).forEach(({ path, tensor: g }, i) => {
      expect(expected[i]!.path).toBe(path);
      const wanted = numbers(expected[i]!.tensor);
      numbers(g).forEach((value, at) => expect(Math.abs(value - wanted[at]!), path).toBeLessThan(countedTolerance));
    });
  });
});

const root = key(9);
const lengths = tensor([3, 5, 0, 4], [4], { dtype: "i32" });
const [batch, time] = [4, 5];
const x = normal(root, [batch, time, 2], { dtype: "f64" });
const elapsed = uniform(root, [batch, time, 1], { low: 0.2, high: 2, dtype: "f64" });
const mask = tensor(
  numbers(uniform(key(10), [batch, time, 2])).map((u) => (u < 0.6 ? 1 : 0)),
  [batch, time, 2],
  { dtype: "bool" },
);
const within = tensor(
  Array.from({ length: batch * time }, (_, i) => (i % time < lengths.data[Math.floor(i / time)]! ? 1 : 0)),
  [batch, time, 1],
  { dtype: "bool" },
);
const made = [
  ["brits", brits({ variables: 2, hidden: 3, classes: 2 }), britsLoss],
  ["mRnn", mRnn({ variables: 2, hidden: 3 }), mRnnLoss],
  ["mRnn, shared", mRnn({ variables: 2, hidden: 3, shared: true, readout: "matrix" }), mRnnLoss],
] as const;

/** What the tests need of a model. */
interface AnyModel {
  init(key: ArrayTensor, options?: { dtype?: "f32" | "f64" }): never;
  apply(params: never, examples: object): { readonly output: never };
}

describe.each(made)("%s", (_, given, given2) => {
  const [model, loss] = [given as unknown as AnyModel, given2 as (output: never, examples: never) => Tensor];
  const params = mapTree(model.init(root, { dtype: "f64" }) as { readonly [name: string]: Tensor }, (w) =>
    add(w, normal(key(11), w.shape, { deviation: 0.2, dtype: "f64" })),
  ) as never;
  const examples = { x, mask, elapsed, lengths };

  test("what was not observed, and what is beyond the lengths, reaches nothing", () => {
    const at = (fill: number) => {
      const filled = {
        x: select(mask, select(within, x, fill), fill),
        mask,
        elapsed: select(within, elapsed, fill),
        lengths,
      };
      const { output } = model.apply(params, filled);
      const g = grad((p: never) => loss(model.apply(p, filled).output, filled as never))(params);
      return [...leavesOf(output), ...leavesOf(g)].map(({ path, tensor: y }) => [path, numbers(y)]);
    };
    expect(at(NaN)).toEqual(at(0));
  });

  test("a row alone has the same outputs, which are 0 beyond its length", () => {
    const whole = leavesOf(model.apply(params, examples).output);
    const row = (y: Tensor, n: number): Tensor => sliceAxis(sliceAxis(y, 0, 0, 1), 1, 0, n);
    const alone = leavesOf(model.apply(params, { x: row(x, 3), mask: row(mask, 3), elapsed: row(elapsed, 3) }).output);
    whole.forEach(({ path, tensor: y }, i) => {
      const own = alone[i]!.tensor;
      const found = numbers(sliceAxis(y, 0, 0, 1));
      numbers(own).forEach((value, at) => expect(value, path).toBeCloseTo(found[at]!, 13));
      found.slice(numbers(own).length).forEach((value) => expect(value, path).toBe(0));
    });
  });

  test("observed values are kept, and rows of weight 0 do not count", () => {
    const output: { readonly imputed: Tensor } = model.apply(params, examples).output;
    numbers(output.imputed).forEach((value, i) => {
      if (mask.data[i] === 1 && within.data[Math.floor(i / 2)] === 1) expect(value).toBe(valuesOf(x)[i]);
    });
    const rows = (y: Tensor): Tensor => sliceAxis(y, 0, 0, 2);
    const some = { x: rows(x), mask: rows(mask), elapsed: rows(elapsed), lengths: rows(lengths) };
    const weight = tensor([1, 1, 0, 0], [4], { dtype: "f64" });
    const weighted = { ...examples, weight };
    expect(item(loss(model.apply(params, weighted).output, weighted as never))).toBeCloseTo(
      item(loss(model.apply(params, some).output, some as never)),
      13,
    );
  });

  test("has the gradient of finite differences", () => {
    assertGradient((p: never) => loss(model.apply(p, examples).output, examples as never), params, { samples: 2 });
  });

  test("compiles, and gives nearly the reference's numbers in f32", async () => {
    const backend = wasm();
    const single = mapTree(params as { readonly [name: string]: Tensor }, (w) =>
      tensor(Float32Array.from(numbers(w)), w.shape),
    );
    const parts = {
      x: tensor(Float32Array.from(numbers(x)), x.shape),
      elapsed: tensor(Float32Array.from(numbers(elapsed)), elapsed.shape),
      mask,
      lengths,
    };
    const compiled = await compile(
      (p: never, e: typeof parts) => loss(model.apply(p, e).output, e as never),
      [single as never, parts],
      { backend },
    );
    const found = await compiled(single as never, parts);
    expect(item(found)).toBeCloseTo(item(loss(model.apply(params, examples).output, examples as never)), 4);
    await compiled.dispose();
    await backend.close();
  });
});

test("M-RNN's interpolation leaves out the step that it estimates", () => {
  const model = mRnn({ variables: 2, hidden: 3 });
  const params = model.init(root, { dtype: "f64" });
  const all = tensor(new Int32Array(20).fill(1), [2, 5, 2], { dtype: "bool" });
  const of = (values: Tensor) => model.apply(params, { x: values, mask: all }).output;
  const before = sliceAxis(x, 0, 0, 2);
  // The value of variable 0 at step 2 of row 0.
  const after = tensor(
    numbers(before).map((value, i) => (i === 4 ? value + 1 : value)),
    before.shape,
    { dtype: "f64" },
  );
  const [one, other] = [of(before), of(after)];
  const [a, b] = [numbers(one.interpolated), numbers(other.interpolated)];
  expect(b[4]).toBe(a[4]);
  for (const step of [0, 1, 3, 4]) expect(b[2 * step]).not.toBe(a[2 * step]);
  for (const step of [0, 1, 2, 3, 4]) expect(b[2 * step + 1]).toBe(a[2 * step + 1]);
  // Neither does the imputation see it.
  expect(numbers(other.estimated)[4]).toBe(numbers(one.estimated)[4]);
  expect(numbers(other.estimated)[5]).not.toBe(numbers(one.estimated)[5]);
});

test("M-RNN with one network equals one in which all variables have it", () => {
  const [own, shared] = [mRnn({ variables: 2, hidden: 3 }), mRnn({ variables: 2, hidden: 3, shared: true })];
  const { interpolation, imputation } = shared.init(root, { dtype: "f64" });
  const examples = { x, mask, elapsed, lengths };
  const one = shared.apply({ interpolation, imputation }, examples).output;
  const each = own.apply({ interpolation: [...interpolation, ...interpolation], imputation }, examples).output;
  numbers(each.imputed).forEach((value, i) => expect(value).toBeCloseTo(numbers(one.imputed)[i]!, 13));
});

test("the time until a variable is observed next is that since it was, of the series read backwards", () => {
  const backwards = (y: Tensor): Tensor => {
    const width = y.shape[2]!;
    const out = numbers(y);
    numbers(lengths).forEach((n, row) => {
      for (let t = 0; t < n; t++)
        for (let c = 0; c < width; c++)
          out[(row * time + t) * width + c] = numbers(y)[(row * time + n - 1 - t) * width + c]!;
    });
    return tensor(y.dtype === "bool" ? out : new Float64Array(out), y.shape, { dtype: y.dtype });
  };
  // The elapsed time of a step read backwards is that of the step read before it.
  const since = numbers(elapsed);
  numbers(lengths).forEach((n, row) => {
    for (let t = 1; t < n; t++) since[row * time + t] = numbers(elapsed)[row * time + n - t]!;
  });
  const expected = backwards(timeSinceObserved(backwards(mask), tensor(new Float64Array(since), [batch, time, 1])));
  const found = timeUntilObserved(mask, elapsed, { lengths });
  numbers(found).forEach((value, i) => {
    if (within.data[Math.floor(i / 2)] === 1) expect(value).toBeCloseTo(valuesOf(expected)[i]!, 13);
    else expect(value).toBe(0);
  });
});

test.each<[string, () => unknown, string]>([
  ["one class", () => brits({ variables: 2, hidden: 3, classes: 1 }), "brits: classes must be an integer >= 2, got 1"],
  [
    "PyPOTS's name",
    () => brits(Object({ features: 2, hidden: 3 })),
    "brits: unknown option features; did you mean variables?",
  ],
  [
    "series of another width",
    () =>
      brits({ variables: 3, hidden: 3 }).apply(brits({ variables: 3, hidden: 3 }).init(root, { dtype: "f64" }), {
        x,
        mask,
      }),
    "brits: expected x [batch, time, 3] of floats, got f64 [4,5,2]",
  ],
  [
    "a mask of another shape",
    () =>
      brits({ variables: 2, hidden: 3 }).apply(brits({ variables: 2, hidden: 3 }).init(root, { dtype: "f64" }), {
        x,
        mask: within,
      }),
    "brits: the mask must have the shape that of the values, [4,5,2], got [4,5,1]",
  ],
  [
    "elapsed times of another shape",
    () =>
      mRnn({ variables: 2, hidden: 3 }).apply(mRnn({ variables: 2, hidden: 3 }).init(root, { dtype: "f64" }), {
        x,
        mask,
        elapsed: x,
      }),
    "mRnn: elapsed must be [4,5,1], the time since the previous step",
  ],
  ["no variables", () => mRnn({ variables: 0, hidden: 3 }), "mRnn: variables must be an integer >= 1, got 0"],
  [
    "another readout",
    () => mRnn({ variables: 2, hidden: 3, readout: "full" as never }),
    'mRnn: readout is "full", expected "diagonal" or "matrix"',
  ],
  [
    "a negative weight of the consistency",
    () =>
      britsLoss(
        brits({ variables: 2, hidden: 3 }).apply(brits({ variables: 2, hidden: 3 }).init(root, { dtype: "f64" }), {
          x,
          mask,
        }).output,
        { x, mask },
        { consistency: -1 },
      ),
    "britsLoss: consistency must be a finite number >= 0, got -1",
  ],
  [
    "lengths of another dtype",
    () => timeUntilObserved(mask, elapsed, { lengths: tensor([1, 2, 3, 4]) }),
    "timeUntilObserved: lengths must be i32 [4], one for each row, got f32 [4]",
  ],
])("refuses %s", (_, run, message) => {
  expect(run).toThrow(message);
});
