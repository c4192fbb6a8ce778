import { TensorError } from "@sluice/tensor";
import { hasMembers, nth, shown, suggestion } from "@sluice/tensor/internal";
import { meanOf } from "../records/mean.ts";
import type { Variable } from "../records/observations.ts";

/** What becomes of the values of one variable in one bin. */
export type Statistic = "mean" | "first" | "last" | "count" | "sum" | "min" | "max";

/** The statistic of at least one value, in the order of time. */
const statistics: Readonly<Record<Statistic, (values: readonly number[]) => number>> = {
  mean: meanOf,
  first: (values) => nth(values, 0),
  last: (values) => nth(values, values.length - 1),
  count: ({ length }) => length,
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  min: (values) => values.reduce((least, value) => Math.min(least, value)),
  max: (values) => values.reduce((most, value) => Math.max(most, value)),
};

/** The function of a statistic (default the mean) of the values in the order of time; undefined if there are none. */
export function statisticOf(
  place: string,
  statistic: Statistic = "mean",
): (values: readonly number[]) => number | undefined {
  checkStatistic(`${place}: statistic`, statistic);
  if (statistic === "count") return ({ length }) => length;
  return (values) => (values.length === 0 ? undefined : statistics[statistic](values));
}

function checkStatistic(what: string, statistic: unknown): asserts statistic is Statistic {
  if (typeof statistic === "string" && Object.hasOwn(statistics, statistic)) return;
  const aliases = { median: "mean", n: "count", minimum: "min", maximum: "max" };
  const known = suggestion(String(statistic), Object.keys(statistics), aliases);
  throw new TensorError(`${what} is ${shown(statistic)}; ${known}`);
}

/** Whether a statistic of categories is one of them, or a count. */
export const suitsCategories = (statistic: Statistic): boolean => ["first", "last", "count"].includes(statistic);

/** A variable and its statistic. */
export interface Summary {
  readonly variable: Variable;
  /** Undefined if nothing is observed. */
  of(values: readonly number[]): number | undefined;
}

/** The statistic of every variable: one for all, or by name. The default is the mean; of categories, the last. */
export function summariesOf(
  operation: string,
  variables: readonly Variable[],
  given: Statistic | Readonly<Record<string, Statistic>> = {},
): readonly Summary[] {
  if (typeof given !== "string" && !hasMembers(given, {}))
    throw new TensorError(
      `${operation}: statistic is ${shown(given)}, expected one for all variables, or an object such as { ${variables[0]?.name}: "mean" }`,
    );
  const byName = typeof given === "string" ? {} : given;
  const names = variables.map(({ name }) => name);
  const unknown = Object.keys(byName).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new TensorError(`${operation}: ${shown(unknown)} is not a variable; ${suggestion(unknown, names)}`);
  return variables.map((variable) => {
    const { name, categories } = variable;
    const asked = typeof given === "string" ? given : Object.hasOwn(byName, name) ? byName[name] : undefined;
    const statistic = asked ?? (categories === undefined ? "mean" : "last");
    checkStatistic(`${operation}: the statistic of ${name}`, statistic);
    if (categories !== undefined && !suitsCategories(statistic))
      throw new TensorError(
        `${operation}: ${name} has categories, which have no ${statistic}; use first, last or count`,
      );
    return { variable: statistic === "count" ? { name } : variable, of: statisticOf(operation, statistic) };
  });
}
