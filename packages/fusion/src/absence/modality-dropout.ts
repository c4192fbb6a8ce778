import {
  and,
  equal,
  greaterEqual,
  isTensor,
  keyFor,
  max,
  not,
  or,
  reshape,
  select,
  TensorError,
  uniform,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkMade, checkOptions, shown } from "@sluice/tensor/internal";
import type { FuseOptions, Fusion, Modality } from "../fusion.ts";
import { givenModalities, type GivenModality } from "../modalities.ts";
import { rowsPresent } from "./rows-present.ts";

/** Options of {@link modalityDropout}. */
export interface ModalityDropoutOptions<M extends string = string> {
  /** The probability that a row loses a modality, for all modalities or by name (those not named are never dropped). */
  readonly rate: number | Readonly<Partial<Record<M, number>>>;
}

/**
 * A fusion, or a model, that in training drops whole modalities of each row at random (ModDrop; Neverova et al. 2016,
 * arXiv:1501.00102), so that it learns to do without them. For each row and modality that the row has, a number u is
 * drawn uniformly from 0 to 1; the modality is kept if u is at least its rate. What is missing in the data stays
 * missing, and a row never loses everything: where all would be dropped, it keeps the modality with the largest u.
 *
 * Parameters, buffers, traces and evaluation are those of the fusion. Training needs a key. Throws a TensorError for
 * rates outside [0, 1) and for names that are no modality.
 */
export function modalityDropout<P extends Tree, M extends string>(
  fusion: Fusion<P, M>,
  options: ModalityDropoutOptions<NoInfer<M>>,
): Fusion<P, M>;
export function modalityDropout(fusion: Fusion, options: ModalityDropoutOptions): Fusion {
  const made = { inputs: "object", apply: "function" } as const;
  checkMade("modalityDropout", "the fusion", fusion, made, "gmu({ inputs, output })");
  checkOptions("modalityDropout", options, ["rate"], { rates: "rate", p: "rate" });
  const rates = ratesOf(Object.keys(fusion.inputs), options.rate);
  return {
    ...fusion,
    apply(params, modalities, applied = {}) {
      if (applied.training !== true) return fusion.apply(params, modalities, applied);
      const given = givenModalities(fusion, modalities);
      const kept = keptRows(given, rates, keyOf(applied));
      const left = given.map((one, m): [string, Modality] => {
        const modality = modalities[one.name] ?? one.x;
        const rows = kept[m];
        return [one.name, rows === undefined ? modality : withRows(modality, one, rows)];
      });
      return fusion.apply(params, Object.fromEntries(left), applied);
    },
  };
}

function ratesOf(names: readonly string[], rate: ModalityDropoutOptions["rate"]): ReadonlyMap<string, number> {
  const place = "modalityDropout: rate";
  if (typeof rate === "object" && rate !== null) checkOptions(place, rate, names);
  return new Map(
    names.map((name) => {
      const own = typeof rate === "object" && rate !== null ? (rate[name] ?? 0) : rate;
      if (!(typeof own === "number" && own >= 0 && own < 1))
        throw new TensorError(`${place} of ${name} must lie in [0, 1), got ${shown(own)}`);
      return [name, own];
    }),
  );
}

function keyOf({ key }: FuseOptions): Tensor {
  if (key !== undefined) return keyFor(key, "modalityDropout");
  throw new TensorError("modalityDropout: training needs a key; pass { training: true, key: key(seed) }");
}

/** bool `[batch]` of each modality: the rows that keep it. */
function keptRows(given: readonly GivenModality[], rates: ReadonlyMap<string, number>, key: Tensor): Tensor[] {
  const drawn = given.map((modality) => {
    const here = rowsPresent(modality);
    // Less than any number that is drawn, where there is nothing to keep.
    return {
      here,
      rate: rates.get(modality.name) ?? 0,
      u: select(here, uniform(keyFor(key, modality.name), here.shape), -1),
    };
  });
  const kept = drawn.map(({ here, rate, u }) => and(here, greaterEqual(u, rate)));
  const none = not(kept.reduce(or));
  const largest = drawn.map(({ u }) => u).reduce((a, b) => max(a, b));
  return drawn.map(({ here, u }, m) => or(kept[m] ?? here, and(here, and(none, equal(u, largest)))));
}

/** A modality that only the rows in `kept` have. */
function withRows(modality: Modality, { steps }: GivenModality, kept: Tensor): Modality {
  const present = steps === undefined ? kept : and(steps, reshape(kept, [kept.shape[0] ?? 0, 1]));
  return isTensor(modality) ? { x: modality, present } : { ...modality, present };
}
