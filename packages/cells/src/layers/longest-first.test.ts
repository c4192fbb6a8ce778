// Rows of unequal lengths give the same bits in every order. Inside they run longest first.
import { expectOnBackend } from "@sluice/compiler/testing";
import {
  abs,
  add,
  compile,
  gather,
  greater,
  key,
  leavesOf,
  mapTree,
  mul,
  normal,
  print,
  recordProgram,
  sum,
  tensor,
  valueAndGradAux,
  valuesOf,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { bidirectional, gru, gruD, lstm, rnn, sequence, sequential, variationalDropout } from "../index.ts";
import type { Layer } from "./layer.ts";

const backend = wasm({ threads: 1 });
afterAll(() => backend.close());

const [batch, time, input, hidden] = [7, 6, 3, 4];

/** What a row has. All begin with the batch. */
interface Rows {
  readonly [part: string]: Tensor;
  readonly x: Tensor;
  readonly g: Tensor;
  readonly lengths: Tensor;
  readonly mask: Tensor;
  readonly resets: Tensor;
  readonly observed: Tensor;
  readonly delta: Tensor;
}

const flags = (seed: number, shape: readonly number[], share: number): Tensor =>
  greater(normal(key(seed), shape), share);

function rowsOf(layer: Layer, lengths: readonly number[]): Rows {
  const [, ...width] = layer.outputShape({ batch, time });
  return {
    x: normal(key(1), [batch, time, input]),
    g: normal(key(2), [batch, ...width]),
    lengths: tensor(lengths, [batch], { dtype: "i32" }),
    mask: flags(3, [batch, time], -1),
    resets: flags(4, [batch, time], 1),
    observed: tensor([...valuesOf(flags(5, [batch, time, input], 0))], [batch, time, input]),
    delta: abs(normal(key(6), [batch, time, input])),
  };
}

type Use = "lengths alone" | "masks and resets";

/** Forward and backward: the results of the rows, and the gradients of the weights. */
function runOf(layer: Layer, use: Use) {
  return (params: Tree, { x, g, lengths, mask, resets, observed, delta }: Rows) => {
    const extra = "delta" in layer.extra ? { mask: observed, delta } : {};
    const masked = use === "lengths alone" ? {} : { mask, resets };
    const { aux, gradient } = valueAndGradAux((at: { params: Tree; x: Tensor }) => {
      const { output, state } = layer.apply(at.params, at.x, { lengths, extra, ...masked });
      const states = leavesOf(state).map(({ tensor: s }) => sum(mul(s, s)));
      return { value: add(sum(mul(output, g)), states.reduce(add)), aux: { output, state } };
    })({ params, x });
    return { rows: { ...aux, x: gradient.x }, params: gradient.params };
  };
}

const layers: Record<string, Layer> = {
  "gru, all": sequence(gru({ input, hidden })) as Layer,
  "lstm, last": sequence(lstm({ input, hidden }), { outputs: "last" }) as Layer,
  "rnn, reverse": sequence(rnn({ input, hidden }), { reverse: true }) as Layer,
  "gruD, last": sequence(gruD({ input, hidden }), { outputs: "last" }) as Layer,
  "gruD, all": sequence(gruD({ input, hidden })) as Layer,
  "bidirectional gru": bidirectional(gru({ input, hidden })) as Layer,
  "two lstms": sequential([
    sequence(lstm({ input, hidden })),
    sequence(lstm({ input: hidden, hidden }), { outputs: "last" }),
  ]) as Layer,
};

const bits = (x: Tensor): number[] => [...new Int32Array(Float32Array.from(valuesOf(x)).buffer)];
const bitsOf = (tree: Tree): Record<string, number[]> =>
  Object.fromEntries(leavesOf(tree).map(({ path, tensor: x }) => [path, bits(x)]));
const taken = <T extends Tree>(tree: T, order: readonly number[]): T =>
  mapTree(tree, (x) => gather(x, tensor(order, [order.length], { dtype: "i32" })));

describe.each(Object.keys(layers))("%s", (name) => {
  const layer = layers[name]!;
  const params = layer.init(key(9));

  test.each<Use>(["lengths alone", "masks and resets"])(
    "with %s: every order gives a row the same bits",
    async (use) => {
      const run = await compile(runOf(layer, use), [params, rowsOf(layer, new Array<number>(batch).fill(1))], {
        backend,
      });
      const order = fc.shuffledSubarray([...Array(batch).keys()], { minLength: batch });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat({ max: time }), { minLength: batch, maxLength: batch }),
          order,
          async (n, at) => {
            const rows = rowsOf(layer, n);
            const [first, second] = [await run(params, rows), await run(params, taken(rows, at))];
            expect(bitsOf(second.rows)).toEqual(bitsOf(taken(first.rows, at)));
          },
        ),
      );
    },
  );

  test("the gradients of the weights have the same bits in every order of rows with different lengths", async () => {
    const rows = rowsOf(layer, [3, 0, 6, 1, 5, 2, 4]);
    const run = await compile(runOf(layer, "lengths alone"), [params, rows], { backend });
    const first = await run(params, rows);
    for (const order of [
      [2, 4, 6, 0, 5, 3, 1],
      [1, 3, 5, 0, 6, 4, 2],
    ])
      expect(bitsOf((await run(params, taken(rows, order))).params)).toEqual(bitsOf(first.params));
  });

  test("the backend computes what the program says", async () => {
    await expectOnBackend(runOf(layer, "masks and resets"), [params, rowsOf(layer, [3, 0, 6, 1, 5, 5, 4])], {
      backend,
      tolerance: 0,
    });
  });
});

