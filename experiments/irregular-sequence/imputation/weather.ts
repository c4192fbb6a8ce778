import { seattleWeather } from "@sluice/data";
import {
  missingAtRandom,
  missingBlocks,
  missingCompletelyAtRandom,
  missingNotAtRandom,
  raggedBatch,
  type Hidden,
  type RaggedBatch,
} from "@sluice/irregular";
import { key, keyFor, tensor, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";

export const variables = ["precipitation", "highest temperature", "lowest temperature", "wind"] as const;

type Part = "train" | "validation" | "test";

/** Days, four standardized variables each, in windows of one length; the last one of a part may be shorter. */
export type Years = { readonly [part in Part]: RaggedBatch };

/** The weather of 2012 and 2013 for training, of 2014 for validation, and of 2015 for testing. */
export async function readYears(days: number): Promise<Years> {
  // With one given day per example, the examples of a part are its days in order.
  const { train, validation, test } = await seattleWeather({ time: 1 });
  if (validation === undefined) throw new Error("imputation: the weather has no year for validation");
  return {
    train: windowsOf(train.x, days),
    validation: windowsOf(validation.x, days),
    test: windowsOf(test.x, days),
  };
}

/** The days `[days, 1, variables]`, one window after the other. */
function windowsOf(x: Tensor, length: number): RaggedBatch {
  const [days = 0, , width = 0] = x.shape;
  const offsets = Array.from({ length: Math.ceil(days / length) }, (_, window) => window * length);
  return raggedBatch({ values: tensor(Float32Array.from(valuesOf(x)), [days, width]), offsets: [...offsets, days] });
}

/** Why values are missing. */
export type Kind = "completely at random" | "at random" | "not at random" | "blocks";

export interface HidingOptions {
  readonly kind: Kind;
  /** The share of the values that may be hidden. */
  readonly rate: number;
  readonly seed: number;
}

/** Each part with the values that are hidden in it. */
export type HiddenYears = { readonly [part in Part]: { readonly whole: RaggedBatch; readonly hidden: Hidden } };

/** Hides values of every part in the same way, so that the models are trained on series like those that they are tested on. */
export function hideIn(years: Years, { kind, rate, seed }: HidingOptions): HiddenYears {
  const of = (part: Part) => {
    const whole = years[part];
    return { whole, hidden: hiders[kind](whole, { rate, key: keyFor(keyFor(key(seed), "hidden"), part) }) };
  };
  return { train: of("train"), validation: of("validation"), test: of("test") };
}

type Hider = (batch: RaggedBatch, options: { readonly rate: number; readonly key: ArrayTensor }) => Hidden;

const hiders: { readonly [kind in Kind]: Hider } = {
  "completely at random": missingCompletelyAtRandom,
  // The more it rains, the more of the other values are missing; precipitation itself never is.
  "at random": (batch, options) => missingAtRandom(batch, { ...options, given: [variables.indexOf("precipitation")] }),
  // High values are missing more often than low ones.
  "not at random": missingNotAtRandom,
  // One variable is missing for a week.
  blocks: (batch, options) => missingBlocks(batch, { ...options, steps: 7 }),
};
