import { add, keyFor, mul, normal, type ArrayTensor, type Tensor } from "@sluice/tensor";
import type { Modality, Pairs } from "./pairs.ts";

/** Standard deviations of normal noise: on each pixel, from 0 to 1, and on each standardized coefficient. */
export type Noise = { readonly [name in Modality]: number };

/** The levels of the robustness curves. */
export const levels = [0, 0.5, 1, 1.5, 2] as const;

/** Noise on both modalities, drawn from a key. */
export function noisy<E extends Pick<Pairs, Modality>>(pairs: E, noise: Noise, key: Tensor): E {
  const of = (name: Modality): Tensor =>
    add(pairs[name], mul(normal(keyFor(key, name), pairs[name].shape), noise[name]));
  return { ...pairs, image: of("image"), sound: of("sound") };
}

/**
 * Test pairs with noise of any deviation. The same draws are scaled, so that two levels differ by nothing but the
 * deviation.
 */
export function noisyTest(pairs: Pairs, key: ArrayTensor): (noise: Noise) => Pairs {
  const draws = {
    image: normal(keyFor(key, "image"), pairs.image.shape),
    sound: normal(keyFor(key, "sound"), pairs.sound.shape),
  };
  const of = (name: Modality, deviation: number): Tensor => add(pairs[name], mul(draws[name], deviation));
  return ({ image, sound }) => ({ ...pairs, image: of("image", image), sound: of("sound", sound) });
}
