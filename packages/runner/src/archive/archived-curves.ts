import { z } from "zod";
import { thinned, type Curve, type Curves } from "@sluice/study";

/** Metrics whose curves have their points at the same steps. */
const curvesSchema = z.object({
  width: z.number(),
  x: z.array(z.number()),
  /** The mean at each point, by metric. */
  means: z.record(z.string(), z.array(z.number())),
});

/** The curves of an archived trial. */
export const archivedCurveSchema = z.array(curvesSchema);

/** The curves of an archived trial. */
export type ArchivedCurves = readonly z.infer<typeof curvesSchema>[];

/** So many points are enough to see how a trial went, and small enough for thousands of trials. */
const POINTS = 40;
const DIGITS = 4;

/** Curves as means of at most 40 points with 4 digits. Nothing is computed from them; they are only drawn. */
export function archivedCurves(curves: Curves): ArchivedCurves {
  const groups = new Map<string, { width: number; x: number[]; means: { [metric: string]: number[] } }>();
  for (const [metric, curve] of curves) {
    const { width, x, sum, count } = thinned(curve, POINTS);
    const key = JSON.stringify([width, Array.from(x)]);
    const group = groups.get(key) ?? { width, x: Array.from(x), means: {} };
    groups.set(key, group);
    group.means[metric] = Array.from(sum, (total, point) => rounded(total / (count[point] ?? Number.NaN)));
  }
  return [...groups.values()];
}

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

/** The curves that were archived. */
export const curvesFrom = (archived: ArchivedCurves): Curves =>
  new Map(
    archived.flatMap(({ width, x, means }) =>
      Object.entries(means).map(([metric, values]): [string, Curve] => [metric, curveOf(width, x, values)]),
    ),
  );

function curveOf(width: number, x: readonly number[], values: readonly number[]): Curve {
  const last = { x: x.at(-1) ?? 0, y: values.at(-1) ?? 0 };
  return { width, x, count: values.map(() => 1), sum: values, low: values, high: values, last };
}
