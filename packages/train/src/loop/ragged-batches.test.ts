import { dense, gru, sequence, sequential } from "@sluice/cells";
import { joinRagged, raggedBatch, takeSequences, toPadded, type RaggedBatch } from "@sluice/irregular";
import {
  compile,
  item,
  key,
  keyFor,
  leavesOf,
  normal,
  reference,
  sum,
  tensor,
  valueAndGrad,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { adam, batches, crossEntropy, evaluator, mse, raggedBatches, rowsOf, trainer, windows } from "../index.ts";

const numbers = (x: Tensor | undefined): number[] => [...valuesOf(x!)];
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Sequence n has the value `100 n + t` at its step t. */
function dataOf(lengths: readonly number[]) {
  const steps = lengths.flatMap((length, n) => range(length).map((t) => 100 * n + t));
  const offsets = [0];
  for (const length of lengths) offsets.push(offsets.at(-1)! + length);
  return {
    sequences: raggedBatch({
      values: tensor(
        steps.flatMap((s) => [s, -s]),
        [steps.length, 2],
      ),
      offsets,
      elapsed: tensor(
        steps.map((s) => s / 8),
        [steps.length, 1],
      ),
      mask: tensor(
        steps.flatMap((s) => [s % 2, 1]),
        [steps.length, 2],
        { dtype: "bool" },
      ),
    }),
    perSequence: {
      label: tensor(Int32Array.from(lengths, (_, n) => n)) as Tensor,
      at: {
        place: tensor(
          lengths.flatMap((_, n) => [n, 2 * n]),
          [lengths.length, 2],
        ) as Tensor,
      },
    },
    perStep: {
      next: tensor(Int32Array.from(steps, (s) => s + 1)) as Tensor,
      wide: tensor(
        steps.flatMap((s) => [s, 0, s, 0]),
        [steps.length, 2, 2],
      ) as Tensor,
    },
  };
}

const lengthsArbitrary = fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 12 });
const options = fc.record({
  size: fc.integer({ min: 1, max: 5 }),
  more: fc.nat(3),
  byLength: fc.boolean(),
  shuffled: fc.boolean(),
  epoch: fc.nat(3),
});

