// An associative scan takes sums in an order that positions in the sequence fix: neither the number of threads nor how
// many steps the plan has room for changes a bit of what a step puts out.
import { compile, key, normal, pad, tensor, tensorsOf, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { lru, selectiveStateSpace, sequence, type Cell } from "../index.ts";

const [batch, steps] = [2, 50];
const sizes = { input: 3, hidden: 3 };
const cells: Readonly<Record<string, Cell>> = {
  "linearRecurrence, selectiveStateSpace": selectiveStateSpace({ ...sizes, order: 2 }),
  "complexRecurrence, lru": lru(sizes),
};

const one = wasm({ threads: 1 });
const two = wasm({ threads: 2, oversubscribe: true });
afterAll(async () => void (await Promise.all([one.close(), two.close()])));

/** 50 steps in a plan for `room` steps: their outputs, and the final states. */
async function run(cell: Cell, backend: typeof one, room: number, reverse: boolean) {
  const layer = sequence(cell, { scan: "associative", reverse });
  const x = normal(key(2), [batch, steps, sizes.input]);
  const f = (params: Tree, at: Tensor, lengths: Tensor) => {
    const { output, state } = layer.apply(params, at, { lengths });
    return { output, state };
  };
  const inputs: [Tree, Tensor, Tensor] = [
    cell.init(key(1)),
    pad(x, [0, 0, 0], [0, room - steps, 0]),
    tensor(new Int32Array(batch).fill(steps)),
  ];
  const compiled = await compile(f, inputs, { backend });
  const { output, state } = await compiled(...inputs);
  await compiled.dispose();
  const width = output.shape[2] ?? 0;
  const rows = Array.from({ length: batch }, (_, row) =>
    valuesOf(output).subarray(row * room * width, (row * room + steps) * width),
  );
  return { outputs: rows.map(bitsOf), states: tensorsOf(state).map((s) => bitsOf(valuesOf(s))) };
}

const bitsOf = (values: ArrayLike<number>): Uint32Array => new Uint32Array(Float32Array.from(values).buffer);

const all = Object.entries(cells);

test.each(all)("%s: outputs are the same bits in every plan, on one thread and two", async (_, cell) => {
  const { outputs } = await run(cell, one, steps, false);
  for (const room of [steps, 64, 100]) {
    for (const backend of [one, two]) expect((await run(cell, backend, room, false)).outputs).toEqual(outputs);
  }
});

test.each(all)("%s: final states are the same bits in plans for 64 and 100 steps", async (_, cell) => {
  const { states } = await run(cell, one, 64, false);
  for (const backend of [one, two]) {
    expect((await run(cell, backend, 64, false)).states).toEqual(states);
    expect((await run(cell, backend, 100, false)).states).toEqual(states);
  }
});

test.each(all)("%s: backwards, threads change no bit", async (_, cell) => {
  for (const room of [64, 100]) expect(await run(cell, two, room, true)).toEqual(await run(cell, one, room, true));
});

describe("skipped, since the scan does not do it yet", () => {
  // The final state is that of the plan's last step, which puts the steps together in another order than the row's own
  // last step does.
  test.skip.each(all)("%s: the final state in a plan for 64 steps is that in a plan for 50", async (_, cell) => {
    expect((await run(cell, one, 64, false)).states).toEqual((await run(cell, one, steps, false)).states);
  });

  // Backwards, associativeScan counts pairs from the end of the plan, not from the first step.
  test.skip.each(all)("%s: backwards, plans for 64 and 100 steps give the same bits", async (_, cell) => {
    expect(await run(cell, one, 100, true)).toEqual(await run(cell, one, 64, true));
  });
});
