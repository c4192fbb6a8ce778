// Elapsed times that cannot be are refused where they are known, by one check for all cells.
import {
  compile,
  full,
  grad,
  key,
  leavesOf,
  sum,
  tensor,
  valuesOf,
  zerosLike,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { gruD, rnnDecay, sequence, stream } from "../index.ts";
import { timeCells } from "./catalogue.ts";

const sizes = { input: 1, hidden: 2 };
const x = tensor([1, 2, 3, 4, 5, 6], [2, 3, 1]);
const times = (...values: number[]): Tensor => tensor(values, [2, 3, 1]);
const layer = sequence(rnnDecay(sizes));
const params = layer.init(key(1));

describe("an elapsed time", () => {
  test.each([-0.5, NaN, Infinity])("of %s is refused, with its row and step", (wrong) => {
    expect(() => layer.apply(params, x, { extra: { elapsed: times(0, 1, 1, 0, wrong, 1) } })).toThrow(
      `rnnDecay: extra elapsed must be finite and at least 0, got ${wrong} in row 1, step 1; a time between steps is negative where steps are not in the order of time`,
    );
  });

  test("is not looked at beyond a row's length and where a step is masked", () => {
    const elapsed = times(0, 1, NaN, 0, -1, 1);
    const mask = tensor([1, 1, 1, 1, 0, 1], [2, 3], { dtype: "bool" });
    const { output } = layer.apply(params, x, { extra: { elapsed }, lengths: [2, 3], mask });
    const zeroed = layer.apply(params, x, { extra: { elapsed: times(0, 1, 0, 0, 0, 1) }, lengths: [2, 3], mask });
    expect(valuesOf(output)).toEqual(valuesOf(zeroed.output));
  });

  test("of the variables of gruD is refused too", () => {
    const cell = sequence(gruD(sizes));
    const extra = { mask: zerosLike(x), delta: times(0, 1, 1, 0, 1, -2) };
    expect(() => cell.apply(cell.init(key(1)), x, { extra })).toThrow(
      "gruD: extra delta must be finite and at least 0, got -2 in row 1, step 2",
    );
  });

  test("is refused by a stream, but for rows without a step", async () => {
    const reading = await stream(layer, params, { batch: 2, masks: true });
    const [step, elapsed] = [tensor([1, 2], [2, 1]), tensor([0, -1], [2, 1])];
    await expect(
      reading.step(step, { extra: { elapsed }, mask: tensor([1, 1], [2], { dtype: "bool" }) }),
    ).rejects.toThrow("stream.step: extra elapsed must be finite and at least 0, got -1 in row 1");
    const mask = tensor([1, 0], [2], { dtype: "bool" });
    expect((await reading.step(step, { extra: { elapsed }, mask })).shape).toEqual([2, 2]);
    await reading.dispose();
  });

  test("is not known in a compiled program", async () => {
    const apply = (given: typeof params, elapsed: Tensor): Tensor =>
      layer.apply(given, x, { extra: { elapsed } }).output;
    const compiled = await compile(apply, [params, times(0, 0, 0, 0, 0, 0)]);
    expect((await compiled(params, times(0, -1, 1, 0, 1, 1))).shape).toEqual([2, 3, 2]);
    await compiled.dispose();
  });
});

const readers = timeCells.filter(({ make }) => "elapsed" in make(sizes).extra);

test.each(readers)("$name has a defined result and gradient where no time has passed", ({ make }) => {
  const cell = sequence(make(sizes));
  const given = Object.fromEntries(
    Object.keys(cell.extra).map((name) => [name, full([2, 3, 1], name === "mask" ? 1 : 0)]),
  );
  const loss = (p: Tree): Tensor => sum(cell.apply(p, x, { extra: given, buffers: cell.initialBuffers() }).output);
  const weights = cell.init(key(1));
  const values = [loss(weights), ...leavesOf(grad(loss)(weights)).map(({ tensor: g }) => g)];
  expect(values.every((y) => valuesOf(y).every(Number.isFinite))).toBe(true);
});

test.each(readers)("$name does not add the time of a masked step to the next", ({ make }) => {
  const cell = sequence(make(sizes));
  const mask = tensor([1, 0, 1, 1, 0, 1], [2, 3], { dtype: "bool" });
  const at = (elapsed: Tensor): Tensor => {
    const extra = Object.fromEntries(
      Object.keys(cell.extra).map((name) => [name, name === "elapsed" ? elapsed : full([2, 3, 1], 1)]),
    );
    return cell.apply(cell.init(key(1)), x, { extra, mask, buffers: cell.initialBuffers() }).output;
  };
  expect(valuesOf(at(times(0, 5, 1, 0, 7, 1)))).toEqual(valuesOf(at(times(0, 0, 1, 0, 0, 1))));
  expect(valuesOf(at(times(0, 5, 1, 0, 7, 1)))).not.toEqual(valuesOf(at(times(0, 5, 6, 0, 7, 8))));
});
