import {
  full,
  isTensor,
  key,
  leavesOf,
  mapTree,
  tensor,
  TensorError,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkMade, checkOptions, hasMembers, isArray, isFloat } from "@sluice/tensor/internal";
import { checksOf, expectThat, type Law, lawsOf } from "@sluice/tensor/testing";
import { rowsOf } from "../loop/batches.ts";
import { permutation } from "../loop/permutation.ts";
import type { StreamingMetric } from "../metrics/streaming-metric.ts";

/** One law, to be run as a test. */
export type MetricLaw = Law<MetricLawName>;

/** Options of {@link metricSuite}. */
export interface MetricSuiteOptions<P extends Tree, T extends Tree> {
  /** Predictions of at least 6 examples, along axis 0, for which the metric is defined. */
  readonly prediction: P;
  /** Their targets. */
  readonly target: T;
  /** Laws that do not hold for the metric, and why. */
  readonly except?: Partial<Readonly<Record<MetricLawName, string>>>;
}

/** What the laws look at. */
interface Subject {
  readonly metric: StreamingMetric<unknown, object, Tree, Tree>;
  readonly prediction: Tree;
  readonly target: Tree;
  readonly count: number;
}

const laws = {
  "it has a name and says what is better": named,
  "any division into batches gives the same bits": divided,
  "any order of the examples gives the same bits": reordered,
  "an update changes neither the state nor what it is given": pure,
  "a copied state continues with the same bits": resumes,
  "masked examples reach nothing, NaN included": masked,
  "a weight of 2 counts as the example twice": weighted,
  "a metric of nothing is not defined, and says why": empty,
  "a prediction of NaN that counts does not become a number": keepsNaN,
} as const;

/** The name of a law that every streaming metric must obey. */
export type MetricLawName = keyof typeof laws;

/**
 * The laws that every streaming metric must pass, as tests of any runner:
 *
 *     for (const { name, skip, run } of metricSuite(myMetric(), { prediction, target }))
 *       test(name, { skip: skip !== undefined }, run);
 */
export function metricSuite<V, P extends Tree, T extends Tree>(
  metric: StreamingMetric<V, object, P, T>,
  options: MetricSuiteOptions<NoInfer<P>, NoInfer<T>>,
): readonly MetricLaw[];
export function metricSuite(metric: Subject["metric"], options: MetricSuiteOptions<Tree, Tree>): readonly MetricLaw[] {
  checkMade(
    "metricSuite",
    "the metric",
    metric,
    { init: "function", update: "function", value: "function" },
    "auroc()",
  );
  checkOptions("metricSuite", options, ["prediction", "target", "except"]);
  const { prediction, target, except } = options;
  const count = leavesOf(target)[0]?.tensor.shape[0] ?? 0;
  if (count < 6) throw new TensorError(`metricSuite: expected at least 6 examples, got ${count}`);
  const subject: Subject = { metric, prediction, target, count };
  return lawsOf(
    "metricSuite",
    checksOf(laws, () => subject),
    { except },
  );
}

function named({ metric: { name, better } }: Subject): void {
  expectThat(`the name is ${JSON.stringify(name)}`, typeof name === "string" && name !== "");
  expectThat(`better is ${JSON.stringify(better)}`, ["higher", "lower", "neither"].includes(better));
}

function divided(subject: Subject): void {
  const { count } = subject;
  const whole = valueOf(subject, [range(0, count)]);
  expectDefined(whole);
  const half = Math.floor(count / 2);
  const divisions = {
    "two batches": [range(0, half), range(half, count)],
    "one example first": [range(0, 1), range(1, count)],
    "batches of one": range(0, count).map((row) => [row]),
    "batches of two": Array.from({ length: Math.ceil(count / 2) }, (_, i) => range(2 * i, Math.min(2 * i + 2, count))),
  };
  for (const [name, batches] of Object.entries(divisions)) expectSameValue(name, valueOf(subject, batches), whole);
}

function reordered(subject: Subject): void {
  const { count } = subject;
  const whole = valueOf(subject, [range(0, count)]);
  const orders = [0, 1, 2].map((i) => [...permutation(key(i), count)]);
  for (const order of [range(0, count).toReversed(), ...orders])
    for (const batches of [[order], [order.slice(0, 4), order.slice(4)]])
      expectSameValue(`the order ${order.join(",")}`, valueOf(subject, batches), whole);
}

function pure(subject: Subject): void {
  const { metric, prediction, target } = subject;
  const first = metric.update(metric.init(), prediction, target);
  const before = structuredClone({ first, prediction, target });
  const second = metric.update(first, prediction, target);
  metric.value(second);
  expectSameValue("after an update, the state and what it was given", { first, prediction, target }, before);
  expectSameValue("updated again", metric.update(first, prediction, target), second);
  expectSameValue("another beginning", metric.init(), metric.init());
}

