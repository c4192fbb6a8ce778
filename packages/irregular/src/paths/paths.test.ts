// Paths against torchcde's numbers, and what must hold of any.
import { readFileSync } from "node:fs";
import { tensor, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  hermitePath,
  lengthsOf,
  linearPath,
  naturalCubicPath,
  raggedBatch,
  rectilinearPath,
  sequenceAt,
  takeSequences,
  type RaggedBatch,
} from "../index.ts";

interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const fixture: {
  readonly lengths: readonly number[];
  readonly elapsed: Stored;
  readonly values: Stored;
  readonly mask: Stored;
  readonly initial: readonly number[];
  readonly paths: Readonly<Record<"linear" | "rectilinear" | "naturalCubic" | "hermite", Stored>>;
} = JSON.parse(readFileSync(new URL("../../../../fixtures/irregular/torchcde.json", import.meta.url), "utf8"));

const list = (x: Tensor): number[] => [...valuesOf(x)];
const double = ({ shape, data }: Stored): ArrayTensor => tensor(new Float64Array(data), shape);
const batch = raggedBatch({
  values: double(fixture.values),
  elapsed: double(fixture.elapsed),
  mask: tensor([...fixture.mask.data], fixture.mask.shape, { dtype: "bool" }),
  offsets: fixture.lengths.reduce<number[]>((all, n) => [...all, (all.at(-1) ?? 0) + n], [0]),
});

const paths = {
  linear: linearPath,
  rectilinear: (given: RaggedBatch) => rectilinearPath(given, { initial: fixture.initial }),
  naturalCubic: naturalCubicPath,
  hermite: hermitePath,
} as const;

test.each(Object.entries(paths))("the numbers of torchcde: %s", (name, pathOf) => {
  const expected = fixture.paths[name as keyof typeof paths];
  const found = pathOf(batch);
  expect(found.values.shape).toEqual(expected.shape);
  // Each number is made of few of at most 20.
  list(found.values).forEach((value, i) => expect(Math.abs(value - expected.data[i]!)).toBeLessThan(1e-13));
  expect(list(lengthsOf(found))).toEqual(
    fixture.lengths.map((n) => (name === "rectilinear" ? Math.max(2 * n - 1, 0) : n)),
  );
});

const anyBatch = fc
  .array(
    fc.array(
      fc.record({
        elapsed: fc.integer({ min: 1, max: 8 }),
        values: fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })),
        seen: fc.tuple(fc.boolean(), fc.boolean()),
      }),
      { maxLength: 6 },
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((rows) => {
    const steps = rows.flat();
    const offsets = rows.reduce<number[]>((all, row) => [...all, (all.at(-1) ?? 0) + row.length], [0]);
    return raggedBatch({
      // What was not observed is NaN.
      values: tensor(
        Float64Array.from(steps.flatMap(({ values, seen }) => values.map((v, i) => (seen[i]! ? v : NaN)))),
        [steps.length, 2],
      ),
      elapsed: tensor(
        Float64Array.from(steps, ({ elapsed }, at) => (offsets.includes(at) ? 0 : elapsed / 4)),
        [steps.length, 1],
      ),
      mask: tensor(
        steps.flatMap(({ seen }) => seen.map(Number)),
        [steps.length, 2],
        { dtype: "bool" },
      ),
      offsets,
    });
  });

describe.each(Object.entries({ linearPath, rectilinearPath, naturalCubicPath, hermitePath }))("%s", (name, pathOf) => {
  test("any data: is finite, each row alone has the same knots, and rows may come in any order", () => {
    fc.assert(
      fc.property(anyBatch, (given) => {
        const whole = pathOf(given);
        expect(list(whole.values).every(Number.isFinite)).toBe(true);
        const rows = given.offsets.data.length - 1;
        for (let row = 0; row < rows; row++)
          expect(list(pathOf(sequenceAt(given, row)).values)).toEqual(list(sequenceAt(whole, row).values));
        const order = Array.from({ length: rows }, (_, i) => rows - 1 - i);
        expect(list(pathOf(takeSequences(given, order)).values)).toEqual(list(takeSequences(whole, order).values));
      }),
    );
  });

  test("any data: runs through what was observed", () => {
    fc.assert(
      fc.property(anyBatch, (given) => {
        const path = pathOf(given);
        const width = path.values.shape[1]!;
        for (let row = 0; row + 1 < given.offsets.data.length; row++) {
          const [own, knots] = [sequenceAt(given, row), list(sequenceAt(path, row).values)];
          let time = 0;
          for (let step = 0; step < lengthsOf(own).data[0]!; step++) {
            if (step > 0) time += own.elapsed!.data[step]!;
            const knot = knots.slice((name === "rectilinearPath" ? 2 * step : step) * width).slice(0, width);
            const at = (channel: number): number => {
              if (width === 3) return knot[channel]!;
              const [a = 0, b = 0, c = 0, d = 0] = [0, 3, 6, 9].map((part) => knot[part + channel]!);
              return a + b + c / 2 + d / 3;
            };
            expect(at(0)).toBeCloseTo(time, 11);
            for (const variable of [0, 1])
              if (own.mask!.data[2 * step + variable] === 1)
                expect(at(1 + variable)).toBeCloseTo(own.values.data[2 * step + variable]!, 11);
          }
        }
      }),
    );
  });
});

test("any data: a rectilinear path depends on nothing that comes later", () => {
  fc.assert(
    fc.property(anyBatch, (given) => {
      const last = new Set(list(given.offsets).map((offset) => offset - 1));
      const changed = raggedBatch({
        ...given,
        values: {
          ...given.values,
          data: given.values.data.map((v, at) => (last.has(Math.floor(at / 2)) ? v + 77 : v)),
        },
      });
      const [one, other] = [given, changed].map((data) => rectilinearPath(data));
      for (let row = 0; row + 1 < given.offsets.data.length; row++) {
        const knots = (path: RaggedBatch): number[] => list(sequenceAt(path, row).values).slice(0, -3);
        expect(knots(other!)).toEqual(knots(one!));
      }
    }),
  );
});

test.each<[string, () => unknown, string]>([
  ["data that are not a batch", () => linearPath({} as never), "linearPath: expected a ragged batch"],
  [
    "a batch without times",
    () => naturalCubicPath(raggedBatch({ values: tensor([1], [1, 1]), offsets: [0, 1] })),
    "naturalCubicPath: the batch has no elapsed times; a path needs the time of each step",
  ],
  [
    "an initial value for one variable of two",
    () => rectilinearPath(batch, { initial: [1] }),
    "rectilinearPath: initial must be 2 finite numbers, one for each variable, got",
  ],
  [
    "an initial value that is not a number",
    () => rectilinearPath(batch, { initial: [1, NaN] }),
    "rectilinearPath: initial must be 2 finite numbers",
  ],
  [
    "another option",
    () => rectilinearPath(batch, { means: [1, 2] } as object),
    "rectilinearPath: unknown option means; did you mean initial?",
  ],
])("refuses %s", (_, run, message) => {
  expect(run).toThrow(message);
});
