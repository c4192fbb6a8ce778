import { key, matmul, tensor, type Tensor } from "@sluice/tensor";
import { expectTypeOf, test } from "vitest";
import { evaluator, mse, sgd, trainer } from "../index.ts";

const params: { readonly W: Tensor } = { W: tensor([1], [1, 1]) };
const batch: { readonly x: Tensor } = { x: tensor([1], [1, 1]) };

test("the loss's arguments come from params and batch, and its metrics come out as numbers under their names", async () => {
  const trained = await trainer({
    loss: (p, b, { key: stepKey }) => {
      expectTypeOf(p).toEqualTypeOf<{ readonly W: Tensor }>();
      expectTypeOf(b).toEqualTypeOf<{ readonly x: Tensor }>();
      expectTypeOf(stepKey).toEqualTypeOf<Tensor>();
      const y = matmul(b.x, p.W);
      return { loss: mse(y, b.x), metrics: { error: mse(y, b.x) } };
    },
    optimizer: sgd({ learningRate: 0.1 }),
    params,
    key: key(0),
    batch,
  });
  const result = await trained.run(batch);
  expectTypeOf(result.metrics).toEqualTypeOf<{ readonly error: number }>();
  expectTypeOf(trained.params()).resolves.toEqualTypeOf<{ readonly W: Tensor }>();
  // @ts-expect-error no such metric
  void result.metrics.accuracy;
  // @ts-expect-error the batch lacks x
  void trained.run({});
});

test("the carry of the loss has the type of the trainer's option", async () => {
  const carry: { readonly h: Tensor } = { h: tensor([0]) };
  const trained = await trainer({
    loss: (p, b, context) => {
      expectTypeOf(context.carry).toEqualTypeOf<{ readonly h: Tensor }>();
      return { loss: mse(matmul(b.x, p.W), b.x), metrics: { error: p.W }, carry: context.carry };
    },
    optimizer: sgd({ learningRate: 0.1 }),
    params,
    carry,
    key: key(0),
    batch,
  });
  expectTypeOf((await trained.state()).carry).toEqualTypeOf<{ readonly h: Tensor }>();
  expectTypeOf((await trained.run(batch)).metrics).toEqualTypeOf<{ readonly error: number }>();
  await trainer({
    loss: (p, b, context) => {
      // @ts-expect-error nothing is carried
      void context.carry.h;
      return { loss: mse(matmul(b.x, p.W), b.x) };
    },
    optimizer: sgd({ learningRate: 0.1 }),
    params,
    key: key(0),
    batch,
  });
});

test("the buffers have the type of the options of trainer and evaluator", async () => {
  const buffers: { readonly mean: Tensor } = { mean: tensor([0]) };
  const trained = await trainer({
    loss: (p, b, context) => {
      expectTypeOf(context.buffers).toEqualTypeOf<{ readonly mean: Tensor }>();
      return { loss: mse(matmul(b.x, p.W), b.x), metrics: { error: p.W }, buffers: context.buffers };
    },
    optimizer: sgd({ learningRate: 0.1 }),
    params,
    buffers,
    key: key(0),
    batch,
  });
  expectTypeOf(trained.buffers()).resolves.toEqualTypeOf<{ readonly mean: Tensor }>();
  expectTypeOf((await trained.run(batch)).metrics).toEqualTypeOf<{ readonly error: number }>();
  const evaluated = await evaluator({
    evaluate: (p, b, context) => {
      expectTypeOf(context.buffers).toEqualTypeOf<{ readonly mean: Tensor }>();
      return { loss: mse(matmul(b.x, p.W), b.x) };
    },
    params,
    buffers,
    batch,
  });
  // @ts-expect-error other buffers
  void evaluated.run(params, [], { buffers: { variance: tensor([0]) } });
});

test("an evaluation has the metrics of its function", async () => {
  const evaluated = await evaluator({
    evaluate: (p, b) => ({ loss: mse(matmul(b.x, p.W), b.x), metrics: { twice: p.W } }),
    params,
    batch,
  });
  const { metrics } = await evaluated.run(params, []);
  expectTypeOf(metrics).toEqualTypeOf<{ readonly twice: number }>();
});
