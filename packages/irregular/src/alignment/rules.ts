/** How the values of one variable in one row come to the times of a clock. */
import { TensorError } from "@sluice/tensor";
import { checkOptions, nth, shown, suggestion } from "@sluice/tensor/internal";
import { statisticOf, suitsCategories, type Statistic } from "../views/statistics.ts";

/** How a sequence is brought to the times of a clock. */
export type AlignmentRule =
  /** The value at the nearest time; of two as near, the earlier one. */
  | { readonly by: "nearest"; readonly tolerance?: number }
  /** The last value that is not later: nothing of the future is read. */
  | { readonly by: "previous"; readonly tolerance?: number }
  /** A straight line between the values before and after; nothing before the first value and after the last one. */
  | { readonly by: "linear"; readonly tolerance?: number }
  /**
   * A statistic of the values since the clock's time before, that time excluded and this one included; or, with
   * `length`, of those less than `length` ago. Nothing of the future is read.
   */
  | { readonly by: "window"; readonly statistic?: Statistic; readonly length?: number };

/** The observed values of one variable in one row, in the order of time. */
export interface Series {
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** What a rule finds for one time of the clock. */
interface Found {
  /** Undefined if there is no value. */
  readonly value: number | undefined;
  /** Which values of the series it is made of: from `from` up to, but not including, `to`. */
  readonly from: number;
  readonly to: number;
}

/** Finds the value at each time of a row of the clock. */
export type Align = (series: Series, clock: readonly number[]) => readonly Found[];

const rules = ["nearest", "previous", "linear", "window"] as const;
const nothing: Found = { value: undefined, from: 0, to: 0 };

/** The function of a rule. Throws a TensorError for an unknown rule or a wrong option. */
export function alignOf(place: string, rule: AlignmentRule): Align {
  const known = rule?.by === "window" ? ["by", "statistic", "length"] : ["by", "tolerance"];
  checkOptions(place, rule, known, { method: "by", direction: "by", width: "length", size: "length" });
  switch (rule.by) {
    case "nearest":
      return eachTime(nearest, toleranceOf(place, rule.tolerance));
    case "previous":
      return eachTime(previous, toleranceOf(place, rule.tolerance));
    case "linear":
      return eachTime(linear, toleranceOf(place, rule.tolerance));
    case "window":
      return windowOf(place, rule);
    default:
      throw new TensorError(
        `${place}: unknown rule ${shown(Object(rule).by)}; ${suggestion(String(Object(rule).by), rules)}`,
      );
  }
}

/** Whether every value that the rule gives is one that was observed, or a count: what categories allow. */
export const keepsValues = (rule: AlignmentRule): boolean =>
  rule.by === "window" ? suitsCategories(rule.statistic ?? "mean") : rule.by !== "linear";

function toleranceOf(place: string, tolerance = Infinity): number {
  if (tolerance >= 0) return tolerance;
  throw new TensorError(`${place}: tolerance is ${shown(tolerance)}, expected a number >= 0, in the unit of the times`);
}

type AtTime = (series: Series, time: number, before: number, tolerance: number) => Found;

/** `before` is the number of values that are not later than the time. */
const eachTime =
  (at: AtTime, tolerance: number): Align =>
  (series, clock) => {
    let before = 0;
    return clock.map((time) => {
      while (before < series.times.length && nth(series.times, before) <= time) before++;
      return at(series, time, before, tolerance);
    });
  };

const one = ({ values }: Series, at: number): Found => ({ value: nth(values, at), from: at, to: at + 1 });

const previous: AtTime = (series, time, before, tolerance) =>
  before > 0 && time - nth(series.times, before - 1) <= tolerance ? one(series, before - 1) : nothing;

const nearest: AtTime = (series, time, before, tolerance) => {
  const ago = before > 0 ? time - nth(series.times, before - 1) : Infinity;
  const ahead = before < series.times.length ? nth(series.times, before) - time : Infinity;
  const least = Math.min(ago, ahead);
  if (!(least <= tolerance) || least === Infinity) return nothing;
  return one(series, ago <= ahead ? before - 1 : before);
};

const linear: AtTime = (series, time, before, tolerance) => {
  if (before === 0) return nothing;
  const [t0, x0] = [nth(series.times, before - 1), nth(series.values, before - 1)];
  if (t0 === time) return one(series, before - 1);
  if (before === series.times.length) return nothing;
  const [t1, x1] = [nth(series.times, before), nth(series.values, before)];
  if (!(time - t0 <= tolerance && t1 - time <= tolerance)) return nothing;
  return { value: x0 + ((x1 - x0) / (t1 - t0)) * (time - t0), from: before - 1, to: before + 1 };
};

function windowOf(place: string, { statistic, length }: Extract<AlignmentRule, { readonly by: "window" }>): Align {
  const summary = statisticOf(place, statistic);
  if (length !== undefined && !(length > 0))
    throw new TensorError(`${place}: length is ${shown(length)}, expected a number > 0, in the unit of the times`);
  return ({ times, values }, clock) => {
    let [from, to] = [0, 0];
    return clock.map((time, i) => {
      const after = length === undefined ? (clock[i - 1] ?? -Infinity) : time - length;
      while (from < times.length && nth(times, from) <= after) from++;
      to = Math.max(to, from);
      while (to < times.length && nth(times, to) <= time) to++;
      return { value: summary(values.slice(from, to)), from, to };
    });
  };
}