describe("raggedBatches", () => {
  test("hold every sequence once an epoch with all that belongs to it, longest first, in one shape", () => {
    fc.assert(
      fc.property(lengthsArbitrary, options, (lengths, { size, more, byLength, shuffled, epoch }) => {
        const steps = Math.max(...lengths) + more;
        const data = raggedBatches(dataOf(lengths), { size, steps, byLength, ...(shuffled && { key: key(3) }) });
        const seen: number[] = [];
        for (const { batch, order, examples } of data.epoch(epoch)) {
          const expected = Object.entries({
            x: [steps, 2],
            lengths: [],
            elapsed: [steps, 1],
            mask: [steps, 2],
            label: [],
            "at.place": [2],
            next: [steps],
            wide: [steps, 2, 2],
            weight: [],
          });
          expect(
            leavesOf(batch)
              .map(({ path, tensor: x }) => [path, x.shape])
              .sort(),
          ).toEqual(expected.map(([path, shape]) => [path, [size, ...shape]]).sort());
          expect(order).toHaveLength(examples);
          seen.push(...order);
          range(size).forEach((row) => {
            const n = order[row];
            const length = n === undefined ? 0 : lengths[n]!;
            expect([numbers(batch.lengths)[row], numbers(batch.weight)[row]]).toEqual([
              length,
              n === undefined ? 0 : 1,
            ]);
            if (row > 0) expect(length).toBeLessThanOrEqual(numbers(batch.lengths)[row - 1]!);
            // A row that is not there has what the first one has once.
            const shown = n ?? order[0]!;
            expect([numbers(batch.label)[row], ...numbers(batch.at.place).slice(2 * row, 2 * row + 2)]).toEqual([
              shown,
              shown,
              2 * shown,
            ]);
            range(steps).forEach((t) => {
              const [i, value] = [row * steps + t, t < length ? 100 * n! + t : 0];
              expect([numbers(batch.x)[2 * i], numbers(batch.elapsed)[i], numbers(batch.wide)[4 * i + 2]]).toEqual([
                value,
                value / 8,
                value,
              ]);
              expect([numbers(batch.next)[i], numbers(batch.mask)[2 * i + 1]]).toEqual(
                t < length ? [value + 1, 1] : [0, 0],
              );
            });
          });
        }
        expect(seen.sort((a, b) => a - b)).toEqual(range(lengths.length));
      }),
    );
  });

  test("hold the sequences of batches without lengths: the same order, but for the rows within a batch", () => {
    const data = dataOf([3, 1, 2, 5, 0, 4, 2]);
    const plain = [...batches(data.perSequence, { size: 3, key: key(2) }).from(0, 7)];
    const ragged = [...raggedBatches(data, { size: 3, key: key(2) }).from(0, 7)];
    expect(ragged.map(({ order }) => order.toSorted())).toEqual(plain.map(({ order }) => order.toSorted()));
    expect(
      plain.map(({ order, batch }) => [...order].join() === numbers(batch.label).slice(0, order.length).join()),
    ).toEqual(new Array(7).fill(true));
  });

  test("with like lengths together differ little in length, in another order each epoch", () => {
    const lengths = range(23).map((i) => (i * 7) % 10);
    const data = raggedBatches(dataOf(lengths), { size: 5, key: key(1), byLength: true });
    const epochs = [0, 1].map((epoch) =>
      [...data.epoch(epoch)].map(({ batch, examples }) => numbers(batch.lengths).slice(0, examples)),
    );
    for (const cut of epochs) {
      const longestFirst = cut
        .filter(({ length }) => length === 5)
        .toSorted((a, b) => b[0]! - a[0]! || b.at(-1)! - a.at(-1)!);
      longestFirst.forEach((batch, i) => expect(i === 0 || batch[0]! <= longestFirst[i - 1]!.at(-1)!).toBe(true));
    }
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(
      [...raggedBatches(dataOf(lengths), { size: 5, byLength: true, last: "drop" }).epoch(0)].map(
        ({ examples }) => examples,
      ),
    ).toEqual([5, 5, 5, 5]);
  });

  test("with like lengths together drop sequences of every length, others in each epoch", () => {
    const lengths = range(23);
    const data = raggedBatches(dataOf(lengths), { size: 5, key: key(1), byLength: true, last: "drop" });
    const dropped = range(40).map((epoch) => {
      const shown = new Set([...data.epoch(epoch)].flatMap(({ order }) => [...order]));
      expect(shown.size).toBe(20);
      return lengths.filter((n) => !shown.has(n));
    });
    // Each of 23 is dropped with probability 3/23 in each of 40 epochs; that one of them never is has probability below
    // 23 (20/23)^40 = 0.09, and the draws are fixed.
    expect(new Set(dropped.flat()).size).toBe(23);
  });

  test("take the steps from where they lie, without a copy", () => {
    const data = dataOf([3, 1, 2]);
    const { batch } = raggedBatches(data, { size: 2, steps: 1000 }).at(0);
    const pieces = (x: Tensor) =>
      x.kind === "array"
        ? x.pieces!.map(({ at, values }) => [at, values.length, values.buffer === data.sequences.values.data.buffer])
        : [];
    expect(pieces(batch.x)).toEqual([
      [0, 6, true],
      [2000, 2, true],
    ]);
    expect(pieces(batch.wide).map(([at, length]) => [at, length])).toEqual([
      [0, 12],
      [4000, 4],
    ]);
  });

  test("come in the same order wherever one starts", () => {
    for (const byLength of [false, true]) {
      const data = () => raggedBatches(dataOf([3, 1, 2, 5, 0, 4, 2]), { size: 2, key: key(4), byLength });
      const all = [...data().from(0, 12)];
      expect([...data().from(5, 12)]).toEqual(all.slice(5));
      expect(data().at(9)).toEqual(all[9]);
    }
  });

  test("give back results to their sequences by the order", () => {
    const { sequences } = dataOf([3, 1, 2, 5, 0, 4, 2]);
    const back = new Array<RaggedBatch>(7);
    for (const { batch, order } of raggedBatches({ sequences }, { size: 3, key: key(4) }).epoch(0)) {
      order.forEach((n, row) => {
        const { x, lengths } = batch;
        const [steps, length] = [x.shape[1]!, numbers(lengths)[row]!];
        back[n!] = raggedBatch({
          values: tensor(numbers(x).slice(2 * row * steps, 2 * (row * steps + length)), [length, 2]),
          offsets: [0, length],
        });
      });
    }
    expect(joinRagged(back)).toEqual(raggedBatch({ values: sequences.values, offsets: sequences.offsets }));
  });

  test("are cut into windows that end at each row's length", () => {
    const { sequences, perStep } = dataOf([3, 1, 5, 4]);
    const cut = windows(raggedBatches({ sequences, perStep }, { size: 4 }), { k1: 2, k2: 3 });
    expect(
      [...cut.epoch(0)].map(({ batch }) => [numbers(batch.lengths), numbers(batch.counted).reduce((a, b) => a + b)]),
    ).toEqual([
      [[3, 3, 3, 2], 7],
      [[3, 3, 2, 0], 5],
      [[2, 1, 0, 0], 1],
    ]);
  });

  test("name what does not fit", () => {
    const data = dataOf([3, 1]);
    expect(() => raggedBatches(data, { size: 2, steps: 2 })).toThrow(
      "raggedBatches: the longest sequence has 3 steps, which do not fit into 2",
    );
    expect(() => raggedBatches(data, { size: 0 })).toThrow("raggedBatches: expected a size >= 1, got 0");
    expect(() => raggedBatches(dataOf([]), { size: 1 })).toThrow("raggedBatches: the data has no examples");
    expect(() => raggedBatches(data, { size: 1, bucket: true } as never)).toThrow(
      "raggedBatches: unknown option bucket; did you mean byLength?",
    );
    expect(() => raggedBatches({ ...data, perSequence: { y: tensor([1, 2, 3]) } }, { size: 1 })).toThrow(
      "raggedBatches: perSequence y must be [2, ...], as there are 2 sequences, got [3]",
    );
    expect(() => raggedBatches({ ...data, perStep: { y: tensor([1, 2]) } }, { size: 1 })).toThrow(
      "raggedBatches: perStep y must be [4, ...], as there are 4 steps, got [2]",
    );
    expect(() => raggedBatches({ ...data, perStep: { weight: tensor([1, 2, 3, 4]) } }, { size: 1 })).toThrow(
      "raggedBatches: weight is the name of two parts of a batch",
    );
  });
});

