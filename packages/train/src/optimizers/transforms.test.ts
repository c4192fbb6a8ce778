import { chain, globalNorm, skipNonFinite } from "@sluice/clip";
import { gradientTransformSuite } from "@sluice/clip/testing";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, test } from "vitest";
import {
  accumulate,
  adam,
  adamw,
  cosine,
  descend,
  exponential,
  gradientNoise,
  moments,
  momentum,
  rmsprop,
  scaled,
  sgd,
  warmup,
  weightDecay,
} from "../index.ts";

const backend = wasm();
afterAll(() => backend.close());

describe.each(
  [
    sgd({ learningRate: 0.1 }),
    sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    rmsprop({ learningRate: 0.01 }),
    rmsprop({ learningRate: 0.01, centred: true, momentum: 0.9, weightDecay: 0.01 }),
    adam({ learningRate: warmup(2, cosine({ start: 0.01, steps: 10 })) }),
    adam({ learningRate: 0.01, amsgrad: true, weightDecay: 0.01 }),
    adamw({ learningRate: 0.01, decays: (_, w) => w.shape.length > 1 }),
    moments(),
    momentum(0.9, { dampening: 0.5 }),
    weightDecay(0.1),
    descend(exponential({ start: 0.1, factor: 0.9 })),
    gradientNoise({ deviation: 0.1 }),
    gradientNoise({ deviation: 1, decay: 0.55 }),
    accumulate(2, adam({ learningRate: 0.1 })),
    scaled(momentum(0.9)),
    chain(
      skipNonFinite(),
      globalNorm(1),
      gradientNoise({ deviation: 0.1 }),
      chain(momentum(0.9), adam({ learningRate: 0.1 })),
      globalNorm(0.2),
    ),
  ].map((transform) => [transform.name, transform] as const),
)("%s", (_, transform) => {
  for (const { name, skip, run } of gradientTransformSuite(transform, { backend }))
    test(name, { skip: skip !== undefined }, run);
});
