import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
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
} from "./index.ts";
import { gradientTransformSuite } from "./testing/index.ts";

const backend = wasm();
afterAll(() => backend.close());

describe.each(
  [
    globalNorm(0.5),
    globalNorm(0.5, { norm: 1, epsilon: 1e-6 }),
    globalNorm(0.5, { norm: "max" }),
    value(0.3),
    adaptive(0.1),
    skipNonFinite(),
    perParameter(0.5),
    perLayer(0.5),
    blockRms(0.5),
    autoClip({ percentile: 30, window: 3 }),
    zClip({ threshold: 0.5, warmup: 2 }),
    skipOutlier({ threshold: 0.5, warmup: 2 }),
    soft(0.3),
    gradientCentralization(),
    normalizedGradients(),
    normalizedGradients({ over: "parameter" }),
    chain(skipNonFinite(), value(1), chain(globalNorm(0.5), globalNorm(0.4))),
    chain(),
  ].map((transform) => [transform.name, transform] as const),
)("%s", (_, transform) => {
  for (const { name, skip, run } of gradientTransformSuite(transform, { backend }))
    test(name, { skip: skip !== undefined }, run);
});

test("the suite finds what is wrong", async () => {
  const failing = async (transform: GradientTransform): Promise<string[]> => {
    const found: string[] = [];
    for (const { name, run } of gradientTransformSuite(transform))
      await Promise.resolve()
        .then(run)
        .catch(() => found.push(name));
    return found;
  };
  expect(await failing(globalNorm(1))).toEqual([]);
  let calls = 0;
  const remembers: GradientTransform = {
    name: "remembers",
    init: () => ({}),
    update: (gradients, state, params, context) => globalNorm(1 / ++calls).update(gradients, {}, params, context),
  };
  expect(await failing(remembers)).toContain("the same gives the same, however often it is called and in what order");
  const forgets: GradientTransform = { ...skipNonFinite(), init: () => ({}), name: "for.gets" };
  expect(await failing(forgets)).toEqual(
    expect.arrayContaining(["it has a name without dots, and reports scalars", "it nests in chains"]),
  );
});
