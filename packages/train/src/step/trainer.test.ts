import {
  add,
  item,
  key,
  leavesOf,
  log,
  mapTree,
  matmul,
  mean,
  mul,
  named,
  normal,
  reference,
  scalar,
  square,
  sub,
  sum,
  tensor,
  tensorsOf,
  uniform,
  valuesOf,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { adaptive, chain, globalNorm, skipNonFinite, value, type GradientTransform } from "@sluice/clip";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test, vi } from "vitest";
import { adam, batches, DivergedError, evaluator, mse, sgd, trainer, trainStep } from "../index.ts";
import { smallGru, smallGruHash, trainSmallGru } from "../testing/index.ts";

vi.setConfig({ testTimeout: 60_000 });

const bits = (tree: Tree): unknown[] => tensorsOf(tree).map((x) => [...new Uint8Array(valuesOf(x).slice().buffer)]);

const backends: [string, Backend][] = [
  ["reference", reference()],
  ["wasm", wasm()],
  ["wasm with 2 threads", wasm({ threads: 2, oversubscribe: true })],
];
afterAll(() => Promise.all(backends.map(([, backend]) => backend.close())));

test("the small GRU after 50 steps on reference has the committed weights, and has learned", async () => {
  const { hash, losses } = await trainSmallGru(reference());
  expect(hash).toBe(smallGruHash);
  expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
});

describe.each(backends)("the small GRU on %s", (_, backend) => {
  const start = async () => {
    const { batches: training, ...program } = smallGru();
    return { training, trained: await trainer({ ...program, backend }) };
  };

  test("clips some of its steps and not all", async () => {
    const { training, trained } = await start();
    const clipped = new Set<number>();
    for (const { batch } of training.from(0, 50))
      clipped.add((await trained.run(batch)).transforms["globalNorm.clipped"]!);
    expect(clipped).toEqual(new Set([0, 1]));
  });

  test("resumed in the middle of an epoch from a checkpoint, has the bits of an uninterrupted run", async () => {
    const whole = await start();
    for (const { batch } of whole.training.from(0, 12)) await whole.trained.run(batch);

    const first = await start();
    for (const { batch } of first.training.from(0, 7)) await first.trained.run(batch);
    const file = await first.trained.save();
    await first.trained.dispose();

    const second = await start();
    await second.trained.restore(file);
    expect(second.trained.step).toBe(7);
    for (const { batch } of second.training.from(second.trained.step, 12)) await second.trained.run(batch);
    expect(bits(await second.trained.state())).toEqual(bits(await whole.trained.state()));
  });
});

test("the small GRU goes the same way in f64", async () => {
  const [single, double] = [await trainSmallGru(reference()), await trainSmallGru(reference(), { dtype: "f64" })];
  double.losses.forEach((loss, i) => expect(Math.abs(single.losses[i]! - loss)).toBeLessThan(1e-4));
});

type Line = { readonly x: Tensor; readonly y: Tensor };

const line = (x: number[], y: number[]): Line => ({ x: tensor(x, [x.length, 1]), y: tensor(y, [y.length, 1]) });
const good = line([1, 2], [2, 4]);
const linear = (params: { readonly W: Tensor }, { x, y }: Line) => ({ loss: mse(matmul(x, params.W), y) });
const params = { W: tensor([0.5], [1, 1]) as Tensor };

describe.each(backends)("skipping on %s", (_, backend) => {
  test("leaves parameters and the optimizer's whole state untouched, counts, and training goes on", async () => {
    const trained = await trainer({
      loss: linear,
      optimizer: chain(skipNonFinite(), globalNorm(1), adam({ learningRate: 0.1 })),
      params,
      key: key(0),
      batch: good,
      backend,
    });
    await trained.run(good);
    const before = await trained.state();
    const { skipped, transforms, loss, step } = await trained.run(line([1, NaN], [2, 4]));
    const after = await trained.state();
    expect([skipped, step, transforms["skipNonFinite.skipped"]]).toEqual([true, 1, 1]);
    expect(loss).toBeNaN();
    const but = ({ optimizer }: typeof after): Tree =>
      Object.fromEntries(Object.entries(optimizer).filter(([name]) => name !== "skipNonFinite"));
    expect(bits([after.params, but(after)])).toEqual(bits([before.params, but(before)]));
    expect(tensorsOf(but(after)).length).toBe(3);
    expect(trained.step).toBe(2);
    expect((await trained.run(good)).skipped).toBe(false);
    expect(bits(await trained.params())).not.toEqual(bits(before.params));
  });
});