function resumes({ metric, prediction, target }: Subject): void {
  const first = metric.update(metric.init(), prediction, target);
  const copy = metric.update(structuredClone(first), prediction, target);
  expectSameValue("from a copied state", metric.value(copy), metric.value(metric.update(first, prediction, target)));
}

function masked(subject: Subject): void {
  const { metric, count } = subject;
  // Every third row is masked.
  const kept = range(0, count).filter((row) => row % 3 !== 1);
  const mask = tensor(
    range(0, count).map((row) => Number(row % 3 !== 1)),
    [count],
    { dtype: "bool" },
  );
  const expected = valueOf(subject, [kept]);
  for (const junk of [NaN, Infinity, 7]) {
    const spoil = (tree: Tree): Tree => mapTree(tree, (x) => withRows(x, (row) => row % 3 === 1, junk));
    const state = metric.update(metric.init(), spoil(subject.prediction), spoil(subject.target), { mask });
    expectSameValue(`with ${junk} in masked rows`, metric.value(state), expected);
  }
}

function weighted(subject: Subject): void {
  const { metric, prediction, target, count } = subject;
  const mask = tensor(
    Float32Array.from({ length: count }, (_, row) => (row % 2 === 0 ? 2 : 1)),
    [count],
  );
  const twice = [...range(0, count), ...range(0, count).filter((row) => row % 2 === 0)];
  expectSameValue(
    "with weights",
    metric.value(metric.update(metric.init(), prediction, target, { mask })),
    valueOf(subject, [twice]),
  );
}

function empty({ metric, prediction, target, count }: Subject): void {
  expectNotDefined("before the first batch", metric.value(metric.init()));
  const mask = full([count], 0, "bool");
  expectNotDefined("with everything masked", metric.value(metric.update(metric.init(), prediction, target, { mask })));
  const before = metric.update(metric.init(), prediction, target);
  expectSameValue(
    "after a batch of which nothing counts",
    metric.value(metric.update(before, prediction, target, { mask })),
    metric.value(before),
  );
}

function keepsNaN({ metric, prediction, target }: Subject): void {
  const spoiled = mapTree(prediction, (x) => withRows(x, (row) => row === 2, NaN));
  expectNotDefined("with a NaN", metric.value(metric.update(metric.init(), spoiled, target)));
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** The value after batches, each given by its rows. */
function valueOf({ metric, prediction, target }: Subject, batches: readonly (readonly number[])[]): unknown {
  const state = batches.reduce((before, rows) => {
    const [p, y] = [prediction, target].map((tree) => mapTree(tree, (x) => rowsOf(x, Int32Array.from(rows))));
    return metric.update(before, p ?? prediction, y ?? target);
  }, metric.init());
  return metric.value(state);
}

/** `x` with some rows filled with a value; integers get the largest one instead. */
function withRows(x: Tensor, isOther: (row: number) => boolean, value: number): Tensor {
  const width = valuesOf(x).length / (x.shape[0] ?? 1);
  const other = isFloat(x.dtype) ? value : x.dtype === "bool" ? 1 : 2147483647;
  const values = valuesOf(x).map((own, i) => (isOther(Math.floor(i / width)) ? other : own));
  return tensor(values, x.shape, { dtype: x.dtype });
}

function expectDefined(value: unknown): void {
  expectThat(
    `the metric is not defined for the given examples: ${JSON.stringify(value)}`,
    !hasMembers(value, { notDefined: "string" }),
  );
}

function expectNotDefined(what: string, value: unknown): void {
  expectThat(
    `${what}: got ${JSON.stringify(value)}, expected { notDefined } with the reason`,
    hasMembers(value, { notDefined: "string" }),
  );
}

/** Throws an error where two values differ in a number, bit for bit. */
function expectSameValue(what: string, found: unknown, expected: unknown): void {
  const [got, wanted] = [bitsOf(found), bitsOf(expected)];
  expectThat(`${what}: got ${got}, expected ${wanted}`, got === wanted);
}

/** A text of plain data that differs wherever two of them differ. */
function bitsOf(value: unknown): string {
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "number") return String(value);
  if (isTensor(value) && isArray(value)) return `${value.dtype} [${value.shape.join(",")}] ${bitsOf(value.data)}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} ${bitsOf(Array.from(Object.values(value)))}`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const parts = Object.entries(value).map(([name, own]) => `${name}: ${bitsOf(own)}`);
  return `{ ${parts.join(", ")} }`;
}
