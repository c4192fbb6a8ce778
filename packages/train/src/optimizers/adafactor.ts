import type { GradientTransform } from "@sluice/clip";
import {
  add,
  convert,
  div,
  exp,
  log,
  mapTree,
  max,
  min,
  mul,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  zerosLike,
  zipTrees,
  full,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkNotNegative, checkPositive } from "../checks.ts";
import type { LearningRate } from "./descend.ts";
import { perDtype } from "./per-dtype.ts";
import { aliases } from "./sgd.ts";
import { squarable } from "./squarable.ts";

/** Options of {@link adafactor}. */
export interface AdafactorOptions {
  /** The largest relative step, or a schedule of it. Default 0.01. */
  readonly learningRate?: LearningRate;
  /** c of `beta2_t = 1 - t^-c`, above 0. Default 0.8. */
  readonly decayPower?: number;
  /** epsilon_1, added to the squares. Default 1e-30. */
  readonly epsilon?: number;
  /** epsilon_2, the smallest size of a parameter that steps are relative to. Default 1e-3. */
  readonly smallest?: number;
  /** d, the largest root mean square of an update. Default 1. */
  readonly clip?: number;
}

type AdafactorState = {
  /** t, i32 [] */
  readonly count: Tensor;
  /** R `[..., n, 1]` of a parameter `[..., n, m]`; of a vector or scalar, its mean of squares. */
  readonly rows: Tree;
  /** C `[..., 1, m]` of a parameter `[..., n, m]`; of a vector or scalar, 0. */
  readonly columns: Tree;
};

/**
 * Adafactor (Shazeer and Stern 2018, arXiv 1804.04235, algorithms 4 and 5). Instead of the mean of squares V of a
 * parameter `[..., n, m]` it keeps the means R of its rows and C of its columns:
 *
 *     beta2_t = 1 - t^-c
 *     R <- beta2_t R + (1 - beta2_t) mean_m(g^2 + epsilon_1);   C <- beta2_t C + (1 - beta2_t) mean_n(g^2 + epsilon_1)
 *     V = R C / mean(R);   u = g / sqrt(V);   uhat = u / max(1, RMS(u) / d)
 *     w <- w - max(epsilon_2, RMS(w)) min(eta, 1 / sqrt(t)) uhat
 *
 * For vectors and scalars V is kept whole. There is no momentum and no weight decay. Gradients beyond ±2^63 in f32
 * count as 2^63.
 */
export function adafactor(options: AdafactorOptions = {}): GradientTransform<AdafactorState> {
  checkOptions("adafactor", options, ["learningRate", "decayPower", "epsilon", "smallest", "clip"], {
    ...aliases,
    beta2_decay: "decayPower",
    d: "clip",
  });
  const { learningRate = 0.01, decayPower = 0.8, epsilon = 1e-30, smallest = 1e-3, clip = 1 } = options;
  if (typeof learningRate === "number") checkNotNegative("adafactor", "learningRate", learningRate);
  checkNotNegative("adafactor", "epsilon", epsilon);
  checkNotNegative("adafactor", "smallest", smallest);
  checkPositive("adafactor", "decayPower", decayPower);
  checkPositive("adafactor", "clip", clip);
  return {
    name: "adafactor",
    init: (params) => ({
      count: scalar(0, "i32"),
      rows: mapTree(params, (w) => (isMatrix(w) ? zeros(w, -1) : zerosLike(w))),
      columns: mapTree(params, (w) => (isMatrix(w) ? zeros(w, -2) : scalar(0, w.dtype))),
    }),
    update(given, before, params, { step }) {
      const t = add(before.count, 1);
      const gradients = mapTree(given, squarable);
      const factors = perDtype((dtype) => {
        const time = convert(t, dtype);
        const eta = typeof learningRate === "number" ? learningRate : learningRate(convert(step, dtype));
        return { share: exp(mul(log(time), -decayPower)), rho: min(div(1, sqrt(time)), eta) };
      });
      const mixed = (old: Tensor, fresh: Tensor): Tensor => {
        const { share } = factors(old.dtype);
        return add(mul(old, sub(1, share)), mul(fresh, share));
      };
      const squares = mapTree(gradients, (g) => add(square(g), epsilon));
      const rows = zipTrees(squares, before.rows, (s, R) => mixed(R, isMatrix(s) ? meanOver(s, -1) : s));
      const columns = zipTrees(squares, before.columns, (s, C) => (isMatrix(s) ? mixed(C, meanOver(s, -2)) : C));
      const V = zipTrees(rows, columns, (R, C) => (isMatrix(R) ? mul(div(R, meanOver(R, -2)), C) : R));
      const updates = zipTrees(
        zipTrees(gradients, V, (g, v) => div(g, sqrt(v))),
        params,
        (u, w) => {
          const alpha = mul(max(rms(w), smallest), factors(u.dtype).rho);
          return mul(div(u, max(div(rms(u), clip), 1)), alpha);
        },
      );
      return { gradients: updates, state: { count: t, rows, columns } };
    },
  };
}

const isMatrix = ({ shape }: Tensor): boolean => shape.length > 1;

const zeros = (w: Tensor, axis: -1 | -2): Tensor =>
  full(
    w.shape.map((n, i) => (i === w.shape.length + axis ? 1 : n)),
    0,
    w.dtype,
  );

/** The mean over one axis, which stays with length 1. It divides first, so that the sum cannot overflow. */
const meanOver = (x: Tensor, axis: -1 | -2): Tensor =>
  sum(div(x, Math.max(x.shape.at(axis) ?? 1, 1)), axis, { keep: true });

/** The root of the mean of squares. */
const rms = (x: Tensor): Tensor => {
  const size = x.shape.reduce((product, n) => product * n, 1);
  return sqrt(sum(div(square(x), Math.max(size, 1))));
};
