// Training and evaluation on examples that come as a stream.
import { dense, gru, sequence, sequential } from "@sluice/cells";
import { key, normal, tensor, valuesOf } from "@sluice/tensor";
import { accuracy, adam, auroc, batches, crossEntropy, rowsOf, type BatchesOptions } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { evaluateModel, exampleStream, fit, type Run } from "./index.ts";

const backend = wasm();
afterAll(() => backend.close());

/** Sequences of 1 to 4 numbers; the class is 1 if the first is above 0. */
function firsts(count: number, seed: number) {
  const x = valuesOf(normal(key(seed), [count, 4, 1])).slice();
  const lengths = Int32Array.from({ length: count }, (_, row) => 1 + ((row * 7 + seed) % 4));
  const y = Int32Array.from({ length: count }, (_, row) => ((x[4 * row] ?? 0) > 0 ? 1 : 0));
  x.forEach((_, i) => {
    if (i % 4 >= (lengths[Math.floor(i / 4)] ?? 0)) x[i] = 0;
  });
  return { x: tensor(x, [count, 4, 1]), lengths: tensor(lengths), y: tensor(y) };
}
type Firsts = ReturnType<typeof firsts>;

const data = { train: firsts(23, 1), validation: firsts(18, 2), test: firsts(14, 3) };
const model = sequential(
  [sequence(gru({ input: 1, hidden: 3 }), { outputs: "last" }), dense({ input: 3, output: 2 })],
  { dropout: 0.2 },
);
const range = (first: number, end: number): Int32Array => Int32Array.from({ length: end - first }, (_, i) => first + i);

/** The examples in chunks of three. `read` counts the chunks. */
const chunksOf = (examples: Firsts, read = { chunks: 0 }) =>
  async function* chunks() {
    const count = examples.y.shape[0] ?? 0;
    for (let first = 0; first < count; first += 3) {
      read.chunks++;
      yield rowsOf(examples, range(first, Math.min(first + 3, count)));
    }
  };

const streams = (buffer = 0) => ({
  train: exampleStream(chunksOf(data.train), { buffer }),
  validation: exampleStream(chunksOf(data.validation)),
  test: exampleStream(chunksOf(data.test)),
});
const options = {
  loss: crossEntropy,
  metrics: { accuracy, auroc: auroc() },
  optimizer: adam({ learningRate: 0.05 }),
  size: 5,
  seed: 4,
  backend,
} as const;
/** Batches in memory in the order of the data, as those of a stream without a buffer. */
const inOrder = (examples: Firsts, { size, last = "pad" }: BatchesOptions) =>
  batches(examples, { size, last, longestFirst: true });

const bits = (tree: Parameters<typeof model.apply>[0]): string => JSON.stringify(tree);

describe("a stream of examples", () => {
  test("trains to the bits of the same batches in memory: weights, history, best and test", async () => {
    const more = { ...options, epochs: 6, keep: "best", patience: 2 } as const;
    const [memory, stream] = [await fit(model, data, { ...more, batches: inOrder }), await fit(model, streams(), more)];
    expect(bits(stream.params)).toBe(bits(memory.params));
    expect(bits(stream.last.params)).toBe(bits(memory.last.params));
    expect(stream.history).toEqual(memory.history);
    expect([stream.best.step, stream.stopped]).toEqual([memory.best.step, memory.stopped]);
    expect(stream.test).toEqual(memory.test);
    expect(memory.history.length).toBeGreaterThan(2);
    expect(await stream.evaluate(streams().test)).toEqual(await memory.evaluate(data.test));
    expect(
      await evaluateModel(model, stream.params, streams().validation, { loss: crossEntropy, size: 5, backend }),
    ).toEqual(await evaluateModel(model, stream.params, data.validation, { loss: crossEntropy, size: 5, backend }));
  });

  test("with validation and test data in memory gives the same", async () => {
    const more = { ...options, epochs: 2 };
    const { train } = streams(6);
    const [a, b] = [await fit(model, streams(6), more), await fit(model, { ...data, train }, more)];
    expect(bits(b.params)).toBe(bits(a.params));
    expect([b.history, b.test]).toEqual([a.history, a.test]);
  });

  test("is shuffled by the seed and the epoch, and has every example once an epoch", async () => {
    const counted: number[][] = [];
    const run = async (seed: number, buffer: number) => {
      const examples: number[] = [];
      const trained = await fit(model, streams(buffer), {
        ...options,
        epochs: 2,
        seed,
        onStep: (step) => void examples.push(step.examples),
      });
      counted.push(examples);
      return bits(trained.params);
    };
    const [first, again, unshuffled] = [await run(1, 10), await run(1, 10), await run(1, 0)];
    expect(again).toBe(first);
    expect(unshuffled).not.toBe(first);
    expect(counted).toEqual(Array(3).fill([5, 5, 5, 5, 3, 5, 5, 5, 5, 3]));
  });

  test.each([0, 7])("resumes at any step to the same bits, with a buffer of %i", async (buffer) => {
    const more = { ...options, epochs: 3, keep: "best", validateEvery: 2 } as const;
    const saved: Uint8Array[] = [];
    const onStep = async (_: unknown, run: { checkpoint: Run<never>["checkpoint"] }): Promise<void> => {
      saved.push(await run.checkpoint());
    };
    const whole = await fit(model, streams(buffer), { ...more, onStep });
    expect(saved).toHaveLength(15);
    for (const resume of [saved[4], saved[6], saved[14]]) {
      const rest = await fit(model, streams(buffer), { ...more, ...(resume && { resume }) });
      expect(bits(rest.params)).toBe(bits(whole.params));
      expect(bits(rest.last.params)).toBe(bits(whole.last.params));
      expect(rest.history).toEqual(whole.history);
    }
  });

  test("without end trains for a number of steps, holds little and is closed", async () => {
    let [closed, given] = [0, 0];
    function* endless() {
      try {
        for (let n = 0; ; n++) {
          given++;
          yield firsts(4, n);
        }
      } finally {
        closed++;
      }
    }
    const steps: number[] = [];
    const trained = await fit(
      model,
      { train: exampleStream(endless, { buffer: 8 }), validation: data.validation },
      { ...options, steps: 12, validateEvery: 4, onStep: (step) => void steps.push(step.steps) },
    );
    expect(trained.stopped).toBe("steps");
    expect(trained.history.map(({ step, epoch }) => [step, epoch])).toEqual([0, 4, 8, 12].map((step) => [step, 0]));
    expect(steps).toEqual(Array(12).fill(12));
    // Thirteen batches of five with a buffer of eight, and the first batch for its shapes.
    expect(given).toBeLessThan((13 * 5 + 8) / 4 + 5);
    expect(closed).toBe(2);
  });

  test("may have another number of examples in each epoch; steps are known when the last one ends", async () => {
    const train = exampleStream((epoch) => [firsts(5 + 5 * epoch, epoch)]);
    const steps: number[] = [];
    const { history } = await fit(
      model,
      { train },
      { ...options, epochs: 3, onStep: (step) => void steps.push(step.steps) },
    );
    expect(history.map(({ step, epoch }) => [step, epoch])).toEqual([
      [1, 1],
      [3, 2],
      [6, 3],
    ]);
    expect(steps).toEqual(Array(6).fill(Infinity));
  });
});

