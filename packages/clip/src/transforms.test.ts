import { reference } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { adaptive, chain, globalNorm, skipNonFinite, value, type GradientTransform } from "./index.ts";
import { gradientTransformSuite } from "./testing/index.ts";

const backends = [reference(), wasm()];
afterAll(() => Promise.all(backends.map((backend) => backend.close())));

for (const make of [
  () => globalNorm(0.5),
  () => globalNorm(0.5, { norm: 1, epsilon: 1e-6 }),
  () => globalNorm(0.5, { norm: "max" }),
  () => value(0.3),
  () => adaptive(0.1),
  () => skipNonFinite(),
  () => chain(skipNonFinite(), value(1), chain(globalNorm(0.5), globalNorm(0.4))),
  () => chain(),
])
  gradientTransformSuite({ describe, test }, make, { backends });

test("the suite finds what is wrong", async () => {
  const failing = async (transform: () => GradientTransform): Promise<string[]> => {
    const found: string[] = [];
    const running: Promise<unknown>[] = [];
    gradientTransformSuite(
      {
        describe: (_, body) => body(),
        test: (name, body) =>
          running.push(
            Promise.resolve()
              .then(body)
              .catch(() => found.push(name)),
          ),
      },
      transform,
    );
    await Promise.all(running);
    return found;
  };
  expect(await failing(() => globalNorm(1))).toEqual([]);
  let calls = 0;
  const remembers = (): GradientTransform => ({
    name: "remembers",
    init: () => ({}),
    update: (gradients, state, params, context) => globalNorm(1 / ++calls).update(gradients, {}, params, context),
  });
  expect(await failing(remembers)).toContain(
    "gives the same for the same, however often it is called and in what order",
  );
  const forgets = (): GradientTransform => ({ ...skipNonFinite(), init: () => ({}), name: "for.gets" });
  expect(await failing(forgets)).toEqual(
    expect.arrayContaining(["has a name without dots, and reports scalars", "nests in chains"]),
  );
});
