import { gru, gruD, hiddenDecay, lstm, meanDecay } from "@sluice/cells";
import { glorotUniform, type Initializer } from "@sluice/params";
import { full, key, tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { retention, type Retention } from "./index.ts";

const [input, hidden] = [2, 4];

describe("retention", () => {
  const cell = hiddenDecay(lstm({ input, hidden: 2 }));
  const params = {
    ...cell.init(key(1)),
    decay: { h: { W: tensor([1, 0]), b: tensor([0, 2]) }, c: { W: tensor([10, 10]), b: tensor([0, 0]) } },
  };

  test("tells the factors of each decay, over steps that are there", () => {
    const found = retention(cell, params, { elapsed: tensor([1, 3, 99, 2, 99, 99], [2, 3, 1]) }, { lengths: [2, 1] });
    expect(Object.keys(found)).toEqual(["decay.h", "decay.c"]);
    const near = (a: Retention, b: Retention): void =>
      (Object.keys(b) as (keyof Retention)[]).forEach((name) => expect(a[name], name).toBeCloseTo(b[name], 6));
    // Steps of 1, 3 and 2: the first unit keeps e^-1, e^-3, e^-2, the second e^-2 of all.
    near(found["decay.h"]!, { median: Math.exp(-2), smallest: Math.exp(-3), largest: Math.exp(-1), lost: 0 });
    near(found["decay.c"]!, { median: 0, smallest: 0, largest: Math.exp(-10), lost: 1 });
  });

  test("errors", () => {
    expect(() => retention(cell, params, {})).toThrow(
      "retention: extra elapsed of lstmDecay must be an array [batch,time,1], got none",
    );
    expect(() => retention(cell, params, { elapsed: tensor([1], [1, 1]) })).toThrow(
      "retention: extra elapsed of lstmDecay must be an array [batch,time,1], got [1,1]",
    );
    expect(() => retention(cell, params, { elapsed: tensor([1], [1, 1, 1]) }, { lengths: [2] })).toThrow(
      "retention: lengths must be 1 integers from 0 to 1, got 2",
    );
    expect(() => retention(gru({ input, hidden }), gru({ input, hidden }).init(key(1)), {})).toThrow(
      "retention: gru traces no decay factors; expected a cell such as",
    );
  });

  test("begins with a memory, however many variables there are; as strong as the paper's authors might have begun, on demand", () => {
    const [rows, steps] = [4, 6];
    for (const variables of [1, 37, 400]) {
      const [units, days] = [64, 2];
      const seen = { mask: full([rows, steps, variables], 0), delta: full([rows, steps, variables], days) };
      const begin = (decayInitializer: Initializer) => {
        const cell = gruD({ input: variables, hidden: units, decayInitializer });
        return retention(cell, cell.init(key(3)), seen)["hiddenDecay"]!;
      };
      // |w| is uniform below sqrt(6 / (variables + units)): its mean is half of that.
      const mean = Math.sqrt(6 / (variables + units)) / 2;
      const [own, sum] = [begin(meanDecay), begin(glorotUniform)];
      // Means of 1 to 400 uniform numbers vary by mean / sqrt(3 variables); the median of 64 of them by about 1.25 / 8
      // of that: three of these.
      const spread = (3 * 1.25) / 8 / Math.sqrt(3 * variables);
      expect(Math.abs(-Math.log(own.median) / (days * mean) - 1)).toBeLessThan(spread);
      expect(Math.abs(-Math.log(sum.median) / (days * mean * variables) - 1)).toBeLessThan(spread);
      expect([own.lost, sum.lost]).toEqual([0, variables === 1 ? 0 : 1]);
      expect(begin(meanDecay)).toEqual(
        retention(
          gruD({ input: variables, hidden: units }),
          gruD({ input: variables, hidden: units }).init(key(3)),
          seen,
        )["hiddenDecay"],
      );
    }
  });
});
