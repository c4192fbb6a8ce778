import { sha256 } from "@sluice/formats";
import { valuesOf, type Tensor } from "@sluice/tensor";
import * as fc from "fast-check";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataError, jsbChorales, nottingham, parsePianoRolls, polymusic, type PianoRoll } from "../index.ts";
import { folderWith, readIn } from "../testing/data-folder.ts";
import { datasetSuite } from "../testing/index.ts";

const origin = { set: "toy", file: "toy.json", obtain: "Get it there." };
const folder = folderWith("polymusic");
const tensors = (time: number) =>
  ({
    x: { shape: [time, 88], dtype: "f32" },
    y: { shape: [time, 88], dtype: "f32" },
    lengths: { shape: [], dtype: "i32" },
  }) as const;

describe("piano rolls", () => {
  test("are lists of the keys that sound", () => {
    const text = '{"train":[[[0,87],[]]],"valid":[],"test":[[[1],[2],[3,4]]]}';
    expect(parsePianoRolls(text, origin)).toEqual(JSON.parse(text));
  });

  const wrong = (piece: unknown): string => JSON.stringify({ train: [[[1], [2]], piece], valid: [], test: [] });
  test.each<[string, string, string]>([
    ["empty", "", "toy.json: it is not JSON"],
    ["cut off", wrong([]).slice(0, -5), "it is not JSON"],
    ["a list", "[]", "expected an object with train, valid and test"],
    ["a split missing", '{"train":[],"valid":[]}', "test: expected a list of pieces, got nothing"],
    ["a split twice", '{"train":[],"valid":[],"test":[],"train":[]}', 'an object has the member "train" twice'],
    ["a split too many", '{"train":[],"valid":[],"test":[],"dev":[]}', "the unknown split dev"],
    ["no piece", wrong(5), "train, piece 2: expected a list of steps, got 5"],
    ["one step", wrong([[1]]), "train, piece 2: it has 1 steps, expected at least 2"],
    ["no step", wrong([[1], 7]), "train, piece 2, step 2: expected a list of keys, got 7"],
    ["a key below", wrong([[1], [-1]]), "train, piece 2, step 2: the key -1 is not an integer from 0 to 87"],
    ["a key above", wrong([[88], [1]]), "train, piece 2, step 1: the key 88 is not"],
    ["half a key", wrong([[1], [1.5]]), "step 2: the key 1.5 is not"],
    ["a key as text", wrong([[1], ["C4"]]), 'step 2: the key "C4" is not'],
    ["a key twice", wrong([[1], [3, 3]]), "step 2: the key 3 comes after 3; keys must ascend"],
    ["keys in another order", wrong([[4, 3], [1]]), "step 1: the key 3 comes after 4"],
  ])("damaged: %s", (_, text, message) => {
    expect(() => parsePianoRolls(text, origin)).toThrow(DataError);
    expect(() => parsePianoRolls(text, origin)).toThrow(message);
  });
});

