import { tensor, TensorError, uniform, valuesOf, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { echo as facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, type DrawOptions } from "./generated.ts";

/** Examples of {@link echo}. */
export type Echoes = {
  /** A number at every step, uniform on [-0.5, 0.5), f32 `[examples, time, 1]`. */
  readonly x: Tensor;
  /** At feature k the number of k + 1 steps before, f32 `[examples, time, delays]`; 0 where there is none yet. */
  readonly y: Tensor;
};

/** Options of {@link echo}. */
export interface EchoOptions extends DrawOptions {
  /** The longest delay. All delays from 1 step on are asked for at once. */
  readonly delays: number;
  /** Steps of a sequence, more than `delays`. Default `4 delays + 4`. */
  readonly time?: number;
}

/**
 * The echo of a signal, at all delays from 1 to `delays`: the delay task of short-term memory capacity (Jaeger 2002,
 * "Short term memory in echo state networks", GMD report 152). The memory capacity of a network is the sum over the
 * delays of the squared correlation of its output with the echo. With independent inputs it is at most the number of
 * units of a network with linear readout. Without memory the best mean squared error is 1/12 at each step that has an
 * echo. {@link delayedCopy} is the same task with symbols and one delay.
 */
export function echo(options: EchoOptions): Dataset<Echoes> {
  const operation = "echo";
  checkOptions(operation, options, ["delays", "time", ...drawOptions], {
    delay: "delays",
    length: "time",
    steps: "time",
    ...drawAliases,
  });
  const delays = checkCount(operation, "delays", options.delays);
  const time = checkCount(operation, "time", options.time ?? 4 * delays + 4);
  if (time <= delays)
    throw new TensorError(`${operation}: time must be more than the longest delay of ${delays} steps, got ${time}`);
  return generated(
    {
      operation,
      facts,
      name: `echo, ${delays} delays, ${time} steps`,
      what: `${time} numbers uniform on [-0.5, 0.5), each to be output 1 to ${delays} steps later`,
      caution: `The first steps have no echo yet, and their targets are 0; leave out the first ${delays} steps before you compute a memory capacity.`,
    },
    options,
    { train: 1000, validation: 100, test: 100 },
    (n, key) => {
      const x = valuesOf(uniform(key, [n, time], { low: -0.5, high: 0.5 }));
      const y = Float32Array.from({ length: n * time * delays }, (_, i) => {
        const [step, delay] = [Math.floor(i / delays), (i % delays) + 1];
        return step % time < delay ? 0 : (x[step - delay] ?? 0);
      });
      return { x: tensor(Float32Array.from(x), [n, time, 1]), y: tensor(y, [n, time, delays]) };
    },
  );
}
