import type { FlipFlops } from "@sluice/data";
import { linearCka, procrustesDistance } from "@sluice/inspect";
import { key, keyFor, type Backend } from "@sluice/tensor";
import { mse } from "@sluice/train";
import { fit, type FitOptions } from "@sluice/trials";
import type { Network, Weights } from "./model.ts";

/** A network with weights. */
export interface Trained {
  readonly network: Network;
  readonly weights: Weights;
}

/** How alike the states of two networks are for the same sequences. */
export interface Similarity {
  /** From 0 to 1. */
  readonly cka: number;
  /** From 0, for equal but for a rotation and a scale, to 2. */
  readonly procrustes: number;
}

export function similarityOf(a: Trained, b: Trained, { x }: FlipFlops): Similarity {
  const [statesOfA, statesOfB] = [statesOf(a, x), statesOf(b, x)];
  return { cka: linearCka(statesOfA, statesOfB), procrustes: procrustesDistance(statesOfA, statesOfB) };
}

/** h after every step, `[examples, time, hidden]`: what the readout sees. */
const statesOf = ({ network: { layer }, weights: [weights] }: Trained, x: FlipFlops["x"]) =>
  layer.apply(weights, x).output;

export const initialWeights = ({ model }: Network, seed: number): Weights => model.init(keyFor(key(seed), "weights"));

/** Trains the network that others are compared with. Stops with an error if the signal is aborted. */
export async function trainOther(
  network: Network,
  data: { readonly train: FlipFlops },
  options: Pick<FitOptions<Weights, FlipFlops, FlipFlops, never, never>, "size" | "epochs" | "optimizer"> & {
    readonly seed: number;
    readonly signal: { readonly aborted: boolean; throwIfAborted(): void };
    readonly backend: Backend;
  },
): Promise<Trained> {
  const { params } = await fit(network.model, data, {
    ...options,
    params: initialWeights(network, options.seed),
    loss: mse,
  });
  options.signal.throwIfAborted();
  return { network, weights: params };
}