describe.each(backends)("gradients whose squares f32 does not hold, on %s", (_, backend) => {
  test.each([
    [1e25, undefined],
    [1e25, globalNorm(1)],
    [1e25, skipNonFinite()],
    [1e25, chain(skipNonFinite(), value(1))],
    [1e25, adaptive()],
    [1e-30, undefined],
    [1e-30, globalNorm(1e-32)],
  ] as const)("%d: the norm is right and the step is made (clipper %#)", async (scale, clip?: GradientTransform) => {
    const w = tensor([0, 0]);
    const gradient = tensor([3 * scale, 4 * scale]);
    const trained = await trainer({
      loss: (params: { w: Tensor }, g: Tensor) => ({ loss: sum(mul(params.w, g)) }),
      optimizer: clip === undefined ? sgd({ learningRate: 1 }) : chain(clip, sgd({ learningRate: 1 })),
      params: { w },
      key: key(0),
      batch: gradient,
      backend,
    });
    const { gradientNorm } = await trained.run(gradient);
    expect(gradientNorm / (5 * scale)).toBeCloseTo(1, 6);
    const [a, b] = valuesOf((await trained.params()).w);
    expect(a).toBeLessThan(0);
    if (clip?.name === "globalNorm") expect(Math.hypot(a!, b!) / (scale > 1 ? 1 : 1e-32)).toBeCloseTo(1, 5);
  });
});

describe.each(backends)("divergence on %s", (_, backend) => {
  const logarithmic = ({ W }: { readonly W: Tensor }, { x, y }: Line) => {
    const distance = named("model.distance", sub(matmul(x, W), 1));
    return { loss: mean(square(sub(named("model.logarithm", log(distance)), y))) };
  };

  test("is named with its step and the first tensor that went bad, and the state stays the last good one", async () => {
    const options = {
      loss: logarithmic,
      optimizer: adam({ learningRate: 0.01 }),
      params: { W: tensor([2], [1, 1]) as Tensor },
      key: key(0),
      batch: good,
      backend,
    };
    const trained = await trainer(options);
    await trained.run(good);
    const before = await trained.state();
    const error: unknown = await trained.run(line([1, 0], [2, 4])).catch((caught: unknown) => caught);
    if (!(error instanceof DivergedError)) throw new Error(`expected a DivergedError, got ${String(error)}`);
    expect(error.divergence.step).toBe(1);
    expect(error.divergence.loss).toBeNaN();
    expect(error.divergence.origin).toMatchObject({ operation: "log", label: "model.logarithm", kind: "NaN" });
    expect(error.message).toMatch(
      /^training diverged at step 1: loss NaN, gradient norm NaN; NaN first in log for model.logarithm/,
    );
    expect(bits(await trained.state())).toEqual(bits(before));
    expect((await trained.run(good)).step).toBe(1);
  });

  test("by weights that overflow leads to the loss that they give", async () => {
    const trained = await trainer({
      loss: linear,
      optimizer: sgd({ learningRate: 1e15 }),
      params,
      key: key(0),
      batch: good,
      backend,
    });
    const error: unknown = await (async () => {
      for (let i = 0; i < 10; i++) await trained.run(good);
      return undefined;
    })().catch((caught: unknown) => caught);
    if (!(error instanceof DivergedError)) throw new Error(`expected a DivergedError, got ${String(error)}`);
    expect(error.divergence.step).toBeGreaterThan(0);
    expect(error.divergence.origin?.kind).toBe("Infinity");
  });

  test("that is skipped too often in a row ends the run", async () => {
    const trained = await trainer({
      loss: linear,
      optimizer: chain(skipNonFinite({ consecutive: 2 }), sgd({ learningRate: 0.1 })),
      params,
      key: key(0),
      batch: good,
      backend,
    });
    const bad = line([1, NaN], [2, 4]);
    await trained.run(bad);
    await trained.run(bad);
    await expect(trained.run(bad)).rejects.toThrow(/training diverged at step 2.*NaN in the input x/);
  });
});