const backends: [string, Backend][] = [
  ["reference", reference()],
  ["wasm", wasm()],
  ["wasm with 2 threads", wasm({ threads: 2, oversubscribe: true })],
];
afterAll(() => Promise.all(backends.map(([, backend]) => backend.close())));

function counting(backend: Backend): { readonly backend: Backend; compiled(): number } {
  let programs = 0;
  return {
    compiled: () => programs,
    backend: {
      ...backend,
      compile: (program, compileOptions) => (programs++, backend.compile(program, compileOptions)),
    },
  };
}

describe.each(backends)("an epoch over ragged batches on %s", (_, backend) => {
  const lengths = [...valuesOf(normal(key(1), [43]))].map((v) =>
    Math.min(30, Math.floor(4 * Math.abs(v) * Math.abs(v))),
  );
  const outputs = 3;
  const total = lengths.reduce((a, b) => a + b);
  const offsets = [0];
  for (const length of lengths) offsets.push(offsets.at(-1)! + length);
  const drawn = (name: string, shape: Shape): ArrayTensor =>
    tensor(valuesOf(normal(keyFor(key(1), name), shape)), shape);
  const data = {
    sequences: raggedBatch({ values: drawn("x", [total, 3]), offsets }),
    perSequence: { y: tensor(Int32Array.from(lengths, (_, n) => n % outputs)) as Tensor },
    perStep: { target: drawn("target", [total, outputs]) },
  };
  type Given = {
    readonly x: Tensor;
    readonly lengths: Tensor;
    readonly y: Tensor;
    readonly target: Tensor;
    readonly weight?: Tensor;
  };
  const model = sequential([
    sequence(gru({ input: 3, hidden: 6 }), { outputs: "last" }),
    dense({ input: 6, output: outputs }),
  ]);
  const perStepModel = sequential([sequence(gru({ input: 3, hidden: 6 })), dense({ input: 6, output: outputs })]);
  const losses = {
    "of each sequence": (params: ReturnType<typeof model.init>, { x, lengths: own, y, weight }: Given): Tensor =>
      crossEntropy(model.apply(params, x, { lengths: own }).output, y, weight && { mask: weight }),
    "of each step": (params: ReturnType<typeof model.init>, { x, lengths: own, target }: Given): Tensor =>
      mse(perStepModel.apply(params, x, { lengths: own }).output, target, { lengths: own }),
  };
  const params = model.init(key(2));

  test("compiles once, for training and for an evaluation", async () => {
    const { backend: counted, compiled } = counting(backend);
    const cut = raggedBatches(data, { size: 8, key: key(3) });
    const score = (p: typeof params, batch: Given) => ({
      loss: losses["of each sequence"](p, batch),
      weight: sum(batch.weight!),
    });
    const training = await trainer({
      loss: score,
      optimizer: adam({ learningRate: 0.01 }),
      params,
      key: key(4),
      batch: cut.at(0).batch,
      backend: counted,
    });
    const seen: number[] = [];
    for (const { batch, examples } of cut.epoch(0)) {
      seen.push(examples);
      expect((await training.run(batch)).weight).toBe(examples);
    }
    expect(seen).toEqual([8, 8, 8, 8, 8, 3]);
    expect(compiled()).toBe(1);
    const evaluation = await evaluator({ evaluate: score, params, batch: cut.at(0).batch, backend: counted });
    expect((await evaluation.run(await training.params(), cut.epoch(1))).weight).toBe(43);
    expect(compiled()).toBe(2);
  });

  test.each(Object.entries(losses))(
    "has the loss and gradient %s of batches that are compiled at their own shape",
    async (_of, loss) => {
      const cut = raggedBatches(data, { size: 8, key: key(3) });
      const example: Given = cut.at(0).batch;
      const padded = await compile(valueAndGrad(loss), [params, example], { backend });
      for (const { batch, order } of cut.epoch(0)) {
        const { x, lengths: own } = toPadded(takeSequences(data.sequences, order));
        const target = toPadded(takeSequences(raggedBatch({ values: data.perStep.target, offsets }), order)).x;
        const short: Given = { x, lengths: own, target, ...rowsOf(data.perSequence, order) };
        const found = await padded(params, batch);
        const run = await compile(valueAndGrad(loss), [params, short], { backend });
        const expected = await run(params, short);
        await run.dispose();
        // Sums of a few hundred numbers in f32, which zeros between them may shift to other places of the order that
        // they are added in.
        expect(Math.abs(item(found.value) / item(expected.value) - 1)).toBeLessThan(1e-6);
        expect(difference(found.gradient, expected.gradient)).toBeLessThan(1e-6);
      }
    },
  );
});

/** The largest difference between two gradients, by the largest of their elements. */
function difference(a: Tree, b: Tree): number {
  const [found, expected] = [a, b].map((tree) => leavesOf(tree).flatMap(({ tensor: x }) => numbers(x)));
  const scale = Math.max(...expected!.map(Math.abs));
  return Math.max(...found!.map((value, i) => Math.abs(value - expected![i]!))) / scale;
}
