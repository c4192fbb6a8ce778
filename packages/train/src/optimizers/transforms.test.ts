import { chain, globalNorm, skipNonFinite } from "@sluice/clip";
import { gradientTransformSuite } from "@sluice/clip/testing";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, test } from "vitest";
import {
  accumulate,
  adadelta,
  adafactor,
  adagrad,
  adam,
  adamax,
  adamw,
  cosine,
  descend,
  ema,
  exponential,
  gradientNoise,
  lion,
  lookahead,
  moments,
  momentum,
  nadam,
  radam,
  rmsprop,
  scaled,
  sgd,
  swa,
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
    adagrad({ learningRate: 0.1, weightDecay: 0.01 }),
    adadelta(),
    adamax({ learningRate: 0.01 }),
    nadam({ learningRate: 0.01, decoupled: true, weightDecay: 0.01 }),
    radam({ learningRate: 0.01, beta2: 0.9 }),
    lion({ learningRate: 0.001, weightDecay: 0.1 }),
    adafactor(),
    adafactor({ learningRate: exponential({ start: 0.1, factor: 0.9 }) }),
    lookahead(adam({ learningRate: 0.01 }), { every: 2 }),
    ema({ decay: 0.9 }),
    swa({ start: 2, every: 2 }),
    chain(sgd({ learningRate: 0.1 }), ema()),
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
