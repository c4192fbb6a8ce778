import { key, keyFor, randomBits, tensor, TensorError, uniform, valuesOf, type Tensor } from "@sluice/tensor";
import { checkKey, checkOptions, expF64, shown } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { spikeTrains as facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, type DrawOptions } from "./generated.ts";
import { checkInterval, type NumberRange } from "./queried-curve.ts";

/** Examples of {@link spikeTrains}. */
export type SpikeTrains = {
  /** The number of spikes in each bin, f32 `[examples, time, channels]`. */
  readonly x: Tensor;
  /** The class, i32 `[examples]`. */
  readonly y: Tensor;
};

/** The data set of {@link spikeTrains}, with the rates of its classes. */
export interface SpikeTrainSet extends Dataset<SpikeTrains> {
  /** Spikes per second of each class and channel, in Hz. */
  readonly rates: readonly (readonly number[])[];
}

/** Options of {@link spikeTrains}. */
export interface SpikeTrainOptions extends DrawOptions {
  /**
   * Spikes per second, in Hz: of each class and channel, or the interval from which `classes` x `channels` rates are
   * drawn. Default `{ classes: 4, channels: 10, interval: [5, 50] }`.
   */
  readonly rates?:
    | readonly (readonly number[])[]
    | { readonly classes: number; readonly channels: number; readonly interval: NumberRange };
  /** Bins of a train. Default 50. */
  readonly time?: number;
  /** The width of a bin, in seconds. Default 0.01. */
  readonly bin?: number;
}

/** Spikes in a bin. More would be a count, and not a spike train. */
const largestMean = 50;

/**
 * Spike trains: independent Poisson processes, one for each channel, whose rates depend on the class. Each bin has `k`
 * spikes with the probability `exp(-m) m^k / k!`, where m is the rate times the width of the bin. The best classifier
 * knows the rates r of each class: it takes the class with the largest `sum_j (n_j log r_j - T r_j)`, where n_j counts
 * the spikes of channel j in the time T. So only the counts matter, and not when the spikes come.
 */
export function spikeTrains(options: SpikeTrainOptions = {}): SpikeTrainSet {
  const operation = "spikeTrains";
  checkOptions(operation, options, ["rates", "time", "bin", ...drawOptions], {
    rate: "rates",
    steps: "time",
    dt: "bin",
    ...drawAliases,
  });
  if (options.key !== undefined) checkKey(operation, options.key);
  const time = checkCount(operation, "time", options.time ?? 50);
  const { bin = 0.01 } = options;
  if (!(Number.isFinite(bin) && bin > 0))
    throw new TensorError(`${operation}: bin must be a time above 0, in seconds, got ${shown(bin)}`);
  const rates = ratesOf(operation, options);
  const [first = []] = rates;
  const [classes, channels] = [rates.length, first.length];
  const fastest = Math.max(...rates.flat());
  if (fastest * bin > largestMean)
    throw new TensorError(
      `${operation}: ${fastest} Hz are ${fastest * bin} spikes in a bin of ${bin} s, at most ${largestMean} are possible; choose a smaller bin`,
    );
  const set = generated<SpikeTrains>(
    {
      operation,
      facts,
      name: `spike trains, ${classes} classes, ${channels} channels`,
      what: `Poisson spike trains of ${channels} channels, ${time} bins of ${bin} s, rates by class`,
      caution:
        "There is no published version of this task. The difficulty depends on the rates: report the accuracy beside that of the best classifier, which knows them.",
    },
    options,
    { train: 2000, validation: 200, test: 500 },
    (n, own) => {
      const units = valuesOf(uniform(keyFor(own, "spikes"), [n, time, channels]));
      const labels = valuesOf(randomBits(keyFor(own, "classes"), [n]));
      const y = Int32Array.from(labels, (draw) => (draw >>> 0) % classes);
      const x = Float32Array.from(units, (unit, i) => {
        const rate = rates[y[Math.floor(i / (time * channels))] ?? 0]?.[i % channels] ?? 0;
        return poisson(unit, rate * bin);
      });
      return { x: tensor(x, [n, time, channels]), y: tensor(y) };
    },
  );
  return { ...set, classes: rates.map((_, c) => `rates ${c}`), rates };
}

/** The smallest k whose probability, with those of all smaller ones, is above `unit`. */
function poisson(unit: number, mean: number): number {
  let probability = expF64(-mean);
  let below = probability;
  let k = 0;
  while (unit >= below && probability > 0) {
    k++;
    probability *= mean / k;
    below += probability;
  }
  return k;
}

function ratesOf(operation: string, options: SpikeTrainOptions): readonly (readonly number[])[] {
  const { rates = { classes: 4, channels: 10, interval: [5, 50] } } = options;
  if (!("interval" in rates)) return checkRates(operation, rates);
  checkOptions(`${operation}: rates`, rates, ["classes", "channels", "interval"]);
  const classes = checkCount(operation, "rates.classes", rates.classes, 2);
  const channels = checkCount(operation, "rates.channels", rates.channels);
  const [low, high] = checkInterval(operation, "rates.interval", rates.interval, 0);
  const own = keyFor(options.key ?? key(0), `${operation} rates`);
  const drawn = Array.from(valuesOf(uniform(own, [classes * channels])), (unit) => low + (high - low) * unit);
  return Array.from({ length: classes }, (_, c) => drawn.slice(c * channels, (c + 1) * channels));
}

function checkRates(operation: string, rates: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const right =
    Array.isArray(rates) &&
    rates.length >= 2 &&
    rates.every(
      (own) =>
        Array.isArray(own) &&
        own.length > 0 &&
        own.length === rates[0]?.length &&
        own.every((rate) => Number.isFinite(rate) && rate >= 0),
    );
  if (right) return rates;
  throw new TensorError(
    `${operation}: rates must be two lists or more of as many numbers from 0, in Hz, or { classes, channels, interval }, got ${shown(rates)}`,
  );
}
