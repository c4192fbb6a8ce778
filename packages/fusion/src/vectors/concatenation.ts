import { broadcastTo, concat, convert, onesLike, sliceAxis, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { inputsOf, type Inputs } from "../inputs.ts";
import type { SeenModality } from "../seen.ts";

/** Options of {@link concatenation}. */
export interface ConcatenationOptions<M extends string> {
  /** The modalities in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /**
   * Append a 1 (present) or 0 (missing) for each modality, so that later layers can tell a missing modality from one
   * whose values are zeros. Default false.
   */
  readonly presence?: boolean;
}

/**
 * Concatenates the modalities: `h = [x_1; ...; x_M]`, `[batch, sum of widths]`. A missing modality is zeros. There are
 * no parameters.
 */
export function concatenation<M extends string>(
  options: ConcatenationOptions<M>,
): Fusion<Readonly<Record<never, never>>, M>;
export function concatenation(options: ConcatenationOptions<string>): Fusion<Readonly<Record<never, never>>> {
  checkOptions("concatenation", options, ["inputs", "presence"]);
  const { presence = false } = options;
  const inputs = inputsOf("concatenation", options.inputs);
  const widths = Object.values(inputs).map(({ width }) => width);
  return defineFusion({
    name: "concatenation",
    inputs,
    stepwise: true,
    features: widths.reduce((total, width) => total + width, 0) + (presence ? widths.length : 0),
    params: {},
    fuse(_, given) {
      const modalities = Object.values(given);
      return { output: concat([...modalities.map(({ x }) => x), ...(presence ? modalities.map(flagOf) : [])], -1) };
    },
  });
}

function flagOf({ x, present }: SeenModality): Tensor {
  const one = onesLike(sliceAxis(x, x.shape.length - 1, 0, 1));
  return present === undefined ? one : broadcastTo(convert(present, x.dtype), one.shape);
}
