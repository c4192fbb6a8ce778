import { key, keyFor, type ArrayTensor } from "@sluice/tensor";
import { checkKey } from "@sluice/tensor/internal";
import { checkSizes } from "../check.ts";
import type { Dataset, Examples, SplitSizes } from "../dataset.ts";
import { cited, type Facts } from "../facts.ts";

/** What a generated task says of itself. */
export interface GeneratedTask {
  /** The function that makes it, for errors. */
  readonly operation: string;
  /** The keys of its splits come from this name. Default `operation`. */
  readonly keyName?: string;
  /** The name, with the options that change its contents. */
  readonly name: string;
  /** What is drawn, for the source. */
  readonly what: string;
  /** How the splits were made. Default: independent draws with a separate key for each split. */
  readonly split?: string;
  readonly caution: string;
  readonly facts: Facts;
}

/** Options that every generated task has. */
export interface DrawOptions extends SplitSizes {
  /** The key of all draws. Default `key(0)`. */
  readonly key?: ArrayTensor;
}

export const independent = "independent draws with a separate key for each split";
export const shortStringsRepeat = `${independent}; there are few short strings, so the same ones occur in all splits`;

/** Makes a data set from a function that draws so many examples with a key. */
export function generated<E extends Examples>(
  { operation, keyName = operation, name, what, split = independent, caution, facts }: GeneratedTask,
  options: DrawOptions,
  defaults: Required<SplitSizes>,
  draw: (examples: number, key: ArrayTensor) => E,
): Dataset<E> {
  if (options.key !== undefined) checkKey(operation, options.key);
  const sizes = checkSizes(operation, options, defaults);
  const examples = (part: keyof typeof sizes): E =>
    draw(sizes[part], keyFor(options.key ?? key(0), `${keyName} ${part}`));
  return {
    name,
    train: examples("train"),
    validation: examples("validation"),
    test: examples("test"),
    provenance: { source: `generated: ${what}`, ...cited(facts), files: {}, split, caution },
  };
}

/** Names of other libraries for the options of {@link DrawOptions}. */
export const drawAliases = { seed: "key" };
export const drawOptions = ["train", "validation", "test", "key"] as const;
