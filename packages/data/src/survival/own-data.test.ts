/** The files of pbcseq and nafld, read as a table of one's own would be. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { fromCsvStream, type Observations } from "@sluice/irregular";
import { describe, expect, test } from "vitest";
import { folderWith } from "../testing/data-folder.ts";

const folder = folderWith("survival");
const file = (name: string): AsyncIterable<Uint8Array> => createReadStream(join(folder ?? "", "survival", name));

/** How many values of a variable there are, and their sum. */
function summed({ variables, values, mask }: Observations, name: string): [number, number] {
  const at = variables.findIndex((variable) => variable.name === name);
  const own = [...values.data].filter((_, i) => i % variables.length === at && mask.data[i] === 1);
  return [own.length, own.reduce((sum, value) => sum + value, 0)];
}

// The counts and sums are those of Python's csv module.
describe.skipIf(folder === null)("tables of survival data as streams, where there is a data folder with them", () => {
  test("pbcseq, wide", async () => {
    const { observations, report } = await fromCsvStream(file("pbcseq.csv"), {
      layout: "wide",
      columns: { time: "day" },
      time: { unit: "days" },
      statics: ["futime", "status", "trt", "age", { name: "sex", categories: ["f", "m"] }],
    });
    expect([observations.ids.length, observations.times.shape[0]]).toEqual([312, 1945]);
    // 19 columns, of which two are places: every other cell is kept, empty, or repeats a static value.
    expect(report).toMatchObject({
      read: 17 * 1945,
      empty: 1133,
      repeated: 5 * (1945 - 312),
      problems: [],
      unused: [],
    });
    expect(report.kept).toBe(17 * 1945 - 1133 - 5 * (1945 - 312));
    expect(["chol", "platelet", "alk.phos"].map((name) => summed(observations, name))).toEqual([
      [1124, 360_210],
      [1872, 437_451],
      [1885, 2_604_904],
    ]);
    expect(summed(observations, "bili")[1]).toBeCloseTo(7142.7, 8);
    const fixed = [...observations.statics.mask.data];
    expect(fixed).toEqual(fixed.map(() => 1));
  });

  test("nafld, long: 400,123 lines", async () => {
    const { observations, report } = await fromCsvStream(file("nafld2.csv"), {
      layout: "long",
      columns: { time: "days", variable: "test" },
      time: { unit: "weeks", numbersIn: "days" },
    });
    expect(observations.variables.map(({ name }) => name)).toEqual(["chol", "dbp", "fib4", "hdl", "sbp", "smoke"]);
    expect([observations.ids.length, observations.times.shape[0]]).toEqual([15_666, 198_449]);
    expect(report).toMatchObject({ read: 400_123, kept: 396_306, empty: 0, repeated: 0 });
    // 3817 measurements stand in the file twice or more.
    expect(report.problems).toHaveLength(3817);
    expect(new Set(report.problems.map(({ fault }) => fault))).toEqual(new Set(["duplicate"]));
    expect(["chol", "dbp", "smoke"].map((name) => summed(observations, name))).toEqual([
      [159_647, 8_085_864],
      [33_212, 4_547_427],
      [6899, 2851],
    ]);
    expect(summed(observations, "fib4")[1]).toBeCloseTo(14_386.462834614402, 6);
    expect(observations.times.data[0]).toBe(-459 / 7);
  });
});
