import { dropout as droppedOut } from "@sluice/cells";
import { layerNorm } from "@sluice/norm";
import { bias, ones, parameter, type Initializer } from "@sluice/params";
import { add, concat, div, greater, matmul, min, mul, relu, select, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, shown, suggestion } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { inputsOf, type Inputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { lengthOf } from "./length.ts";
import { sumOf, whereIn } from "./present.ts";

/** Options of {@link mag}. */
export interface MagOptions<M extends string, Z extends M = M> {
  /** The modalities: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** The modality that the others shift: the text in the paper. */
  readonly main: Z;
  /** The largest length of the shift, as a multiple of the main modality's length: beta in the paper. Default 1. */
  readonly shift?: number;
  /** Rate of dropout of the output in training. Default 0; the paper's code has 0.5. */
  readonly dropout?: number;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/**
 * With d, the width of the main modality, and for every other modality m: Wg.m `[d + width, d]`, bg.m `[d]` and W.m `[width,
 * d]`; and b, gain and offset `[d]`.
 */
export type MagParams<M extends string = string> = {
  readonly Wg: Readonly<Record<M, Tensor>>;
  readonly bg: Readonly<Record<M, Tensor>>;
  readonly W: Readonly<Record<M, Tensor>>;
  readonly b: Tensor;
  readonly gain: Tensor;
  readonly offset: Tensor;
};

/**
 * Multimodal adaptation gate (MAG; Rahman et al. 2020, arXiv:1908.05787): the other modalities shift the main one, z, by
 * a vector H that is never longer than `shift` times z:
 *
 *     g_m = relu([z; x_m] Wg_m + bg_m)                   for every other modality m
 *     H = sum_m g_m (x_m W_m) + b
 *     alpha = min(shift |z| / |H|, 1)
 *     h = LN(z + alpha H)                                layer norm with a gain and an offset; [batch, width of z]
 *
 * In training dropout follows. A missing modality shifts nothing: its term is 0. If the main modality is missing, alpha
 * is 0, and h is the offset. Traces: gate.m, shift (alpha H).
 */
export function mag<M extends string, Z extends M>(options: MagOptions<M, Z>): Fusion<MagParams<Exclude<M, Z>>, M>;
export function mag(options: MagOptions<string>): Fusion<MagParams> {
  const { inputs, main, others, width, beta, rate, initializer } = checked(options);
  const matrix = matrices(initializer);
  const ofOthers = <T>(f: (width: number) => T) =>
    Object.fromEntries(others.map((name) => [name, f(inputs[name]!.width)]));
  const norm = layerNorm();
  return defineFusion({
    name: "mag",
    inputs,
    stepwise: true,
    features: width,
    params: {
      Wg: ofOthers((n) => matrix([width + n, width])),
      bg: ofOthers(() => bias([width])),
      W: ofOthers((n) => matrix([n, width])),
      b: bias([width]),
      gain: parameter([width], { role: "norm", initializer: ones }),
      offset: parameter([width], { role: "norm" }),
    },
    fuse({ Wg, bg, W, b, gain, offset }, given, { training, key, trace }) {
      const z = given[main]!.x;
      const shifts = others.map((name) => {
        const modality = given[name]!;
        const g = relu(add(matmul(concat([z, modality.x], -1), Wg[name]!), bg[name]!));
        return mul(trace(`gate.${name}`, whereIn(modality, g, 0)), matmul(modality.x, W[name]!));
      });
      const H = add(sumOf(shifts), b);
      const length = lengthOf(H);
      const longer = greater(length, 0);
      const alpha = min(select(longer, div(mul(lengthOf(z), beta), select(longer, length, 1)), 1), 1);
      const h = norm.apply({ gain, bias: offset }, add(z, trace("shift", mul(alpha, H))));
      return { output: training ? droppedOut(h, rate, key("dropout")) : h };
    },
  });
}

function checked(options: MagOptions<string>) {
  checkOptions("mag", options, ["inputs", "main", "shift", "dropout", "kernelInitializer"], { beta: "shift" });
  const { main, shift: beta = 1, dropout: rate = 0, kernelInitializer } = options;
  const inputs = inputsOf("mag", options.inputs);
  const names = Object.keys(inputs);
  const others = names.filter((name) => name !== main);
  const width = inputs[main]?.width;
  if (width === undefined)
    throw new TensorError(`mag: unknown main modality ${String(main)}; ${suggestion(String(main), names)}`);
  if (others.length === 0) throw new TensorError(`mag: expected at least two modalities in inputs, got ${main}`);
  if (!(beta > 0 && beta < Infinity))
    throw new TensorError(`mag: shift must be a finite number > 0, got ${shown(beta)}`);
  if (!(rate >= 0 && rate < 1))
    throw new TensorError(`mag: dropout must be a rate from 0 to less than 1, got ${shown(rate)}`);
  return { inputs, main, others, width, beta, rate, initializer: kernelInitializer };
}
