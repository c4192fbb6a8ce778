import { item, leavesOf, type Tensor, type Tree } from "@sluice/tensor";

/** The metrics of a loss's result as numbers, under the same names. */
export type MetricsOf<R> = R extends { readonly metrics: infer M }
  ? { readonly [K in keyof M]: number }
  : Readonly<Record<never, number>>;

type Scalars = { readonly metrics?: Readonly<Record<string, Tensor>> };

export function metricsOf<R extends Scalars>(result: Scalars): MetricsOf<R>;
export function metricsOf({ metrics = {} }: Scalars): Record<string, number> {
  return flatNumbers(metrics);
}

/** Scalars by their paths: `{ "globalNorm.norm": 3.2 }`. */
export function flatNumbers(tree: Tree): Record<string, number> {
  return Object.fromEntries(leavesOf(tree).map(({ path, tensor }) => [path, item(tensor)]));
}
