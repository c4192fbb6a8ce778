import { keyFor, randomBits, tensor, uniform, valuesOf, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkChoice, checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { adding as facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, type DrawOptions } from "./generated.ts";

/** Examples of {@link adding}. */
export type Adding = {
  /** Values and marks: `[examples, time, 2]`. */
  readonly x: Tensor;
  /** The sum of the two marked values, `[examples, 1]`. */
  readonly y: Tensor;
};

/** Options of {@link adding}. */
export interface AddingOptions extends DrawOptions {
  /** Steps of a sequence, at least 2. */
  readonly time: number;
  /**
   * Where the marks are. `halves` (default): one in the first half of the sequence and one in the second. `anywhere`:
   * at any two steps.
   */
  readonly marks?: "halves" | "anywhere";
}

/**
 * The adding problem (Hochreiter and Schmidhuber 1997; in the form of Le et al. 2015, arXiv:1504.00941). Each sequence
 * has values uniform on [0, 1), two of them marked. The target is the sum of the two, at the end. Always answering 1
 * has a mean squared error of 1/6.
 */
export function adding(options: AddingOptions): Dataset<Adding> {
  checkOptions("adding", options, ["time", "marks", ...drawOptions], {
    length: "time",
    steps: "time",
    ...drawAliases,
  });
  const { marks = "halves" } = options;
  const time = checkCount("adding", "time", options.time, 2);
  checkChoice("adding", "marks", marks, ["halves", "anywhere"]);
  return generated(
    {
      operation: "adding",
      facts,
      name: `adding, ${time} steps`,
      what: `the adding problem over ${time} steps, values uniform on [0, 1), marks ${marks === "halves" ? "one in each half" : "anywhere"}`,
      caution:
        "Papers differ in the range of the values and the place of the marks; compare only results where both agree. Always answering 1 has a mean squared error of 1/6.",
    },
    options,
    { train: 50_000, validation: 1000, test: 1000 },
    (n, keys) => {
      const values = valuesOf(uniform(keyFor(keys, "values"), [n, time]));
      const draws = valuesOf(randomBits(keyFor(keys, "marks"), [n, 2]));
      const x = new Float32Array(n * time * 2);
      const y = new Float32Array(n);
      values.forEach((value, i) => (x[2 * i] = value));
      for (let i = 0; i < n; i++) {
        for (const at of pair(draws[2 * i]! >>> 0, draws[2 * i + 1]! >>> 0, time, marks)) {
          x[2 * (i * time + at) + 1] = 1;
          y[i] = y[i]! + values[i * time + at]!;
        }
      }
      return { x: tensor(x, [n, time, 2]), y: tensor(y, [n, 1]) };
    },
  );
}

function pair(a: number, b: number, time: number, marks: "halves" | "anywhere"): [number, number] {
  if (marks === "halves") {
    const half = Math.floor(time / 2);
    return [a % half, half + (b % (time - half))];
  }
  const first = a % time;
  const second = b % (time - 1);
  return [first, second < first ? second : second + 1];
}
