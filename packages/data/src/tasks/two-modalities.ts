import { keyFor, normal, randomBits, tensor, TensorError, valuesOf, type Tensor } from "@sluice/tensor";
import { checkOptions, errorFunctionF64, shown } from "@sluice/tensor/internal";
import { checkChoice, checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { twoModalities as facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, type DrawOptions } from "./generated.ts";

/** Examples of {@link twoModalities}. */
export type TwoModalities = {
  /** The first modality, f32 `[examples, time, features]`. */
  readonly a: Tensor;
  /** The second modality, f32 `[examples, time, features]`. */
  readonly b: Tensor;
  /** The class, i32 `[examples]`. */
  readonly y: Tensor;
};

/** How the class depends on the two modalities. */
export type Interaction = "redundant" | "unique" | "complementary" | "xor";

/** The data set of {@link twoModalities}, with the accuracies that are possible. */
export interface TwoModalitySet extends Dataset<TwoModalities> {
  /** The largest expected accuracy, 0 to 1, from both modalities and from each alone. */
  readonly best: { readonly both: number; readonly a: number; readonly b: number };
}

/** Options of {@link twoModalities}. */
export interface TwoModalitiesOptions extends DrawOptions {
  /** How the class depends on the bits of the modalities. */
  readonly interaction: Interaction;
  /** Steps of each modality. Default 8. */
  readonly time?: number;
  /** Features of a step. Default 4. */
  readonly features?: number;
  /** The standard deviation of the noise of each number, of both modalities or of a and b. Default 4. */
  readonly noise?: number | readonly [number, number];
}

/** Each interaction's class of the two bits (0 or 1), and the names of the classes. */
const interactions: Readonly<
  Record<Interaction, { readonly classes: readonly string[]; readonly label: (a: number, b: number) => number }>
> = {
  redundant: { classes: ["minus", "plus"], label: (a) => a },
  unique: { classes: ["minus", "plus"], label: (a) => a },
  complementary: {
    classes: ["minus minus", "minus plus", "plus minus", "plus plus"],
    label: (a, b) => 2 * a + b,
  },
  xor: { classes: ["same", "different"], label: (a, b) => a ^ b },
};

/**
 * Two modalities whose best fusion is known. Each hides a random bit s, -1 or 1, in noise: every number of the modality
 * is s plus independent normal noise. So the best estimate of the bit is the sign of the sum of its numbers, which is
 * right with the probability `q = Phi(sqrt(time features) / noise)`. The class depends on the bits:
 *
 * | interaction     | class                  | both             | a alone | b alone |
 * | --------------- | ---------------------- | ---------------- | ------- | ------- |
 * | `redundant`     | the bit, which is one  | from all numbers | q_a     | q_b     |
 * | `unique`        | the bit of a           | q_a              | q_a     | 1/2     |
 * | `complementary` | both bits, four classes | q_a q_b         | q_a / 2 | q_b / 2 |
 * | `xor`           | whether they differ    | q_a q_b + (1 - q_a) (1 - q_b) | 1/2 | 1/2 |
 *
 * These are redundant, unique and synergistic information (Williams and Beer 2010, arXiv:1004.2515). `xor` needs a product
 * of the modalities: the sign of the product of their sums is the best classifier, but a sum of a function of a and a
 * function of b is right for at most three of the four pairs of bits. `redundant` weighs each modality by its inverse
 * variance.
 */
export function twoModalities(options: TwoModalitiesOptions): TwoModalitySet {
  const operation = "twoModalities";
  checkOptions(operation, options, ["interaction", "time", "features", "noise", ...drawOptions], {
    kind: "interaction",
    steps: "time",
    ...drawAliases,
  });
  const { interaction } = options;
  checkChoice(operation, "interaction", interaction, ["redundant", "unique", "complementary", "xor"]);
  const time = checkCount(operation, "time", options.time ?? 8);
  const features = checkCount(operation, "features", options.features ?? 4);
  const noise = noiseOf(operation, options.noise ?? 4);
  const { classes, label } = interactions[interaction];
  const set = generated<TwoModalities>(
    {
      operation,
      facts,
      name: `two modalities, ${interaction}`,
      what: `a bit in each of two modalities, ${time} steps of ${features} numbers with noise of ${noise.join(" and ")}; the class is ${interaction}`,
      caution:
        "There is no published version of this task. Report the accuracy beside the best possible one, which the data set names.",
    },
    options,
    { train: 2000, validation: 200, test: 1000 },
    (n, own) => {
      const words = valuesOf(randomBits(keyFor(own, "bits"), [n]));
      const first = Int32Array.from(words, (word) => word & 1);
      const second = interaction === "redundant" ? first : Int32Array.from(words, (word) => (word >>> 1) & 1);
      const modality = (name: string, bits: Int32Array, deviation: number): Tensor => {
        const errors = valuesOf(normal(keyFor(own, name), [n, time * features]));
        const signOf = (i: number): number => 2 * (bits[Math.floor(i / (time * features))] ?? 0) - 1;
        return tensor(
          Float32Array.from(errors, (error, i) => signOf(i) + deviation * error),
          [n, time, features],
        );
      };
      return {
        a: modality("a", first, noise[0]),
        b: modality("b", second, noise[1]),
        y: tensor(Int32Array.from(first, (bit, row) => label(bit, second[row] ?? 0))),
      };
    },
  );
  return { ...set, classes, best: bestOf(interaction, time * features, noise) };
}

function noiseOf(operation: string, given: number | readonly [number, number]): readonly [number, number] {
  const [a, b] = typeof given === "number" ? [given, given] : Array.isArray(given) ? given : [NaN, NaN];
  if (Number.isFinite(a) && Number.isFinite(b) && a > 0 && b > 0) return [a, b];
  throw new TensorError(`${operation}: noise must be a number above 0, or two of them, got ${shown(given)}`);
}

/** The largest expected accuracies. `numbers`: how many numbers a modality has. */
function bestOf(interaction: Interaction, numbers: number, noise: readonly [number, number]): TwoModalitySet["best"] {
  // The mean of the numbers is normal, with the signal-to-noise ratio sqrt(numbers) / noise.
  const right = (ratio: number): number => (1 + errorFunctionF64(ratio / Math.SQRT2)) / 2;
  const [ratioA, ratioB] = [Math.sqrt(numbers) / noise[0], Math.sqrt(numbers) / noise[1]];
  const [a, b] = [right(ratioA), right(ratioB)];
  switch (interaction) {
    case "redundant":
      return { both: right(Math.sqrt(ratioA * ratioA + ratioB * ratioB)), a, b };
    case "unique":
      return { both: a, a, b: 0.5 };
    case "complementary":
      return { both: a * b, a: a / 2, b: b / 2 };
    case "xor":
      return { both: a * b + (1 - a) * (1 - b), a: 0.5, b: 0.5 };
  }
}
