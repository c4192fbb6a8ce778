// An associative scan takes sums in an order that positions in the sequence fix: neither the number of threads nor how
// many steps the plan has room for changes a bit of what a step puts out.
import {
  add,
  compile,
  grad,
  key,
  leavesOf,
  mul,
  normal,
  pad,
  sum,
  tensor,
  tensorsOf,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, expect, test } from "vitest";
import { lru, selectiveStateSpace, sequence, type Cell } from "../index.ts";

const [batch, steps] = [2, 50];
const lengths = tensor(Int32Array.of(steps, 37));
const sizes = { input: 3, hidden: 3 };
const cells: Readonly<Record<string, Cell>> = {
  "linearRecurrence, selectiveStateSpace": selectiveStateSpace({ ...sizes, order: 2 }),
  "complexRecurrence, lru": lru(sizes),
};

const one = wasm({ threads: 1 });
const two = wasm({ threads: 2, oversubscribe: true });
afterAll(async () => void (await Promise.all([one.close(), two.close()])));

/** Rows of 50 and 37 steps in a plan for `room` steps: their outputs, and the final states. */
async function run(cell: Cell, backend: typeof one, room: number, reverse: boolean) {
  const layer = sequence(cell, { scan: "associative", reverse });
  const x = normal(key(2), [batch, steps, sizes.input]);
  const f = (params: Tree, at: Tensor, rows: Tensor) => {
    const { output, state } = layer.apply(params, at, { lengths: rows });
    return { output, state };
  };
  const inputs: [Tree, Tensor, Tensor] = [cell.init(key(1)), pad(x, [0, 0, 0], [0, room - steps, 0]), lengths];
  const compiled = await compile(f, inputs, { backend });
  const { output, state } = await compiled(...inputs);
  await compiled.dispose();
  return { outputs: rowsOf(output, room).map(bitsOf), states: tensorsOf(state).map((s) => bitsOf(valuesOf(s))) };
}

/** The gradients of the sum of squares of those outputs and final states: by parameter, and by step of each row. */
async function gradients(cell: Cell, backend: typeof one, room: number, reverse: boolean) {
  const layer = sequence(cell, { scan: "associative", reverse });
  const x = pad(normal(key(2), [batch, steps, sizes.input]), [0, 0, 0], [0, room - steps, 0]);
  const squares = ({ params, at }: { params: Tree; at: Tensor }): Tensor => {
    const { output, state } = layer.apply(params, at, { lengths });
    return tensorsOf([output, state])
      .map((y) => sum(mul(y, y)))
      .reduce((p, q) => add(p, q));
  };
  const inputs = { params: cell.init(key(1)), at: x };
  const compiled = await compile((given: typeof inputs) => grad(squares)(given), [inputs], { backend });
  const gradient = await compiled(inputs);
  await compiled.dispose();
  return {
    params: Object.fromEntries(leavesOf(gradient.params).map(({ path, tensor: g }) => [path, bitsOf(valuesOf(g))])),
    steps: rowsOf(gradient.at, room).map(bitsOf),
  };
}

/** The steps of each row that a plan for `steps` steps has, of `[batch, room, width]`. */
function rowsOf(y: Tensor, room: number): Float32Array[] {
  const width = y.shape[2] ?? 0;
  const values = Float32Array.from(valuesOf(y));
  return Array.from({ length: batch }, (_, row) => values.subarray(row * room * width, (row * room + steps) * width));
}

const bitsOf = (values: ArrayLike<number>): Uint32Array => new Uint32Array(Float32Array.from(values).buffer);

const all = Object.entries(cells);

test.each(all)("%s: outputs are the same bits in every plan, on one thread and two", async (_, cell) => {
  const { outputs } = await run(cell, one, steps, false);
  for (const room of [steps, 64, 100]) {
    for (const backend of [one, two]) expect((await run(cell, backend, room, false)).outputs).toEqual(outputs);
  }
});

test.each(all)("%s: final states are the same bits in every plan, on one thread and two", async (_, cell) => {
  const { states } = await run(cell, one, steps, false);
  for (const room of [steps, 64, 100]) {
    for (const backend of [one, two]) expect((await run(cell, backend, room, false)).states).toEqual(states);
  }
});

test.each(all)("%s: backwards, every plan gives the same bits, on one thread and two", async (_, cell) => {
  const expected = await run(cell, one, steps, true);
  for (const room of [steps, 64, 100]) {
    for (const backend of [one, two]) expect(await run(cell, backend, room, true)).toEqual(expected);
  }
});

test.each(all)("%s: gradients are the same bits in every plan, on one thread and two, both ways", async (_, cell) => {
  for (const reverse of [false, true]) {
    const expected = await gradients(cell, one, steps, reverse);
    expect(await gradients(cell, two, steps, reverse)).toEqual(expected);
    expect(await gradients(cell, one, 64, reverse)).toEqual(expected);
    expect(await gradients(cell, two, 100, reverse)).toEqual(expected);
  }
});