describe.each(backends)("a carry on %s", (_, backend) => {
  type Row = { readonly x: Tensor };
  const row = (...x: number[]): Row => ({ x: tensor(x) });
  /**
   * Carries the sum of each element and the number of steps. With `reciprocal`, a 0 makes the gradient infinite, and a
   * NaN all of it NaN.
   */
  const summing = (...clip: readonly GradientTransform[]) =>
    trainer({
      loss: ({ W }: { readonly W: Tensor }, { x }: Row, { carry }) => {
        const next = { sums: add(carry.sums, x), steps: add(carry.steps, 1) };
        return {
          loss: mean(square(sub(mul(W, log(x)), next.sums))),
          metrics: { before: sum(carry.sums) },
          carry: next,
        };
      },
      optimizer: chain(...clip, sgd({ learningRate: 0.01 })),
      params: { W: scalar(1) as Tensor },
      carry: { sums: tensor([10, 20]) as Tensor, steps: scalar(0, "i32") as Tensor },
      key: key(0),
      batch: row(1, 1),
      backend,
    });
  const carried = async (trained: Awaited<ReturnType<typeof summing>>) =>
    mapTree((await trained.state()).carry, (x) => x);
  const values = ({ sums, steps }: { readonly sums: Tensor; readonly steps: Tensor }): number[] => [
    ...valuesOf(sums),
    item(steps),
  ];

  test("goes from one step to the next, and only the scalars are reported", async () => {
    const trained = await summing();
    const first = await trained.run(row(1, 2));
    expect((await trained.run(row(3, 4))).metrics).toEqual({ before: 33 });
    expect(first).not.toHaveProperty("carry");
    expect(values(await carried(trained))).toEqual([14, 26, 2]);
    await trained.setState({ ...(await trained.state()), carry: { sums: tensor([0, 0]), steps: scalar(0, "i32") } });
    expect((await trained.run(row(1, 1))).metrics.before).toBe(0);
  });

  test("stays as it was after a step that diverged", async () => {
    const trained = await summing();
    await trained.run(row(1, 2));
    await expect(trained.run(row(0, 2))).rejects.toThrow(/training diverged at step 1/);
    expect(values(await carried(trained))).toEqual([11, 22, 1]);
  });

  test("goes on after a skipped step, where it is finite", async () => {
    const trained = await summing(skipNonFinite());
    expect((await trained.run(row(NaN, 2))).skipped).toBe(true);
    expect(values(await carried(trained))).toEqual([10, 22, 1]);
    expect((await trained.run(row(1, 1))).skipped).toBe(false);
  });
});

