import { item, leavesOf, type Tensor, type Tree } from "@sluice/tensor";

/** The metrics of a loss's result as numbers, under the same names. */
export type MetricsOf<R> = R extends { readonly metrics: infer M } ? { readonly [K in keyof M]: number } : Readonly<Record<never, number>>;

export function metricsOf<R extends { readonly metrics?: Readonly<Record<string, Tensor>> }>(result: R): MetricsOf<R>;
export function metricsOf({ metrics = {} }: { readonly metrics?: Readonly<Record<string, Tensor>> }): Record<string, number> {
  return flatNumbers(metrics);
}

/** Scalars by their paths: `{ "globalNorm.norm": 3.2 }`. */
export function flatNumbers(tree: Tree): Record<string, number> {
  return Object.fromEntries(leavesOf(tree).map(({ path, tensor }) => [path, item(tensor)]));
}
