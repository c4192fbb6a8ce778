import type { Extras } from "@sluice/cells";
import { concat, convert, isTensor, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import type { Targeted, TaskExamples } from "../examples.ts";

/**
 * The parts of irregular examples that say what was observed and when, with their widths: `mask` bool `[examples, time,
 * variables]`, and `elapsed` `[examples, time, 1]`, the time since the step before.
 */
export type ObservedParts = { readonly [name in "mask" | "elapsed"]?: number };

const observedParts = ["mask", "elapsed"] as const;

/** Finds them in examples. A mask of whole steps, `[examples, time]`, is not one of them. */
export function observedIn(examples: TaskExamples): ObservedParts {
  const { x } = examples;
  if (!isPart(x) || x.dtype === "i32") return {};
  return Object.fromEntries(
    observedParts.flatMap((name) => {
      const part = examples[name];
      return isPart(part) && part.shape.length === 3 ? [[name, part.shape[2] ?? 0]] : [];
    }),
  );
}

const isPart = (part: TaskExamples[string] | undefined): part is Tensor => part !== undefined && isTensor(part);

/**
 * Which of these parts a cell gets as features of `x`: those that it does not read itself as extra inputs. A cell that
 * reads masks, as `gruD` does, has one of them for each feature, so it gets `x` alone. One that reads the time of a step
 * needs no elapsed time.
 */
export function joinedFor(extra: Extras, parts: ObservedParts): readonly (keyof ObservedParts)[] {
  if ("mask" in extra || "delta" in extra) return [];
  return observedParts.filter((name) => parts[name] !== undefined && !(name in extra) && !readsTime(name, extra));
}

const readsTime = (name: keyof ObservedParts, extra: Extras): boolean => name === "elapsed" && "time" in extra;

/** The examples as a model reads them: with some parts as features of `x`, and 0 where `x` is NaN, not observed. */
export function withFeatures(examples: Targeted, joined: readonly (keyof ObservedParts)[]): Targeted {
  const { x } = examples;
  if (!isPart(x) || x.dtype === "i32") return examples;
  const features = joined.flatMap((name) => {
    const part = examples[name];
    return isPart(part) ? [convert(part, "f32")] : [];
  });
  const seen = zeroWhereNaN(x);
  return { ...examples, x: features.length === 0 ? seen : concat([seen, ...features], 2) };
}

function zeroWhereNaN(x: Tensor): Tensor {
  const values = valuesOf(x);
  if (!values.some(Number.isNaN)) return x;
  return tensor(
    new Float32Array(values).map((value) => (Number.isNaN(value) ? 0 : value)),
    x.shape,
  );
}