describe("trainer", () => {
  test("takes the gradient of loss and penalty, and reports them apart", async () => {
    const trained = await trainer({
      loss: linear,
      regularization: ({ W }) => sum(square(W)),
      optimizer: sgd({ learningRate: 0.1 }),
      params,
      key: key(0),
      batch: good,
    });
    const { loss, penalty } = await trained.run(good);
    expect(loss).toBeCloseTo((1.5 ** 2 + 3 ** 2) / 2, 5);
    expect(penalty).toBeCloseTo(0.25, 6);
    // dL/dW = mean(2 x (x W - y)) = (-3 - 12) / 2, and 2 W from the penalty.
    expect(valuesOf((await trained.params()).W)[0]).toBeCloseTo(0.5 + 0.1 * (7.5 - 1), 5);
  });

  test("is one program, also for a padded batch, whose weights and moments never leave the backend", async () => {
    const inner = reference();
    const runs: { inputs: number; outputs: number }[] = [];
    let programs = 0;
    const backend: Backend = {
      ...inner,
      async compile(program, options) {
        programs++;
        const executable = await inner.compile(program, options);
        return {
          ...executable,
          async run(inputs) {
            const outputs = await executable.run(inputs);
            runs.push({ inputs: inputs.length, outputs: outputs.length });
            return outputs;
          },
          readState: () => Promise.reject(new Error("the state was read")),
        };
      },
    };
    const data = batches({ x: normal(key(1), [5, 1]), y: normal(key(2), [5, 1]) }, { size: 2 });
    const trained = await trainer({
      loss: ({ W }: { readonly W: Tensor }, { x, y, weight }: Line & { readonly weight: Tensor }) => ({
        loss: mse(matmul(x, W), y, { mask: weight }),
      }),
      optimizer: chain(globalNorm(1), adam({ learningRate: 0.1 })),
      params,
      key: key(0),
      batch: data.at(0).batch,
      backend,
    });
    for (const { batch } of data.from(0, 4)) await trained.run(batch);
    // In: x, y, weight. Out: loss; penalty, norm, skipped, empty, diverged; globalNorm's norm, limit and clipped.
    expect(programs).toBe(1);
    expect(runs).toEqual(new Array(4).fill({ inputs: 3, outputs: 9 }));
  });

  test("leaves weights and the transforms' states as they are where nothing counts, and counts the step", async () => {
    type Counted = Line & { readonly weight: Tensor };
    const trained = await trainer({
      loss: (
        { W }: { readonly W: Tensor },
        { x, y, weight }: Counted,
        { carry }: { readonly carry: { readonly seen: Tensor } },
      ) => ({
        loss: mse(matmul(x, W), y, { mask: weight }),
        weight: sum(weight),
        carry: { seen: add(carry.seen, sum(x)) },
      }),
      optimizer: chain(skipNonFinite(), globalNorm(1), adam({ learningRate: 0.1, weightDecay: 0.1 })),
      regularization: ({ W }) => sum(square(W)),
      params,
      carry: { seen: scalar(0) },
      key: key(0),
      batch: { ...good, weight: tensor([1, 1]) },
    });
    await trained.run({ ...good, weight: tensor([1, 1]) });
    const { params: weights, optimizer } = await trained.state();
    const nothing = { ...good, weight: tensor([0, 0]) };
    expect(await trained.run(nothing)).toMatchObject({ step: 1, empty: true, skipped: false, weight: 0 });
    // What does not count may be anything: it is no divergence.
    expect(await trained.run({ ...nothing, x: tensor([NaN, 1], [2, 1]) })).toMatchObject({ step: 2, empty: true });
    const after = await trained.state();
    expect(bits({ weights: after.params, optimizer: after.optimizer })).toEqual(bits({ weights, optimizer }));
    expect([trained.step, item(after.carry.seen)]).toEqual([3, 6]);
    expect((await trained.run({ ...good, weight: tensor([1, 0]) })).empty).toBe(false);
    expect(bits((await trained.state()).params)).not.toEqual(bits(weights));
  });

  test("that carries nothing has nothing more in its state", async () => {
    const trained = await trainer({
      loss: linear,
      optimizer: sgd({ learningRate: 0.1 }),
      params,
      key: key(0),
      batch: good,
    });
    expect(leavesOf(await trained.state()).map(({ path }) => path)).toEqual(["params.W", "step", "key"]);
  });

  test("gives each step a key of its own, the same in every run", async () => {
    const noisy = async (seed: number): Promise<number[]> => {
      const trained = await trainer({
        loss: ({ W }: { readonly W: Tensor }, _: Line, { key: k }) => ({
          loss: sum(square(W)),
          metrics: { noise: sum(uniform(k, [1])) },
        }),
        optimizer: sgd({ learningRate: 0.1 }),
        params,
        key: key(seed),
        batch: good,
      });
      return [(await trained.run(good)).metrics.noise, (await trained.run(good)).metrics.noise];
    };
    const [first, second] = await noisy(5);
    expect(first).not.toBe(second);
    expect(await noisy(5)).toEqual([first, second]);
    expect((await noisy(6))[0]).not.toBe(first);
  });

  test("names options, parameters and results that do not fit", async () => {
    const given = { loss: linear, optimizer: sgd({ learningRate: 0.1 }), params, key: key(0), batch: good };
    await expect(trainer({ ...given, optimiser: 1 } as never)).rejects.toThrow(
      /trainer: unknown option optimiser; did you mean optimizer/,
    );
    expect(() =>
      trainStep({ loss: linear, optimizer: given.optimizer }).init(
        { W: tensor([1], undefined, { dtype: "i32" }) },
        key(0),
      ),
    ).toThrow(/parameter W \[1\] is i32/);
    await expect(trainer({ ...given, loss: ({ W }: { W: Tensor }) => ({ loss: W }) })).rejects.toThrow(
      /the loss must be a float scalar, got f32 W \[1,1\]/,
    );
    await expect(
      trainer({ ...given, loss: ({ W }: { W: Tensor }) => ({ loss: sum(W), metrics: { all: W } }) }),
    ).rejects.toThrow(/trainStep: all must be a scalar/);
    const carrying = { ...given, carry: { h: tensor([0, 0]) as Tensor } };
    await expect(trainer(carrying)).rejects.toThrow("trainStep: the loss's carry: no tensor at h (expected h)");
    await expect(trainer({ ...given, loss: (p, b) => ({ ...linear(p, b), carry: { h: p.W } }) })).rejects.toThrow(
      "trainStep: the loss's carry: unexpected h (expected no tensors)",
    );
    await expect(
      trainer({ ...carrying, loss: (p, b, { carry }) => ({ ...linear(p, b), carry: { h: sum(carry.h) } }) }),
    ).rejects.toThrow(
      "trainStep: the loss's carry h is given as f32 [2] and returned as f32 []; shape and dtype must not change",
    );
  });
});

