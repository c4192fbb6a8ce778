// Limits that are not finite, or not above 0, and options that are no functions are refused by every clipper.
import { expect, test } from "vitest";
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
} from "./index.ts";

const others: readonly unknown[] = [["W"], "W", /W/, true, 1, null, {}];

test.each<readonly [string, (given: unknown) => unknown]>([
  ["adaptive: of is", (of) => adaptive(0.01, Object({ of }))],
  ["perLayer: layerOf is", (layerOf) => perLayer(1, Object({ layerOf }))],
  ["gradientCentralization: of is", (of) => gradientCentralization(Object({ of }))],
])("%s a function", (message, make) => {
  for (const given of others) {
    expect(() => make(given)).toThrow(message);
    expect(() => make(given)).toThrow("expected a function");
  }
  expect(() => make(() => true)).not.toThrow();
});

const noLimit: readonly unknown[] = [NaN, Infinity, -Infinity, -1, 0, "1", null, {}];
const noCount: readonly unknown[] = [NaN, -1, 0, 1.5, "1", null];
const noShare: readonly unknown[] = [NaN, -0.1, 1, Infinity, "0.5"];

test.each<readonly [string, readonly unknown[], (given: never) => unknown]>([
  ["globalNorm: expected a finite limit above 0", noLimit, (limit) => globalNorm(limit)],
  ["globalNorm: expected a finite epsilon >= 0", [NaN, Infinity, -1, "1"], (epsilon) => globalNorm(1, { epsilon })],
  ["value: expected a finite limit above 0", noLimit, (limit) => value(limit)],
  ["soft: expected a finite limit above 0", noLimit, (limit) => soft(limit)],
  ["perParameter: expected a finite limit above 0", noLimit, (limit) => perParameter(limit)],
  ["perLayer: expected a finite limit above 0", noLimit, (limit) => perLayer(limit)],
  ["blockRms: expected a finite limit above 0", noLimit, (limit) => blockRms(limit)],
  ["adaptive: expected a finite lambda above 0", noLimit, (lambda) => adaptive(lambda)],
  ["adaptive: expected a finite epsilon above 0", noLimit, (epsilon) => adaptive(0.1, { epsilon })],
  ["autoClip: expected a percentile", [NaN, -1, 101, Infinity, "10"], (percentile) => autoClip({ percentile })],
  ["autoClip: expected window", noCount, (window) => autoClip({ window })],
  ["zClip: expected a finite threshold above 0", noLimit, (threshold) => zClip({ threshold })],
  ["zClip: expected a decay", noShare, (decay) => zClip({ decay })],
  ["zClip: expected warmup", noCount, (warmup) => zClip({ warmup })],
  ["zClip: expected a finite epsilon above 0", noLimit, (epsilon) => zClip({ epsilon })],
  ["skipOutlier: expected a", noLimit, (threshold) => skipOutlier({ threshold })],
  ["skipOutlier: expected a", noShare, (decay) => skipOutlier({ decay })],
  ["skipOutlier: expected warmup", noCount, (warmup) => skipOutlier({ warmup })],
  ["skipNonFinite: expected consecutive", noCount, (consecutive) => skipNonFinite({ consecutive })],
  ["normalizedGradients: expected a finite epsilon above 0", noLimit, (epsilon) => normalizedGradients({ epsilon })],
  ["chain: member 1", [...noLimit, globalNorm], (member) => chain(member)],
])("%s, %j", (message, values, make) => {
  for (const given of values) expect(() => make(given as never), String(given)).toThrow(message);
});