test("what is beyond the lengths reaches nothing", async () => {
  const layer = layers["gruD, all"]!;
  const params = layer.init(key(9));
  const lengths = [2, 6, 0, 1, 5, 3, 4];
  const rows = rowsOf(layer, lengths);
  const run = await compile(runOf(layer, "lengths alone"), [params, rows], { backend });
  const spoilt = (x: Tensor): ArrayTensor =>
    tensor(
      Float32Array.from(valuesOf(x), (value, i) =>
        Math.floor(i / input) % time < lengths[Math.floor(i / input / time)]! ? value : NaN,
      ),
      x.shape,
    );
  const { x, observed, delta } = rows;
  const found = await run(params, { ...rows, x: spoilt(x), observed: spoilt(observed), delta: spoilt(delta) });
  expect(bitsOf(found)).toEqual(bitsOf(await run(params, rows)));
});

describe("rows stay where they are", () => {
  const isOrdered = (f: (...args: Tensor[]) => Tensor, args: Tensor[]): boolean =>
    print(recordProgram(f, args).program).includes("gather");
  const layer = layers["gru, all"]!;
  const params = layer.init(key(9));
  const { x, lengths } = rowsOf(layer, [3, 0, 6, 1, 5, 2, 4]);

  test("but for lengths that are not longest first", () => {
    const withLengths = (n: readonly number[]) => (x: Tensor) => layer.apply(params, x, { lengths: n }).output;
    expect(isOrdered((x, n) => layer.apply(params, x!, { lengths: n! }).output, [x, lengths])).toBe(true);
    expect(isOrdered(withLengths([3, 0, 6, 1, 5, 2, 4]) as never, [x])).toBe(true);
    expect(isOrdered(withLengths([6, 5, 5, 3, 2, 1, 0]) as never, [x])).toBe(false);
    expect(isOrdered((x) => layer.apply(params, x!).output, [x])).toBe(false);
  });

  test("where steps draw numbers, or are changed from outside", () => {
    const drawing = sequence(variationalDropout(gru({ input, hidden }), { recurrent: 0.5 }));
    const apply = (training: boolean) => (x: Tensor, n: Tensor) =>
      drawing.apply(drawing.init(key(1)), x, { lengths: n, training, key: key(2) }).output;
    expect(isOrdered(apply(true) as never, [x, lengths])).toBe(false);
    expect(isOrdered(apply(false) as never, [x, lengths])).toBe(true);
    const changed = (x: Tensor, n: Tensor) =>
      layer.apply(params, x, { lengths: n, intervene: (_, value) => value }).output;
    expect(isOrdered(changed as never, [x, lengths])).toBe(false);
  });
});
