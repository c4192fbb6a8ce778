import { bias, parameter, type Initializer, glorotUniform } from "@sluice/params";
import { add, mul, take, tanh, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { inputsOf, type Inputs } from "../inputs.ts";
import { sumOf } from "./present.ts";

/** Options of {@link hierarchicalFusion}. */
export interface HierarchicalFusionOptions<M extends string> {
  /** Three modalities of one width, in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** The initializer of the weights. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** With the pairs in the order 12, 13, 23: pairs.W `[3, 2, width]`, pairs.b `[3, width]`, W `[3, width]`, b `[width]`. */
export type HierarchicalFusionParams = {
  readonly pairs: { readonly W: Tensor; readonly b: Tensor };
  readonly W: Tensor;
  readonly b: Tensor;
};

/**
 * Hierarchical fusion of three modalities (Majumder et al. 2018, arXiv:1806.06228): first each two of them, then the
 * three pairs. Every feature l is fused by itself, with weights of its own:
 *
 *     f_mn[l] = tanh(w_mn[l] . [x_m[l], x_n[l]] + b_mn[l])              for the pairs mn = 12, 13, 23
 *     h[l] = tanh(w[l] . [f_12[l], f_13[l], f_23[l]] + b[l])             [batch, width]
 *
 * Dense encoders bring the modalities to one width. In the paper's form with context, recurrent layers stand before
 * each level; this is the form without. A missing modality is zeros. Traces: pair.m.n.
 */
export function hierarchicalFusion<M extends string>(
  options: HierarchicalFusionOptions<M>,
): Fusion<HierarchicalFusionParams, M>;
export function hierarchicalFusion(options: HierarchicalFusionOptions<string>): Fusion<HierarchicalFusionParams> {
  checkOptions("hierarchicalFusion", options, ["inputs", "kernelInitializer"]);
  const { kernelInitializer: initializer = glorotUniform } = options;
  const inputs = inputsOf("hierarchicalFusion", options.inputs);
  const names = Object.keys(inputs);
  const widths = Object.values(inputs).map(({ width }) => width);
  const [features = 1] = widths;
  if (names.length !== 3)
    throw new TensorError(`hierarchicalFusion: expected three modalities in inputs, got ${names.join(", ")}`);
  if (widths.some((width) => width !== features))
    throw new TensorError(
      `hierarchicalFusion: all modalities must have one width, got ${widths.join(", ")}; bring them to one width with encoders, such as dense({ input, output })`,
    );
  return defineFusion({
    name: "hierarchicalFusion",
    inputs,
    stepwise: true,
    features,
    params: {
      pairs: { W: parameter([3, 2, features], { role: "kernel", initializer }), b: bias([3, features]) },
      W: parameter([3, features], { role: "kernel", initializer }),
      b: bias([features]),
    },
    fuse({ pairs, W, b }, given, { trace }) {
      const modalities = Object.values(given);
      const fused = PAIRS.map(([m, n], i) => {
        const w = take(pairs.W, i);
        const [x, y] = [modalities[m]!, modalities[n]!];
        const total = add(add(mul(x.x, take(w, 0)), mul(y.x, take(w, 1))), take(pairs.b, i));
        return trace(`pair.${x.name}.${y.name}`, tanh(total));
      });
      return { output: tanh(add(sumOf(fused.map((f, i) => mul(f, take(W, i)))), b)) };
    },
  });
}

const PAIRS = [
  [0, 1],
  [0, 2],
  [1, 2],
] as const;
