import {
  adaptive,
  autoClip,
  blockRms,
  chain,
  globalNorm,
  gradientCentralization,
  normalizedGradients,
  perLayer,
  perParameter,
  skipNonFinite,
  skipOutlier,
  soft,
  value,
  zClip,
  type GradientTransform,
} from "@sluice/clip";
import { sgd } from "@sluice/train";

/** Clippers by name. They have the limits of their papers, or the given one where there is none. */
const clippers = {
  globalNorm,
  value,
  soft,
  perParameter,
  perLayer: (limit: number) => perLayer(limit),
  adaptive: () => adaptive(),
  blockRms: () => blockRms(),
  autoClip: () => autoClip(),
  zClip: () => zClip(),
  skipOutlier: () => skipOutlier(),
  skipNonFinite: () => skipNonFinite(),
  normalizedGradients: () => normalizedGradients(),
  gradientCentralization: () => gradientCentralization(),
} as const satisfies { readonly [name: string]: (limit: number) => GradientTransform };

/** What is done to the gradient of the weights; `none` leaves it as it is. */
export type ClipperName = keyof typeof clippers | "none";

/** Stochastic gradient descent after a clipper, as in Pascanu et al. 2013. */
export function clippedDescent({
  clipper,
  limit,
  learningRate,
}: {
  readonly clipper: ClipperName;
  readonly limit: number;
  readonly learningRate: number;
}): GradientTransform {
  const descent = sgd({ learningRate });
  return clipper === "none" ? descent : chain(clippers[clipper](limit), descent);
}
