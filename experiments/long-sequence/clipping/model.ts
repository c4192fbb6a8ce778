import { clipStateGradient, dense, rnn, sequence, sequential } from "@sluice/cells";
import { adaNorm, batchNorm, dyT, groupNorm, layerNorm, rmsNorm, scaleNorm, type Normalizer } from "@sluice/norm";
import { scaledOrthogonal } from "@sluice/params";

/** Normalizers by name, for sequences of so many steps. */
const normalizers = {
  layerNorm: () => layerNorm(),
  rmsNorm: () => rmsNorm(),
  batchNorm: (steps: number) => batchNorm({ steps }),
  groupNorm: () => groupNorm({ groups: 4 }),
  scaleNorm: () => scaleNorm(),
  adaNorm: () => adaNorm(),
  dyT: () => dyT(),
} as const satisfies { readonly [name: string]: (steps: number) => Normalizer };

export type NormalizerName = keyof typeof normalizers | "none";

export interface ClippingModelOptions {
  /** Features and number of the steps: rows of an image of this side. */
  readonly size: number;
  readonly hidden: number;
  /** The factor by which the initial recurrent matrix stretches every vector. */
  readonly gain: number;
  readonly norm: NormalizerName;
  /** The largest norm of dL/dh_t of an example inside back-propagation; 0 for no limit. */
  readonly stateLimit: number;
}

/**
 * A tanh RNN and a softmax readout of its last state. dh_t/dh_{t-1} = diag(1 - h_t^2) U', and U begins as `gain` times
 * an orthogonal matrix, whose singular values are all `gain`. So below a gain of 1 the gradient vanishes for certain,
 * and only above it can it explode (Pascanu et al. 2013, section 2.1).
 */
export function clippingModel({ size, hidden, gain, norm, stateLimit }: ClippingModelOptions) {
  const cell = rnn({
    input: size,
    hidden,
    recurrentInitializer: scaledOrthogonal(gain),
    ...(norm === "none" ? {} : { norm: normalizers[norm](size) }),
  });
  const clipped = stateLimit === 0 ? cell : clipStateGradient(cell, { max: stateLimit, by: "norm" });
  return sequential([sequence(clipped, { outputs: "last" }), dense({ input: hidden, output: 10 })]);
}
