import { concat, convert, onesLike, sliceAxis, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { Fusion } from "./fusion.ts";
import { checkWidths, modalitiesOf } from "./modalities.ts";

/** Options of {@link concatenation}. */
export interface ConcatenationOptions<M extends string> {
  /** The modalities in order, and the width of each. */
  readonly inputs: Readonly<Record<M, number>>;
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
  const { inputs, presence = false } = options;
  checkWidths("concatenation", inputs);
  const widths = Object.values(inputs);
  return {
    name: "concatenation",
    inputs,
    features: widths.reduce((total, width) => total + width, 0) + (presence ? widths.length : 0),
    params: {},
    init: () => ({}),
    apply(weights, given, fuseOptions = {}) {
      const modalities = modalitiesOf({ name: "concatenation", inputs, params: {} }, weights, given, fuseOptions);
      const flags = modalities.map(({ x, present }): Tensor =>
        present === undefined ? onesLike(sliceAxis(x, x.shape.length - 1, 0, 1)) : convert(present, x.dtype),
      );
      return { output: concat([...modalities.map(({ x }) => x), ...(presence ? flags : [])], -1), traces: {} };
    },
  };
}
