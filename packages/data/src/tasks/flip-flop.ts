import { bernoulli, keyFor, tensor, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount, checkRange } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { flipFlop as facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, type DrawOptions } from "./generated.ts";

/** Examples of {@link flipFlop}. */
export type FlipFlops = {
  /** Pulses: -1, 0 or 1, f32 `[examples, time, bits]`. */
  readonly x: Tensor;
  /** The sign of the latest pulse of each bit, at its own step and after: -1 or 1, f32 `[examples, time, bits]`. */
  readonly y: Tensor;
};

/** Options of {@link flipFlop}. */
export interface FlipFlopOptions extends DrawOptions {
  /** The number of independent bits. Default 3. */
  readonly bits?: number;
  /** Steps of a sequence. Default 64. */
  readonly time?: number;
  /** The probability of a pulse, of each bit at each step after the first. Default 0.5. */
  readonly pulses?: number;
}

/**
 * The n-bit flip-flop (Sussillo and Barak 2013, doi:10.1162/NECO_a_00409, section 3.2; in the form of the example of
 * FixedPointFinder, Golub and Sussillo 2018, doi:10.21105/joss.01003). Each bit gets pulses of random sign, independent
 * of the other bits, and the network must output the sign of each bit's latest pulse at every step. The first step has
 * a pulse of every bit, so the target is always known. A network that has learned it has a stable fixed point at zero
 * input for each of the `2^bits` answers. Without memory the best mean squared error is `1 - pulses`, at steps after the
 * first.
 */
export function flipFlop(options: FlipFlopOptions = {}): Dataset<FlipFlops> {
  checkOptions("flipFlop", options, ["bits", "time", "pulses", ...drawOptions], {
    length: "time",
    steps: "time",
    probability: "pulses",
    ...drawAliases,
  });
  const bits = checkCount("flipFlop", "bits", options.bits ?? 3);
  const time = checkCount("flipFlop", "time", options.time ?? 64);
  const pulses = checkRange("flipFlop", "pulses", options.pulses ?? 0.5, 0, 1);
  return generated(
    {
      operation: "flipFlop",
      facts,
      keyName: "flip-flop",
      name: `${bits}-bit flip-flop, ${time} steps, pulses ${pulses}`,
      what: `the ${bits}-bit flip-flop over ${time} steps, a pulse of random sign with probability ${pulses} (doi:10.1162/NECO_a_00409)`,
      caution:
        "Papers differ in how often pulses come and how long they last; here a pulse lasts one step, and the first step has one of every bit.",
    },
    options,
    { train: 2000, validation: 500, test: 500 },
    (n, keys) => drawFlipFlops([n, time, bits], keys, pulses),
  );
}

function drawFlipFlops(shape: readonly [number, number, number], keys: ArrayTensor, pulses: number): FlipFlops {
  const [n, time, bits] = shape;
  const comes = valuesOf(bernoulli(keyFor(keys, "pulses"), shape, pulses));
  const signs = valuesOf(bernoulli(keyFor(keys, "signs"), shape, 0.5));
  const [x, y] = [new Float32Array(n * time * bits), new Float32Array(n * time * bits)];
  for (let i = 0; i < x.length; i++) {
    const isFirst = Math.floor(i / bits) % time === 0;
    if (isFirst || comes[i] === 1) x[i] = signs[i] === 1 ? 1 : -1;
    y[i] = x[i] === 0 ? y[i - bits]! : x[i]!;
  }
  return { x: tensor(x, shape), y: tensor(y, shape) };
}