test("a state of another optimizer, another model or another carry is an error in the step, not broadcast", () => {
  const step = trainStep({ loss: linear, optimizer: adam({ learningRate: 0.1 }) });
  const state = step.init(params, key(0));
  expect(() => step.step(state, good)).not.toThrow();
  const wide = step.init({ W: tensor([1, 1], [2, 1]) }, key(0));
  expect(() => step.step({ ...state, optimizer: wide.optimizer }, good)).toThrow(
    "trainStep.step: the parts of the state of adam do not fit: moments.mean.W is [2,1], expected [1,1]",
  );
  expect(() => step.step({ ...state, optimizer: sgd({ learningRate: 0.1 }).init(params) }, good)).toThrow(
    "no moments.count, expected []",
  );
  const skipping = trainStep({ loss: linear, optimizer: chain(skipNonFinite(), sgd({ learningRate: 0.1 })) });
  expect(() => skipping.step({ ...state, optimizer: {} }, good)).toThrow(
    "trainStep.step: the parts of the state of chain do not fit: no skipNonFinite.skipped, expected []",
  );
  expect(() => step.step({ ...state, carry: { h: scalar(0) } }, good)).toThrow(
    "trainStep.step: the parts of the carry do not fit: unexpected h []",
  );
});

describe("evaluator", () => {
  test("weights batches by what counts in them, so that a padded one does not count more", async () => {
    const data = { x: normal(key(1), [10, 1]), y: normal(key(2), [10, 1]) };
    const of = (size: number) => batches(data, { size });
    const evaluate = (p: { readonly W: Tensor }, { x, y, weight }: Line & { readonly weight: Tensor }) => {
      const loss = mse(matmul(x, p.W), y, { mask: weight });
      return { loss, metrics: { twice: add(loss, loss) } };
    };
    const whole = await evaluator({ evaluate, params, batch: of(10).at(0).batch });
    const parts = await evaluator({ evaluate, params, batch: of(4).at(0).batch });
    const other = { W: tensor([2], [1, 1]) as Tensor };
    const [a, b] = [await whole.run(other, of(10).epoch(0)), await parts.run(other, of(4).epoch(0))];
    expect(b.loss).toBeCloseTo(a.loss, 6);
    expect(b.metrics.twice).toBeCloseTo(2 * a.loss, 5);
    expect(b.weight).toBe(10);
    await expect(parts.run(other, [])).rejects.toThrow("evaluator: the batches hold no examples");
  });

  test("carries from batch to batch, and begins each run anew", async () => {
    const totals = await evaluator({
      evaluate: ({ W }: { readonly W: Tensor }, { x }: Line, { carry }) => {
        const total = add(carry, sum(x));
        return { loss: sum(W), metrics: { total }, carry: total };
      },
      carry: scalar(0) as Tensor,
      params,
      batch: good,
    });
    const rows = [1, 2, 4].map((value) => ({ batch: line([value, 0], [0, 0]), examples: 1 }));
    for (let run = 0; run < 2; run++)
      expect((await totals.run(params, rows)).metrics.total).toBeCloseTo((1 + 3 + 7) / 3, 6);
  });
});