describe("what a stream cannot do", () => {
  const { train } = streams();
  const validation = exampleStream(chunksOf(data.validation));
  const spoiled = (row: number): Firsts => {
    const values = Float32Array.from(valuesOf(data.train.x));
    values[4 * row] = NaN;
    return { ...data.train, x: tensor(values, data.train.x.shape) };
  };

  test.each<[string, object, object, string]>([
    [
      "a function",
      { train: chunksOf(data.train) },
      {},
      "fit: data.train is the function chunks; make it a stream of examples: exampleStream(chunks, { buffer: 1000 })",
    ],
    [
      "batches",
      { train },
      { batches: inOrder },
      "fit: batches needs examples in memory, but data.train is a stream; leave batches out",
    ],
    [
      "windows",
      { train: data.train, validation },
      { truncate: { k1: 2 } },
      "fit: truncate needs examples in memory, but data.validation is a stream",
    ],
    ["no examples", { train: exampleStream(() => []) }, {}, "fit: the stream gave no examples"],
    [
      "no examples in a later epoch",
      { train: exampleStream((epoch) => (epoch === 0 ? [data.train] : [])) },
      { epochs: 2 },
      "fit: the stream data.train gave no examples for epoch 1",
    ],
    [
      "other shapes",
      { train: exampleStream(() => [data.train, { ...data.train, y: data.train.x }]) },
      {},
      "an example of chunk 1 has",
    ],
    [
      "lengths as floats",
      { train: exampleStream(() => [{ ...data.train, lengths: data.train.x }]) },
      {},
      "exampleStream: lengths must be i32 [examples]",
    ],
    ["a NaN", { train: exampleStream(() => [spoiled(17)]) }, {}, "it is example 17 of the training data"],
    [
      "a NaN in the validation",
      { train, validation: exampleStream(() => [spoiled(8)]) },
      {},
      "it is example 8 of data.validation",
    ],
  ])("%s", async (_, given, more, message) => {
    await expect(fit(model, Object(given), Object({ ...options, epochs: 1, ...more }))).rejects.toThrow(message);
  });

  test("be resumed with another buffer, or as data in memory", async () => {
    const more = { ...options, epochs: 1 };
    const resume = await (await fit(model, { train }, more)).checkpoint();
    await expect(fit(model, { train: streams(5).train }, { ...more, resume })).rejects.toThrow(
      "the checkpoint is of a run with the shuffle buffer 0, but this run has buffer 5; use the same to resume",
    );
    await expect(fit(model, { train: data.train }, { ...more, resume })).rejects.toThrow("this run has whole");
  });

  test("an error of the source is that of fit, and the stream is closed", async () => {
    let closed = 0;
    const broken = exampleStream(async function* () {
      try {
        yield rowsOf(data.train, range(0, 12));
        throw new Error("the disk is gone");
      } finally {
        closed++;
      }
    });
    await expect(fit(model, { train: broken }, { ...options, epochs: 1 })).rejects.toThrow("the disk is gone");
    expect(closed).toBe(2);
  });

  test.each<[unknown, object, string]>([
    [[data.train], {}, "exampleStream: expected a function of the epoch that gives chunks of examples, got"],
    [() => [], { buffer: -1 }, "exampleStream: expected buffer as an integer >= 0, got -1"],
    [() => [], { shuffle: 3 }, "exampleStream: unknown option shuffle; did you mean buffer?"],
  ])("be made of %j, %j", (source, given, message) => {
    expect(() => exampleStream(Object(source), given)).toThrow(message);
  });
});
