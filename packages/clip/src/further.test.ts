// Against optax, NumPy and the authors of ZClip, and against loops over plain numbers.
import { readFileSync } from "node:fs";
import { item, key, scalar, tensor, tensorsOf, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  autoClip,
  blockRms,
  gradientCentralization,
  normalizedGradients,
  perLayer,
  perParameter,
  skipOutlier,
  soft,
  zClip,
  type GradientTransform,
  type UpdateContext,
} from "./index.ts";

interface Golden {
  readonly shape: number[];
  readonly data: number[];
}
type Goldens = { kernel: Golden; recurrent: Golden; bias: Golden };

const read = <T>(name: string): readonly T[] =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/clip/${name}.json`, import.meta.url), "utf8")).cases;
const f64 = (values: number[], shape?: number[]): Tensor => tensor(values, shape, { dtype: "f64" });
const numbers = (tree: Tree): number[] => tensorsOf(tree).flatMap((x) => [...valuesOf(x)]);
const context: UpdateContext = { key: key(0), step: scalar(0, "i32"), loss: scalar(0) };

function once<S extends Tree, R extends Tree, P extends Tree>(transform: GradientTransform<S, R>, gradients: P) {
  const { gradients: after, report, skip } = transform.update(gradients, transform.init(gradients), gradients, context);
  if (report === undefined) throw new Error(`${transform.name} reports nothing`);
  return { gradients: after, report, skip };
}

/** The results for gradients of one element each, one step after the other. */
function inTurn<S extends Tree, R extends Tree>(transform: GradientTransform<S, R>, norms: readonly number[]) {
  let state = transform.init({ a: f64([0]) });
  return norms.map((norm) => {
    const { gradients, report, skip, ...rest } = transform.update({ a: f64([norm]) }, state, { a: f64([0]) }, context);
    if (report === undefined) throw new Error(`${transform.name} reports nothing`);
    state = rest.state;
    return { after: valuesOf(gradients.a)[0]!, report, skip, state };
  });
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  const error = Math.max(...expected.map((x, i) => Math.abs(actual[i]! - x)));
  expect(error).toBeLessThanOrEqual(1e-12 * largest);
}

describe("against optax", () => {
  const transforms: Record<string, GradientTransform> = {
    clip_by_block_rms: blockRms(0.75),
    "clip_by_global_norm, tensor by tensor": perParameter(1.5),
    normalize_by_update_norm: normalizedGradients(),
    centralize: gradientCentralization(),
  };
  test.each(read<{ name: string; gradients: Goldens; transformed: Goldens }>("optax"))(
    "$name",
    ({ name, gradients, transformed }) => {
      const { kernel, recurrent, bias } = gradients;
      const given = { kernel, recurrent, bias };
      const tree = Object.fromEntries(Object.entries(given).map(([path, g]) => [path, f64(g.data, g.shape)]));
      const { gradients: after } = once(transforms[name]!, tree);
      const expected = [transformed.kernel, transformed.recurrent, transformed.bias].flatMap(({ data }) => data);
      expectClose(numbers(after), expected);
    },
  );
});

describe("perParameter and perLayer", () => {
  const given = { one: { W: f64([3, 4]), b: f64([12]) }, two: { W: f64([0.3, 0.4]) } };

  test("perParameter takes the norms 5, 12 and 0.5", () => {
    const { gradients, report } = once(perParameter(2.5), given);
    expectClose(numbers(gradients), [1.5, 2, 2.5, 0.3, 0.4]);
    expect([report.norm, report.limit, report.clipped].map((x) => item(x))).toEqual([12, 2.5, 2 / 3]);
  });

  test("perLayer takes the norms 13 and 0.5, or those of the layers that are named", () => {
    const { gradients, report } = once(perLayer(6.5), given);
    expectClose(numbers(gradients), [1.5, 2, 6, 0.3, 0.4]);
    expect([report.norm, report.limit, report.clipped].map((x) => item(x))).toEqual([13, 6.5, 0.5]);
    const byKind = once(perLayer(6, { layerOf: (path) => path.slice(-1) }), given);
    expectClose(numbers(byKind.gradients), [3, 4, 6, 0.3, 0.4]);
  });
});

describe("autoClip", () => {
  interface PercentileCase {
    readonly name: string;
    readonly percentile: number;
    readonly window: number;
    readonly norms: number[];
    readonly limits: number[];
  }
  test.each(read<PercentileCase>("percentile"))("$name, as in NumPy", ({ percentile, window, norms, limits }) => {
    const steps = inTurn(autoClip({ percentile, window }), norms);
    expectClose(
      steps.map(({ report }) => item(report.limit)),
      limits,
    );
    expectClose(
      steps.map(({ after }) => after),
      norms.map((norm, t) => Math.min(norm, limits[t]!)),
    );
  });

  test("does not remember a norm that is NaN or infinite", () => {
    const steps = inTurn(autoClip({ percentile: 50 }), [4, NaN, Infinity, 2]);
    expect(steps.map(({ state }) => item(state.count))).toEqual([1, 1, 1, 2]);
    expect(steps[1]!.after).toBeNaN();
    expect(steps[3]!.report.limit).toEqual(scalar(3, "f64"));
  });

  test("names what is wrong", () => {
    expect(() => autoClip({ percentile: 101 })).toThrow("autoClip: expected a percentile from 0 to 100, got 101");
    expect(() => autoClip({ window: 0 })).toThrow("autoClip: expected window as an integer >= 1, got 0");
  });
});

describe("zClip", () => {
  interface ZClipCase {
    readonly name: string;
    readonly warmup: number;
    readonly threshold: number;
    readonly alpha: number;
    readonly norms: number[];
    readonly clipped: number[];
    readonly means: number[];
    readonly variances: number[];
  }
  test.each(read<ZClipCase>("zclip"))("$name, as its authors'", ({ warmup, threshold, alpha, ...expected }) => {
    const steps = inTurn(zClip({ warmup, threshold, decay: alpha }), expected.norms);
    expectClose(
      steps.map(({ after }) => after),
      expected.clipped,
    );
    const after = steps.slice(warmup - 1).map(({ state }) => state);
    expectClose(
      after.map(({ mean }) => item(mean)),
      expected.means,
    );
    expectClose(
      after.map(({ deviation }) => item(deviation) * item(deviation)),
      expected.variances,
    );
    expect(steps.map(({ report }) => item(report.clipped))).toEqual(
      expected.norms.map((norm, t) => (norm === expected.clipped[t] ? 0 : 1)),
    );
  });

  test("a norm that is NaN or infinite changes no moments", () => {
    const steps = inTurn(zClip({ warmup: 2 }), [1, 2, NaN, Infinity]);
    expect(steps[3]!.state).toEqual(steps[1]!.state);
    expect(steps[2]!.after).toBeNaN();
  });
});

describe("skipOutlier", () => {
  const norms = Array.from({ length: 40 }, (_, t) => 1 + ((t * 37) % 11) / 5);
  norms[3] = 5;
  norms[20] = 500;
  norms[25] = 400;
  norms[31] = 0.0001;
  norms[36] = 200;

  /** The averages as sums of all norms so far, each with its weight. */
  function outliers(given: readonly number[], decay: number, threshold: number, warmup: number) {
    const seen: number[] = [];
    return given.map((norm) => {
      const weights = seen.map((_, i) => decay ** (seen.length - 1 - i));
      const total = weights.reduce((a, b) => a + b, 0);
      const m = seen.reduce((a, x, i) => a + weights[i]! * x, 0) / total;
      const variance = seen.reduce((a, x, i) => a + weights[i]! * (x - m) ** 2, 0) / total;
      const limit = m + threshold * Math.max(Math.sqrt(variance), 1e-3);
      const x = Math.log(Math.max(norm, 0.01));
      const skip = seen.length >= warmup && x > limit;
      seen.push(skip ? limit : x);
      return { skip: skip ? 1 : 0, limit: Math.exp(limit) };
    });
  }

  test("skips where the log norm is beyond mean and deviations of those before", () => {
    const expected = outliers(norms, 0.9, 2, 8);
    expect(expected.flatMap(({ skip }, t) => (skip === 1 ? [t] : []))).toEqual([20, 25, 36]);
    const steps = inTurn(skipOutlier({ decay: 0.9, threshold: 2, warmup: 8 }), norms);
    expect(steps.map(({ skip }) => item(skip!))).toEqual(expected.map(({ skip }) => skip));
    expectClose(
      steps.slice(8).map(({ report }) => item(report.limit)),
      expected.slice(8).map(({ limit }) => limit),
    );
    expect(item(steps.at(-1)!.report.skipped)).toBe(expected.reduce((sum, { skip }) => sum + skip, 0));
    expect(steps.map(({ after }) => after)).toEqual(norms);
  });

  test("accepts norms that stay large in the end, and leaves NaN to skipNonFinite", () => {
    const given = [...Array.from({ length: 10 }, (_, t) => 1 + t / 10), ...Array.from({ length: 40 }, () => 50)];
    const skips = inTurn(skipOutlier({ decay: 0.9, warmup: 10 }), given).map(({ skip }) => item(skip!));
    expect([skips[10], skips.at(-1)]).toEqual([1, 0]);
    const [before, after] = inTurn(skipOutlier({ warmup: 1 }), [1, NaN]);
    expect(after!.state).toEqual(before!.state);
    expect(item(after!.skip!)).toBe(0);
  });
});

describe("soft", () => {
  test("is c tanh(g / c)", () => {
    const g = [-40, -3, -0.5, 0, 0.001, 1, 2.5];
    const { gradients, report } = once(soft(2), { a: f64(g) });
    expectClose(
      numbers(gradients),
      g.map((x) => 2 * Math.tanh(x / 2)),
    );
    expect([report.norm, report.limit, report.clipped].map((x) => item(x))).toEqual([40, 2, 3 / 7]);
  });
});

describe("gradientCentralization and normalizedGradients", () => {
  const given = { W: f64([1, 10, 3, 30], [2, 2]), b: f64([3, 4]) };

  test("centralizes what `of` takes, and reports the norm of what it subtracted", () => {
    const all = once(gradientCentralization(), given);
    expect(numbers(all.gradients)).toEqual([-1, -10, 1, 10, 3, 4]);
    expect(item(all.report.removed)).toBeCloseTo(Math.hypot(2, 20, 2, 20), 12);
    const none = once(gradientCentralization({ of: (path) => path !== "W" }), given);
    expect(numbers(none.gradients)).toEqual(numbers(given));
    expect(item(none.report.removed)).toBe(0);
  });

  test("normalizes each parameter tensor by itself", () => {
    const { gradients, report } = once(normalizedGradients({ over: "parameter", epsilon: 1 }), given);
    const norm = Math.hypot(1, 10, 3, 30);
    expectClose(numbers(gradients), [...[1, 10, 3, 30].map((g) => g / (norm + 1)), 0.5, 4 / 6]);
    expect(item(report.norm)).toBeCloseTo(Math.hypot(norm, 5), 12);
    expect(() => normalizedGradients({ over: "layer" } as object)).toThrow('expected over as "all" or "parameter"');
  });
});
