import type { Initializer } from "@sluice/params";
import { add, concat, div, greater, matmul, mul, select, sigmoid, sub, tanh, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkSize, inputsOf, type Inputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { sumOf, whereIn } from "./present.ts";

/** Options of {@link gmu}. */
export interface GmuOptions<M extends string> {
  /** The modalities in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** Width of the output. */
  readonly output: number;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** For every modality m: W.m `[width, output]` and Wz.m `[sum of widths, output]`. */
export type GmuParams<M extends string = string> = {
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
 * Gates do not grow where the sum of z present is below 2^-100. h is 0 if all modalities are missing. Traces: gate.m,
 * after this correction.
 */
export function gmu<M extends string>(options: GmuOptions<M>): Fusion<GmuParams<M>, M>;
export function gmu(options: GmuOptions<string>): Fusion<GmuParams> {
  checkOptions("gmu", options, ["inputs", "output", "kernelInitializer"], {
    hidden: "output",
    units: "output",
    features: "output",
  });
  const { output: features, kernelInitializer } = options;
  const inputs = Object.entries(inputsOf("gmu", options.inputs));
  checkSize("gmu", "output", features);
  const total = inputs.reduce((sum, [, { width }]) => sum + width, 0);
  const matrix = matrices(kernelInitializer);
  return defineFusion({
    name: "gmu",
    inputs: Object.fromEntries(inputs),
    stepwise: true,
    features,
    params: {
      W: Object.fromEntries(inputs.map(([name, { width }]) => [name, matrix([width, features])])),
      Wz: Object.fromEntries(inputs.map(([name]) => [name, matrix([total, features])])),
    },
    fuse({ W, Wz }, given, { trace }) {
      const modalities = Object.values(given);
      const all = concat(
        modalities.map(({ x }) => x),
        -1,
      );
      const z = renormalized(modalities.map(({ name, present }) => ({ z: sigmoid(matmul(all, Wz[name]!)), present })));
      const terms = modalities.map(({ name, x }, m) => mul(trace(`gate.${name}`, z[m]!), tanh(matmul(x, W[name]!))));
      return { output: sumOf(terms) };
    },
  });
}

/** 2^-100. If the present gates sum to less, they count as closed and do not grow to replace the missing ones. */
const CLOSED = 7.888609052210118e-31;

/** Gates of missing modalities become 0; the others grow in proportion to keep the sum. */
function renormalized(gates: readonly { readonly z: Tensor; readonly present: Tensor | undefined }[]): Tensor[] {
  const kept = gates.map(({ z, present }) => whereIn({ present }, z, 0));
  if (gates.every(({ present }) => present === undefined)) return kept;
  const missing = sumOf(gates.map(({ z }, m) => sub(z, kept[m]!)));
  const sum = sumOf(kept);
  // No division if all modalities are missing, or if the gates are so small that the quotient's derivative would
  // overflow f32.
  const divisor = select(greater(sum, CLOSED), sum, 1);
  return kept.map((z) => add(z, mul(div(z, divisor), missing)));
}
