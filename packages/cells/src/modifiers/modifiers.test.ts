import {
  add,
  grad,
  key,
  keyFor,
  mapTree,
  matmul,
  mul,
  normal,
  slice,
  sub,
  sum,
  take,
  tanh,
  tensor,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { zerosArray } from "@sluice/tensor/internal";
import { describe, expect, test } from "vitest";
import { kernel } from "@sluice/params";
import {
  bidirectional,
  defineCell,
  dropout,
  evaluation,
  gru,
  lstm,
  outputOf,
  sequence,
  sequential,
  variationalDropout,
  zoneout,
  type Cell,
  type State,
} from "../index.ts";

const [batch, time, input, hidden] = [4, 6, 3, 50];
const root = key(11);
const x = normal(keyFor(root, "x"), [batch, time, input]);
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const training = { training: true, key: keyFor(root, "train") };

const cell = lstm({ input, hidden });
const params = cell.init(root);
const state = mapTree(sequence(cell).initialState(batch), (s, name) => add(s, normal(keyFor(root, name), s.shape)));
const now = take(x, 0, 1);

test("zoneout in evaluation is the expectation, by state; h is made from the new c", () => {
  const plain = cell.step(params, state, now);
  const zoned = zoneout(cell, { h: 0.25, c: 0.5 }).step(params, state, now);
  expect(numbers(zoned.state.h)).toEqual(numbers(add(mul(state.h, 0.25), mul(plain.state.h, 0.75))));
  expect(numbers(zoned.state.c)).toEqual(numbers(add(mul(state.c, 0.5), mul(plain.state.c, 0.5))));
  expect(outputOf(zoned)).toBe(zoned.state.h);
});

test("zoneout in training keeps the old value of a unit or takes the new one, at the given rates", () => {
  const zoned = sequence(zoneout(cell, { h: 0.2, c: 0.6 }));
  const at = (t: number, from: typeof state): typeof state => {
    const one = zoned.apply(params, slice(x, [0, t, 0], [batch, t + 1, input]), { ...training, state: from });
    return one.state;
  };
  const plain = cell.step(params, state, now).state;
  const next = at(0, state);
  for (const [name, rate] of [
    ["h", 0.2],
    ["c", 0.6],
  ] as const) {
    const [old, made, got] = [numbers(state[name]), numbers(plain[name]), numbers(next[name])];
    const kept = got.map((value, i) => (value === old[i] ? 1 : 0));
    got.forEach((value, i) => expect([old[i], made[i]]).toContain(value));
    const share = kept.reduce<number>((a, b) => a + b, 0) / kept.length;
    // Within four standard deviations of a share of 200 draws.
    expect(Math.abs(share - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / kept.length));
  }
});

test("zoneout draws another mask at each step, and the same with the same key", () => {
  // The state counts the steps at which a unit was not kept.
  const counter = defineCell({
    name: "counter",
    params: () => ({ W: kernel([input, hidden]) }),
    state: ({ hidden: n }) => ({ h: [n] }),
    step: (_, { h }) => ({ state: { h: add(h, 1) }, output: h }),
  });
  const layer = sequence(zoneout(counter({ input, hidden }), { h: 0.5 }));
  const run = (seed: number): number[] =>
    numbers(layer.apply(layer.init(root), x, { training: true, key: key(seed) }).state.h);
  expect(new Set(run(1)).size).toBeGreaterThan(3);
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
});

/** Traces what is multiplied with weights, as it reaches the product. */
const spied = <P extends Tree, S extends State>(c: Cell<P, S>): Cell<P, S> => ({
  ...c,
  step: (p, s, given, at = evaluation) =>
    c.step(p, s, given, {
      ...at,
      product(product) {
        at.trace(product.name, product.x);
        return at.product(product);
      },
    }),
});

/** What reaches the step: the input, and the state as the recurrent product sees it. */
const mirror = defineCell({
  name: "mirror",
  params: ({ hidden: n }) => ({ U: kernel([n, 1]) }),
  state: ({ hidden: n }) => ({ h: [n] }),
  step({ U }, { h }, given, { trace, recurrent }) {
    trace("input", given);
    recurrent("seen", h, U);
    recurrent("again", h, U);
    return { state: { h }, output: "h" };
  },
});

test("variational dropout holds one mask for the whole sequence, scales what it keeps, and leaves the carried state alone", () => {
  const layer = sequence(spied(variationalDropout(mirror({ input, hidden }), { input: 0.5, recurrent: 0.2 })));
  const ones = { h: add(zerosArray([batch, hidden]), 1) };
  const flat = add(zerosArray([batch, time, input]), 1);
  const { traces, state: final } = layer.apply(layer.init(root), flat, { ...training, state: ones, traces: true });
  for (const [name, rate] of [
    ["input", 0.5],
    ["seen", 0.2],
  ] as const) {
    const first = numbers(take(traces[name]!, 0, 1));
    for (let t = 1; t < time; t++) expect(numbers(take(traces[name]!, t, 1))).toEqual(first);
    expect(new Set(first)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
  }
  expect(numbers(traces["again"]!)).toEqual(numbers(traces["seen"]!));
  expect(numbers(final.h)).toEqual(numbers(ones.h));
  const evaluated = layer.apply(layer.init(root), flat, { state: ones, traces: true });
  expect(numbers(evaluated.traces["input"]!)).toEqual(numbers(flat));
});

test("dropout and recurrentDropout, the options, are the modifier", () => {
  const [a, b] = [
    gru({ input, hidden, dropout: 0.3, recurrentDropout: 0.2 }),
    variationalDropout(gru({ input, hidden }), { input: 0.3, recurrent: 0.2 }),
  ];
  const weights = a.init(root);
  const run = (c: typeof a): number[] => numbers(sequence(c).apply(weights, x, training).output);
  expect(run(a)).toEqual(run(b));
  expect(run(a)).not.toEqual(numbers(sequence(a).apply(weights, x).output));
});

test("modifiers compose in any order", () => {
  const drop = (c: typeof cell): typeof cell => variationalDropout(c, { input: 0.3, recurrent: 0.2 });
  const zone = (c: typeof cell): typeof cell => zoneout(c, { h: 0.1, c: 0.3 });
  const run = (c: typeof cell): number[] => numbers(sequence(c).apply(params, x, training).output);
  expect(run(zone(drop(cell)))).toEqual(run(drop(zone(cell))));
  expect(run(zone(drop(cell)))).not.toEqual(run(zone(cell)));
});

test("a modifier of one's own is a cell with another step", () => {
  const halved = <P extends Tree, S extends State>(c: Cell<P, S>): Cell<P, S> => ({
    ...c,
    step(...args) {
      const next = c.step(...args);
      return { state: next.state, output: mul(outputOf(next), 0.5) };
    },
  });
  const layer = sequence(halved(gru({ input, hidden })), { outputs: "last" });
  const weights = layer.init(root);
  const plain = sequence(gru({ input, hidden }), { outputs: "last" }).apply(weights, x).output;
  expect(numbers(layer.apply(weights, x).output)).toEqual(numbers(mul(plain, 0.5)));
});

/** The shares of ones, and the shares of pairs of ones: of independent masks, products of the shares. */
function independent(masks: readonly (readonly number[])[], rates: readonly number[]): void {
  const share = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  // Within four and a half standard deviations.
  const near = (found: number, expected: number, draws: number): void =>
    expect(Math.abs(found - expected)).toBeLessThan(4.5 * Math.sqrt((expected * (1 - expected)) / draws));
  masks.forEach((mask, i) => {
    near(share(mask), rates[i]!, mask.length);
    masks
      .slice(0, i)
      .forEach((other, j) => near(share(mask.map((m, k) => m * other[k]!)), rates[i]! * rates[j]!, mask.length));
  });
}

describe("what draws twice draws independently", () => {
  const wide = 4000;
  const ones = (n: number): Tensor => add(zerosArray([1, 2, n]), 1);
  const kept = (y: Tensor): number[] => numbers(y).map((v) => (v === 0 ? 0 : 1));
  const context = { ...training, traces: true } as const;

  test("dropout of dropout drops 1 - 0.7^2", () => {
    const twice = sequence(
      variationalDropout(variationalDropout(mirror({ input: wide, hidden: 1 }), { input: 0.3 }), { input: 0.3 }),
    );
    const seen = kept(take(twice.apply(twice.init(root), ones(wide), context).traces["input"]!, 0, 1));
    independent([seen], [0.49]);
    const thrice = sequence(
      [0.3, 0.3, 0.3].reduce((c, rate) => variationalDropout(c, { input: rate }), mirror({ input: wide, hidden: 1 })),
    );
    independent([kept(take(thrice.apply(thrice.init(root), ones(wide), context).traces["input"]!, 0, 1))], [0.343]);
  });

  test("recurrent dropout of recurrent dropout does so too, and differs from that of the input", () => {
    const twice = sequence(
      spied(
        variationalDropout(variationalDropout(mirror({ input: wide, hidden: wide }), { input: 0.4, recurrent: 0.3 }), {
          recurrent: 0.3,
        }),
      ),
    );
    const { traces } = twice.apply(twice.init(root), ones(wide), {
      ...context,
      state: { h: add(zerosArray([1, wide]), 1) },
    });
    independent([kept(take(traces["seen"]!, 0, 1)), kept(take(traces["input"]!, 0, 1))], [0.49, 0.6]);
  });

  test("zoneout of zoneout keeps 1 - (1 - rate)^2, at depth three 1 - (1 - rate)^3", () => {
    const counter = defineCell({
      name: "counter",
      params: () => ({ W: kernel([1, 1]) }),
      state: ({ hidden: n }) => ({ h: [n] }),
      step: (_, { h }) => ({ state: { h: add(h, 1) }, output: "h" }),
    });
    const moved = (depth: number): number[] => {
      const zoned = sequence(
        Array.from({ length: depth }).reduce<ReturnType<typeof counter>>(
          (c) => zoneout(c, { h: 0.3 }),
          counter({ input: 1, hidden: wide }),
        ),
      );
      return numbers(take(zoned.apply(zoned.init(root), ones(1), training).output, 0, 1));
    };
    for (const depth of [1, 2, 3]) independent([moved(depth)], [[0.7, 0.49, 0.343][depth - 1]!]);
  });

  test("one modifier in two layers, in both directions, and at two steps", () => {
    const drop = variationalDropout(mirror({ input: wide, hidden: wide }), { input: 0.5 });
    const model = sequential([bidirectional(drop, { merge: "mean" }), sequence(drop)]);
    const { traces } = model.apply(model.init(root), ones(wide), {
      ...context,
      state: [
        { forward: { h: add(zerosArray([1, wide]), 1) }, backward: { h: add(zerosArray([1, wide]), 1) } },
        { h: zerosArray([1, wide]) },
      ],
    });
    independent(
      ["0.forward.input", "0.backward.input", "1.input"].map((name) => kept(take(traces[name]!, 0, 1))),
      [0.5, 0.5, 0.5],
    );
  });

  test("a third-party modifier that uses one key twice is refused", () => {
    const noisy = <P extends Tree, S extends State>(c: Cell<P, S>): Cell<P, S> => ({
      ...c,
      step(p, s, given, at = evaluation) {
        return c.step(p, s, at.training ? add(given, normal(at.keys.step("noise"), given.shape)) : given, at);
      },
    });
    expect(() => sequence(noisy(cell))).not.toThrow();
    expect(() => sequence(noisy(noisy(cell)))).toThrow("lstm: the random key noise is used twice in one step");
  });
});

describe("an output that is a state is the state after what was done to it", () => {
  /** An output that is given by the name of a state follows changes of that state. */
  const traced = defineCell({
    name: "traced",
    params: ({ input: n, hidden: m }) => ({ W: kernel([n, m]) }),
    state: ({ hidden: n }) => ({ h: [n] }),
    step({ W }, { h }, given, { trace }) {
      const next = trace("hidden", tanh(add(matmul(given, W), h)));
      return { state: { h: next }, output: "h" };
    },
  });

  test("zoneout reaches it", () => {
    const one = traced({ input, hidden });
    const weights = one.init(root);
    const before = { h: state.h };
    const plain = numbers(outputOf(one.step(weights, before, now)));
    const zoned = zoneout(one, { h: 0.25 });
    const expected = numbers(add(mul(state.h, 0.25), mul(tensor(plain, state.h.shape), 0.75)));
    expect(numbers(outputOf(zoned.step(weights, before, now)))).toEqual(expected);
    const applied = sequence(zoned).apply(weights, slice(x, [0, 0, 0], [batch, 1, input]), { state: before });
    expect(numbers(applied.output)).toEqual(expected);
  });

  test("a perturbation of the last step has a gradient", () => {
    const layer = sequence(traced({ input, hidden }));
    const weights = layer.init(root);
    const gradient = grad((perturbations: { readonly h: Tensor }) =>
      sum(layer.apply(weights, x, { perturbations }).output),
    )(layer.perturbations({ batch, time }));
    // The output of the last step is the state itself, so its derivative is 1.
    expect(numbers(take(gradient.h, time - 1, 1))).toEqual(new Array(batch * hidden).fill(1));
  });
});

test("dropout between the layers of a stack skips the last, and is drawn for every step", () => {
  const a = sequence(gru({ input, hidden }));
  const b = sequence(mirror({ input: hidden, hidden }));
  const model = sequential([a, b], { dropout: 0.4 });
  const weights = model.init(root);
  const { traces, output } = model.apply(weights, x, { ...training, traces: true });
  const clean = a.apply(weights[0], x).output;
  const seen = numbers(traces["1.input"]!);
  const shares = seen.filter((value) => value === 0).length / seen.length;
  expect(Math.abs(shares - 0.4)).toBeLessThan(4 * Math.sqrt(0.24 / seen.length));
  const scale = Math.fround(1 / 0.6);
  numbers(clean).forEach((value, i) => expect([0, Math.fround(value * scale)]).toContain(seen[i]));
  expect(numbers(take(traces["1.input"]!, 0, 1)).map((v) => v === 0)).not.toEqual(
    numbers(take(traces["1.input"]!, 1, 1)).map((v) => v === 0),
  );
  expect(numbers(output).every((v) => v === 0)).toBe(true);
  expect(numbers(sequential([a], { dropout: 0.4 }).apply([weights[0]], x, training).output)).toEqual(numbers(clean));
});

test("bad rates and states are named", () => {
  const given = (rates: object): object => rates;
  expect(() => zoneout(cell, given({ hidden: 0.1 }))).toThrow("zoneout of lstm: unknown option hidden");
  expect(() => zoneout(cell, JSON.parse("0.5"))).toThrow(
    "zoneout of lstm: expected an object of options, such as { h }, got 0.5; known: h, c",
  );
  expect(() => zoneout(cell, { h: 1.5 })).toThrow("zoneout: the rate of h must lie in [0, 1], got 1.5");
  expect(() => variationalDropout(cell, { input: 1 })).toThrow(
    "variationalDropout: the rate of input must lie in [0, 1), got 1",
  );
  expect(() => gru({ input, hidden, dropout: -1 })).toThrow("the rate of input must lie in [0, 1), got -1");
  expect(() => sequential([sequence(cell)], { dropout: 2 })).toThrow(
    "sequential: the rate of dropout must lie in [0, 1), got 2",
  );
  expect(() => dropout(x, 0.5, undefined)).toThrow("dropout: training needs a key");
});

test("recurrent dropout of a cell without recurrent products is an error, not silence", () => {
  const silent = defineCell({
    name: "silent",
    params: ({ input: n, hidden: m }) => ({ W: kernel([n, m]) }),
    state: ({ hidden: n }) => ({ h: [n] }),
    step: (_, { h }) => ({ state: { h: sub(h, 1) }, output: h }),
  });
  expect(() => silent({ input, hidden, recurrentDropout: 0.1 })).toThrow(
    'the step of silent has no recurrent product to drop; give no rate for it, or, if the step multiplies the state with matmul(h, U), write recurrent("gates", h, U) there',
  );
  expect(() => silent({ input, hidden, dropout: 0.1 })).not.toThrow();
});
