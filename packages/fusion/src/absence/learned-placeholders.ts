import { checkParameters, initialize, parameter, type Initializer } from "@sluice/params";
import { isTensor, keyFor, reshape, select, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkMade, checkOptions, isFloat } from "@sluice/tensor/internal";
import type { DescribedModality, Fusion, Modality } from "../fusion.ts";
import { givenModalities, type GivenModality } from "../modalities.ts";

/** Options of {@link learnedPlaceholders}. */
export interface LearnedPlaceholdersOptions {
  /** The initial placeholders. Default zeros: what the fusion sees without them. */
  readonly initializer?: Initializer;
}

/** The parameters of the fusion, and for every modality m: placeholders.m `[width]`. */
export type LearnedPlaceholdersParams<P extends Tree = Tree, M extends string = string> = {
  readonly fusion: P;
  readonly placeholders: Readonly<Record<M, Tensor>>;
};

/**
 * A fusion, or a model, that learns what to put in the place of a missing modality: one vector for each. To the fusion,
 * nothing is missing then. A row that lacks a vector gets the placeholder; a sequence gets it at each step that is
 * missing within the row's length. A row that lacks a whole sequence gets as many steps as its length says, or all.
 *
 * Traces and outputs are those of the fusion. Throws a TensorError if a modality is not of floats, such as token ids:
 * embed them before.
 */
export function learnedPlaceholders<P extends Tree, M extends string>(
  fusion: Fusion<P, M>,
  options?: LearnedPlaceholdersOptions,
): Fusion<LearnedPlaceholdersParams<P, M>, M>;
export function learnedPlaceholders(
  fusion: Fusion,
  options: LearnedPlaceholdersOptions = {},
): Fusion<LearnedPlaceholdersParams> {
  const name = "learnedPlaceholders";
  const made = { inputs: "object", params: "object", init: "function", apply: "function" } as const;
  checkMade(name, "the fusion", fusion, made, "gmu({ inputs, output })");
  checkOptions(name, options, ["initializer"], { init: "initializer" });
  const placeholders = Object.fromEntries(
    Object.entries(fusion.inputs).map(([of, spec]) => {
      if (spec.x === undefined) return [of, parameter([spec.width], options)];
      throw new TensorError(
        `${name}: modality ${of} is not made of vectors of floats, so it has no placeholder; embed it before the fusion`,
      );
    }),
  );
  const params = { fusion: fusion.params, placeholders };
  return {
    ...fusion,
    params,
    init: (key, initOptions) => ({
      fusion: fusion.init(keyFor(key, "fusion"), initOptions),
      placeholders: initialize(placeholders, keyFor(key, "placeholders"), initOptions),
    }),
    apply(weights, modalities, applied) {
      const given = givenModalities(fusion, modalities);
      checkParameters(name, params, weights, given.find(({ x }) => isFloat(x.dtype))?.x);
      const filled = given.map((one): [string, Modality] => {
        const modality = modalities[one.name] ?? one.x;
        const placeholder = weights.placeholders[one.name];
        return [one.name, placeholder === undefined ? modality : filledIn(modality, one, placeholder)];
      });
      return fusion.apply(weights.fusion, Object.fromEntries(filled), applied);
    },
  };
}

/** The modality with its placeholder where it is missing. */
function filledIn(modality: Modality, { spec, x, rows, steps }: GivenModality, placeholder: Tensor): Modality {
  const present = rows ?? steps;
  if (present === undefined) return modality;
  const [batch = 0] = x.shape;
  const flags =
    spec.kind === "vector" || rows !== undefined ? [batch, ...x.shape.slice(1).map(() => 1)] : [...present.shape, 1];
  const filled = select(reshape(present, flags), x, placeholder);
  return isTensor(modality) ? filled : withoutPresent(modality, filled);
}

function withoutPresent({ lengths, times, extra }: DescribedModality, x: Tensor): DescribedModality {
  return { x, ...(lengths && { lengths }), ...(times && { times }), ...(extra && { extra }) };
}