describe("any set of that format", () => {
  let scratch: string;
  beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), "sluice-rolls-"))));
  afterAll(() => rm(scratch, { recursive: true }));

  const loaded = async (pieces: readonly PianoRoll[], steps: number) => {
    const text = JSON.stringify({ train: pieces, valid: [], test: [] });
    const bytes = new TextEncoder().encode(text);
    const sum = sha256(bytes);
    await writeFile(join(scratch, `${sum}.json`), bytes);
    return polymusic({ path: `${sum}.json`, sha256: sum }, { folder: scratch, name: "Toy", steps });
  };

  test("every step but the first is predicted once, however pieces are cut", async () => {
    const step = fc
      .uniqueArray(fc.integer({ min: 0, max: 87 }), { maxLength: 4 })
      .map((keys) => keys.sort((a, b) => a - b));
    const piece = fc.array(step, { minLength: 2, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 10 }),
        async (pieces, steps) => {
          const { train } = await loaded(pieces, steps);
          const found = (x: Tensor): number[][] => {
            const [, time = 0] = x.shape;
            return [...valuesOf(train.lengths)].flatMap((length, row) =>
              Array.from({ length }, (_, t) => {
                const keys = valuesOf(x).subarray((row * time + t) * 88, (row * time + t + 1) * 88);
                return [...keys].flatMap((v, k) => (v === 1 ? [k] : []));
              }),
            );
          };
          expect(found(train.x)).toEqual(pieces.flatMap((steps) => steps.slice(0, -1)));
          expect(found(train.y)).toEqual(pieces.flatMap((steps) => steps.slice(1)));
          expect(Math.max(...valuesOf(train.lengths))).toBeLessThanOrEqual(steps);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("refuses options that do not fit", async () => {
    await expect(loaded([[[1], [2]]], 0)).rejects.toThrow("polymusic: steps must be an integer >= 1, got 0");
    await expect(polymusic({ path: "a", sha256: "b" }, { name: "" })).rejects.toThrow("polymusic: name must be a text");
    await expect(Reflect.apply(polymusic, undefined, ["a.json", { name: "A" }])).rejects.toThrow(
      "polymusic: expected a file { path, sha256 }, got",
    );
    await expect(jsbChorales({ folder: scratch })).rejects.toThrow(/^JSB Chorales: .*cannot be read.*boulanni/);
  });
});

function totalOf(x: Tensor): number {
  let sum = 0;
  for (const v of valuesOf(x)) sum += v;
  return sum;
}
/** Negative log-likelihood per step of the frequencies of the training set, with one of each added. */
function frequencyNll(train: { y: Tensor; lengths: Tensor }, test: { y: Tensor; lengths: Tensor }): number {
  const on = new Float64Array(88);
  valuesOf(train.y).forEach((v, i) => (on[i % 88] = on[i % 88]! + v));
  const n = totalOf(train.lengths);
  const share = on.map((count) => (count + 1) / (n + 2));
  const [, time = 0] = test.y.shape;
  const y = valuesOf(test.y);
  let sum = 0;
  valuesOf(test.lengths).forEach((length, row) => {
    for (let i = row * time * 88; i < (row * time + length) * 88; i++)
      sum -= Math.log(y[i] === 1 ? share[i % 88]! : 1 - share[i % 88]!);
  });
  return sum / totalOf(test.lengths);
}

describe.skipIf(folder === null)("Nottingham, where there is a data folder with it", () => {
  const laws = datasetSuite(() => nottingham({ folder }), {
    tensors: tensors(200),
    read: readIn(folder),
    except: { "no example is in two splits": "one training piece is also a validation piece, and one a test piece" },
  });
  for (const { name, skip, run } of laws) test(name, { skip: skip !== undefined }, run);
});

describe.skipIf(folder === null)("JSB Chorales, where there is a data folder with it", () => {
  const options = { tensors: tensors(159), examples: 382, read: readIn(folder) };
  for (const { name, skip, run } of datasetSuite(() => jsbChorales({ folder }), options))
    test(name, { skip: skip !== undefined }, run);

  test("has the counts that Python finds, and the same likelihood of its frequencies", async () => {
    const { train, validation, test: testing } = await jsbChorales({ folder });
    expect([train, validation, testing].map(({ lengths }) => [lengths.shape[0], totalOf(lengths)])).toEqual([
      [229, 13_578],
      [76, 4526],
      [77, 4648],
    ]);
    expect([train, validation, testing].map(({ y }) => totalOf(y))).toEqual([52_932, 17_522, 18_061]);
    expect(frequencyNll(train, testing)).toBeCloseTo(11.092323217932925, 9);
  });
});

describe.skipIf(folder === null)("Nottingham, where there is a data folder with it", () => {
  test("has the counts that Python finds, cut or whole", async () => {
    const { train, validation, test: testing, pieces } = await nottingham({ folder });
    expect([train, validation, testing].map(({ lengths }) => totalOf(lengths))).toEqual([175_867, 45_340, 44_293]);
    expect([train, validation, testing].map(({ y }) => totalOf(y))).toEqual([697_753, 179_791, 176_978]);
    expect(frequencyNll(train, testing)).toBeCloseTo(10.260667903259547, 9);
    expect(train.x.shape[1]).toBe(200);
    expect([pieces.train.length, pieces.valid.length, pieces.test.length]).toEqual([694, 173, 170]);
    expect(Math.max(...pieces.test.map(({ length }) => length))).toBe(1793);
  });
});
