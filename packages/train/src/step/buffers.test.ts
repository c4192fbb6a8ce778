// Buffers beside the parameters: through steps of training, checkpoints and evaluation, with a batch-normalized model.
import { dense, lstm, sequence, sequential } from "@sluice/cells";
import { chain, skipNonFinite, globalNorm } from "@sluice/clip";
import { batchNorm } from "@sluice/norm";
import {
  key,
  keyFor,
  leavesOf,
  mapTree,
  mul,
  normal,
  reference,
  scalar,
  tensor,
  valuesOf,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { adam, DivergedError, evaluator, mse, perExample, sgd, trainer, trainStep } from "../index.ts";

const [rows, time, input] = [5, 4, 2];
const model = sequential([
  sequence(lstm({ input, hidden: 3, norm: batchNorm({ steps: 3 }) }), { outputs: "last" }),
  dense({ input: 3, output: 1 }),
]);
const params = model.init(key(1));
const buffers = model.initialBuffers();

type Batch = { readonly x: Tensor; readonly y: Tensor; readonly lengths: Tensor; readonly weight: Tensor };
const batchOf = (seed: number, weight = 1): Batch => ({
  x: normal(keyFor(key(seed), "x"), [rows, time, input]),
  y: normal(keyFor(key(seed), "y"), [rows, 1]),
  lengths: tensor([4, 2, 3, 1, 4], [rows], { dtype: "i32" }),
  weight: scalar(weight),
});

const loss = (weights: typeof params, { x, y, lengths, weight }: Batch, { buffers: before }: { buffers: Tree }) => {
  const applied = model.apply(weights, x, { buffers: before, lengths, training: true });
  return { loss: mse(applied.output, mul(y, weight)), buffers: applied.buffers, weight };
};
const options = { loss, params, buffers, key: key(2), batch: batchOf(0), optimizer: adam({ learningRate: 0.01 }) };

const numbers = (tree: Tree): unknown => leavesOf(tree).map(({ path, tensor: x }) => [path, [...valuesOf(x)]]);

const backends: [string, Backend][] = [
  ["reference", reference()],
  ["wasm with 2 threads", wasm({ threads: 2, oversubscribe: true })],
];
afterAll(() => Promise.all(backends.map(([, backend]) => backend.close())));

describe.each(backends)("on %s", (_, backend) => {
  test("each step moves them as apply does, and a checkpoint holds them to the bit", async () => {
    const trained = await trainer({ ...options, backend });
    await trained.run(batchOf(1));
    const first = model.apply(params, batchOf(1).x, { buffers, training: true, lengths: batchOf(1).lengths }).buffers;
    leavesOf(await trained.buffers()).forEach(({ path, tensor: x }, i) =>
      valuesOf(x).forEach((v, j) => expect(v, path).toBeCloseTo(valuesOf(leavesOf(first)[i]!.tensor)[j]!, 5)),
    );
    const saved = await trained.save();
    for (const seed of [2, 3]) await trained.run(batchOf(seed));
    const again = await trainer({ ...options, buffers: mapTree(buffers, (x) => mul(x, 3)), backend });
    await again.restore(saved);
    for (const seed of [2, 3]) await again.run(batchOf(seed));
    expect(numbers(await again.state())).toEqual(numbers(await trained.state()));
    expect(numbers(await trained.buffers())).not.toEqual(numbers(first));
    await Promise.all([trained.dispose(), again.dispose()]);
  });

  test("a run of an evaluation takes those of its weights", async () => {
    const trained = await trainer({ ...options, backend });
    for (const seed of [1, 2]) await trained.run(batchOf(seed));
    const evaluated = await evaluator({
      evaluate: (weights: typeof params, { x, y, lengths }: Batch, context) => ({
        loss: mse(model.apply(weights, x, { buffers: context.buffers, lengths }).output, y),
      }),
      params,
      buffers,
      batch: batchOf(0),
      backend,
    });
    const [weights, after] = [await trained.params(), await trained.buffers()];
    const batches = [{ batch: batchOf(9), examples: rows }];
    const found = await evaluated.run(weights, batches, { buffers: after });
    const { x, y, lengths } = batchOf(9);
    const expected = mse(model.apply(weights, x, { buffers: after, lengths }).output, y);
    expect(found.loss).toBeCloseTo(valuesOf(expected)[0]!, 6);
    expect((await evaluated.run(weights, batches, { buffers })).loss).not.toBeCloseTo(found.loss, 4);
    await expect(evaluated.run(weights, batches)).rejects.toThrow(
      "evaluator.run: the model has buffers, but this run got none; pass { buffers: await trainer.buffers() }",
    );
    await expect(evaluated.run(weights, batches, { buffers: [after, {}] })).rejects.toThrow(
      "evaluator.run: the buffers do not fit: no 0.norm.gates.0.mean",
    );
    await Promise.all([trained.dispose(), evaluated.dispose()]);
  });
});

test("within less memory each step moves them as with all it wants", async () => {
  const long = {
    ...batchOf(1),
    x: normal(key(5), [rows, 40, input]),
    lengths: tensor([40, 9, 30, 0, 40], [rows], { dtype: "i32" }),
  };
  const after = async (memory?: number) => {
    const trained = await trainer({ ...options, batch: long, backend: backends[1]![1], ...(memory && { memory }) });
    await trained.run(long);
    const found = [await trained.buffers(), trained.statistics.bytes] as const;
    await trained.dispose();
    return found;
  };
  const [whole, wanted] = await after();
  const [segmented, taken] = await after(Math.ceil(wanted * 0.8));
  expect(numbers(segmented)).toEqual(numbers(whole));
  expect(taken).toBeLessThan(wanted);
});

test("skipped, empty and diverged steps keep the old ones", async () => {
  const spoilt = { ...batchOf(3), y: mapTree(batchOf(3).y, (y) => mul(y, Infinity)) };
  const kept = async (optimizer: typeof options.optimizer, batch: Batch): Promise<[Tree, Tree]> => {
    const trained = await trainer({ ...options, optimizer });
    await trained.run(batchOf(1));
    const before = await trained.buffers();
    await trained.run(batch).catch((error: unknown) => expect(error).toBeInstanceOf(DivergedError));
    const after = await trained.buffers();
    await trained.dispose();
    return [before, after];
  };
  for (const [optimizer, batch] of [
    [chain(skipNonFinite(), adam({ learningRate: 0.01 })), spoilt],
    [adam({ learningRate: 0.01 }), batchOf(3, 0)],
    [adam({ learningRate: 0.01 }), spoilt],
  ] as const) {
    const [before, after] = await kept(optimizer, batch);
    expect(numbers(after)).toEqual(numbers(before));
  }
  const [before, after] = await kept(adam({ learningRate: 0.01 }), batchOf(3));
  expect(numbers(after)).not.toEqual(numbers(before));
});

test("a loss that returns none, or others, and a state with others, are errors", () => {
  const { params: _p, key: _k, batch, ...step } = options;
  const run = (changed: Partial<typeof step> & object) => {
    const made = trainStep({ ...step, ...changed });
    return made.step(made.init(params, key(1)), batch);
  };
  const returning = (returned: Tree | undefined): Partial<typeof step> => ({
    loss: (p, b, context) => {
      const { buffers: _b, ...rest } = loss(p, b, context);
      return { ...rest, ...(returned === undefined ? {} : { buffers: returned }) } as ReturnType<typeof loss>;
    },
  });
  expect(() => run(returning(undefined))).toThrow(
    "trainStep: the loss gets buffers but returned none; return { loss, buffers }",
  );
  expect(() => run(returning(mapTree(buffers, () => scalar(1))))).toThrow(
    "trainStep: the loss's buffer 0.norm.gates.0.mean is given as f32 [3,12] and returned as f32 []; shape and dtype must not change",
  );
  const made = trainStep(step);
  expect(() => made.step({ ...made.init(params, key(1)), buffers: {} }, batch)).toThrow(
    "trainStep.step: the buffers do not fit: no 0.norm.gates.0.mean",
  );
});

test("examples by themselves have no one value of a buffer, but may be evaluated with them", async () => {
  const each = { x: batchOf(1).x, y: batchOf(1).y };
  const lossOf =
    (training: boolean) =>
    (weights: typeof params, { x, y }: typeof each, { buffers: before }: { buffers: Tree }) => {
      const applied = model.apply(weights, x, { buffers: before, training });
      return { loss: mse(applied.output, y), buffers: applied.buffers };
    };
  const given = { params, buffers, key: key(2), batch: each, optimizer: sgd({ learningRate: 0.1 }) };
  const gradients = perExample(globalNorm(1e6));
  await expect(trainer({ ...given, loss: lossOf(true), gradients })).rejects.toThrow(
    "perExample: the loss changes the buffer 0.norm.gates.0.mean, but each example runs as a batch of one",
  );
  const frozen = await trainer({ ...given, loss: lossOf(false), gradients });
  const together = await trainer({ ...given, loss: lossOf(false) });
  const [a, b] = [await frozen.run(each), await together.run(each)];
  expect(a.gradientNorm).toBeCloseTo(b.gradientNorm, 5);
  expect(numbers(await frozen.buffers())).toEqual(numbers(buffers));
  await Promise.all([frozen.dispose(), together.dispose()]);
});
