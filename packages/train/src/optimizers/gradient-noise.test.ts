import { chain, type UpdateContext } from "@sluice/clip";
import { item, key, scalar, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { zerosArray } from "@sluice/tensor/internal";
import { expect, test } from "vitest";
import { descend, gradientNoise, trainer } from "../index.ts";

const at = (step: number, seed = 1): UpdateContext => ({ key: key(seed), step: scalar(step, "i32"), loss: scalar(0) });
const zeros: { readonly a: Tensor; readonly b: Tensor } = {
  a: zerosArray([200, 50], "f64"),
  b: zerosArray([200, 50], "f64"),
};

test("is normal with the standard deviation asked for, at every step of the schedule", () => {
  for (const [step, deviation] of [
    [0, 0.3],
    [99, 0.3 / 100 ** 0.275],
  ] as const) {
    const noise = gradientNoise({ deviation: 0.3, decay: 0.55 });
    const { gradients, report } = noise.update(zeros, {}, zeros, at(step));
    expect(item(report!.deviation)).toBeCloseTo(deviation, 12);
    const values = [...valuesOf(gradients.a), ...valuesOf(gradients.b)];
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const variance = values.reduce((sum, v) => sum + v * v, 0) / values.length;
    // Five standard errors of 20,000 draws: of the mean, and of the variance (2 sigma^4 / n).
    expect(Math.abs(mean)).toBeLessThan((5 * deviation) / Math.sqrt(values.length));
    expect(Math.abs(variance / deviation ** 2 - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
    // Beyond two deviations: 4.55 %.
    const beyond = values.filter((v) => Math.abs(v) > 2 * deviation).length / values.length;
    expect(Math.abs(beyond - 0.0455)).toBeLessThan(5 * Math.sqrt((0.0455 * 0.9545) / values.length));
  }
});

test("is independent between tensors and members of a chain, and follows from the key", () => {
  const one = gradientNoise({ deviation: 1 }).update(zeros, {}, zeros, at(0)).gradients;
  expect(valuesOf(one.a)).not.toEqual(valuesOf(one.b));
  expect(valuesOf(gradientNoise({ deviation: 1 }).update(zeros, {}, zeros, at(0)).gradients.a)).toEqual(
    valuesOf(one.a),
  );
  expect(valuesOf(gradientNoise({ deviation: 1 }).update(zeros, {}, zeros, at(0, 2)).gradients.a)).not.toEqual(
    valuesOf(one.a),
  );
  const twice = chain(gradientNoise({ deviation: 1 }), gradientNoise({ deviation: 1 }));
  const both = Array.from<number>(valuesOf(twice.update(zeros, twice.init(zeros), zeros, at(0)).gradients.a));
  // Of two independent terms the variance is 2; of the same term twice it would be 4.
  expect(both.reduce((sum, v) => sum + v * v, 0) / both.length).toBeCloseTo(2, 0);
});

test("differs from step to step, and goes on from a checkpoint as if nothing had happened", async () => {
  const make = () =>
    trainer({
      loss: ({ w }: { readonly w: Tensor }) => ({ loss: scalar(0), metrics: { w } }),
      optimizer: chain(gradientNoise({ deviation: 1 }), descend(1)),
      params: { w: scalar(0) as Tensor },
      key: key(3),
      batch: { x: tensor([0]) },
    });
  const run = async (trained: Awaited<ReturnType<typeof make>>) => (await trained.run({ x: tensor([0]) })).metrics.w;
  const whole = await make();
  const path = [await run(whole), await run(whole), await run(whole), await run(whole)];
  expect(path[2]! - path[1]!).not.toBeCloseTo(path[1]! - path[0]!, 3);
  const first = await make();
  await run(first);
  await run(first);
  const second = await make();
  await second.restore(await first.save());
  expect([await run(second), await run(second)]).toEqual(path.slice(2));
});

test("bad options are named", () => {
  expect(() => gradientNoise({ deviation: -1 })).toThrow("gradientNoise: expected a finite deviation >= 0, got -1");
  expect(() => gradientNoise({ stddev: 1 } as never)).toThrow("unknown option stddev; did you mean deviation?");
});
