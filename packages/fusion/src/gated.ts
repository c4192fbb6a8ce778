import { initialize, kernel, type Initializer } from "@sluice/params";
import { add, concat, div, greater, matmul, mul, select, sigmoid, sub, tanh, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { Fusion } from "./fusion.ts";
import { checkSize, checkWidths, modalitiesOf } from "./modalities.ts";

/** Options of {@link gated}. */
export interface GatedOptions<M extends string> {
  /** The modalities in order, and the width of each. */
  readonly inputs: Readonly<Record<M, number>>;
  /** Width of the output. */
  readonly output: number;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** For every modality m: W.m `[width, output]` and Wz.m `[sum of widths, output]`. */
export type GatedParams<M extends string = string> = {
  readonly W: Readonly<Record<M, Tensor>>;
  readonly Wz: Readonly<Record<M, Tensor>>;
};

/**
 * Gated multimodal unit (GMU; Arevalo et al. 2017, arXiv:1702.01992, figure 2a). The gate of each modality reads all
 * modalities:
 *
 *     h_m = tanh(x_m W_m)
 *     z_m = sigmoid([x_1; ...; x_M] Wz_m)
 *     h = sum_m z_m h_m                                  [batch, output]
 *
 * As in the paper there are no biases. (The paper's unit for two modalities ties the gates: z and 1 - z.)
 *
 * A missing modality's x is zeros and its gate is 0. The other gates grow in proportion, so that for each unit the
 * gates keep their sum:
 *
 *     z_m <- z_m + z_m / (sum of z present) (sum of z missing)   where m is present, else 0
 *
 * Gates do not grow where the sum of z present is below 2^-100. h is 0 where all modalities are missing. Traces:
 * gate.m, as applied.
 */
export function gated<M extends string>(options: GatedOptions<M>): Fusion<GatedParams<M>, M>;
export function gated(options: GatedOptions<string>): Fusion<GatedParams> {
  checkOptions("gated", options, ["inputs", "output", "kernelInitializer"], {
    hidden: "output",
    units: "output",
    features: "output",
  });
  const { inputs, output: features, kernelInitializer } = options;
  checkWidths("gated", inputs);
  checkSize("gated", "output", features);
  const names = Object.keys(inputs);
  const total = Object.values(inputs).reduce((sum, width) => sum + width, 0);
  const matrix = (rows: number): ReturnType<typeof kernel> =>
    kernel([rows, features], kernelInitializer === undefined ? {} : { initializer: kernelInitializer });
  const params = {
    W: Object.fromEntries(names.map((name) => [name, matrix(inputs[name]!)])),
    Wz: Object.fromEntries(names.map((name) => [name, matrix(total)])),
  };
  return {
    name: "gated",
    inputs,
    features,
    params,
    init: (key, initOptions) => initialize(params, key, initOptions),
    apply(weights, given, fuseOptions = {}) {
      const modalities = modalitiesOf({ name: "gated", inputs, params }, weights, given, fuseOptions);
      const { W, Wz } = weights;
      const all = concat(
        modalities.map(({ x }) => x),
        -1,
      );
      const z = renormalized(modalities.map(({ name, present }) => ({ z: sigmoid(matmul(all, Wz[name]!)), present })));
      const terms = modalities.map(({ name, x }, m) => mul(z[m]!, tanh(matmul(x, W[name]!))));
      return {
        output: sumOf(terms),
        traces: Object.fromEntries(modalities.map(({ name }, m) => [`gate.${name}`, z[m]!])),
      };
    },
  };
}

/** 2^-100. If the present gates sum to less, they count as closed and do not grow to replace the missing ones. */
const CLOSED = 7.888609052210118e-31;

/** Gates of missing modalities become 0; the others grow in proportion to keep the sum. */
function renormalized(gates: readonly { readonly z: Tensor; readonly present: Tensor | undefined }[]): Tensor[] {
  const kept = gates.map(({ z, present }) => (present === undefined ? z : select(present, z, 0)));
  if (gates.every(({ present }) => present === undefined)) return kept;
  const missing = sumOf(gates.map(({ z }, m) => sub(z, kept[m]!)));
  const sum = sumOf(kept);
  // Nothing is divided where all modalities are missing, or where the gates are so closed that the quotient's
  // derivative would overflow f32.
  const divisor = select(greater(sum, CLOSED), sum, 1);
  return kept.map((z) => add(z, mul(div(z, divisor), missing)));
}

const sumOf = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b));
