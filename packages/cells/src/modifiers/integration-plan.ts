/** Which products of a step belong together, so that they can multiply each other. */
import { TensorError } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import { weightedProducts, type WeightColumns, type WeightedProduct } from "./product-weights.ts";

/** Columns of a recurrent weight. */
interface Columns {
  readonly path: string;
  readonly start: number;
  readonly stop: number;
}

/** Columns of a product of the input. */
interface Part {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** What belongs together in a step. */
export interface IntegrationPlan {
  /** The recurrent weights by path, with the number of their columns. */
  readonly weights: ReadonlyMap<string, number>;
  /** For products of the input by name: the columns of the recurrent weight that they are added to. */
  readonly inputs: ReadonlyMap<string, Columns>;
  /** For recurrent products by name: their columns, and the products of the input that these are added to. */
  readonly recurrents: ReadonlyMap<string, Columns & { readonly parts: readonly Part[] }>;
}

/** A product that multiplies by columns of a weight. */
type Placed = WeightedProduct & { readonly weight: WeightColumns };

/** The plan of a cell's step in evaluation or in training. Throws where a recurrent product has no partner. */
export function integrationPlan(cell: Cell, options: { readonly training?: boolean } = {}): IntegrationPlan {
  const products = weightedProducts(cell, options);
  const all = products.filter(isPlaced);
  const recurrents = products.filter(({ kind }) => kind === "recurrent");
  const refuse = (why: string): TensorError => new TensorError(`integration: ${cell.name} ${why}`);
  if (recurrents.length === 0) throw refuse("makes no recurrent products that the input's could multiply");
  const partnerOf = (weight: WeightColumns): string | undefined => {
    const names = new Set(
      all.flatMap((p) => (p.kind === "recurrent" && p.weight.path === weight.path ? [p.name] : [])),
    );
    return all.find((p) => p.kind === "input" && names.has(p.name) && p.weight.of === weight.of)?.weight.path;
  };
  const inputs = new Map<string, Columns>();
  const planned = recurrents.map((product) => {
    const { name, weight, columns } = product;
    const partner = weight && partnerOf(weight);
    if (weight === undefined || partner === undefined)
      throw refuse(
        `has no product of the input that belongs to its recurrent product ${name}; make both under one name, with weights of the same columns`,
      );
    const seen = all
      .slice(
        0,
        all.findIndex((p) => p === product),
      )
      .filter((p) => p.kind === "input");
    const own = seen.filter((p) => p.weight.path === partner);
    for (const p of own) inputs.set(p.name, columnsOf(weight.path, p));
    const [start, stop] = [weight.start, weight.start + columns];
    const parts = partsOf(own, start, stop);
    if (parts === undefined) throw refuse(`multiplies the state before the input at ${name}; multiply the input first`);
    return [name, { path: weight.path, start, stop, parts }] as const;
  });
  const weights = new Map(recurrents.flatMap(({ weight }) => (weight === undefined ? [] : [[weight.path, weight.of]])));
  return { weights, inputs, recurrents: new Map(planned) };
}

const isPlaced = (product: WeightedProduct): product is Placed => product.weight !== undefined;

const columnsOf = (path: string, { weight, columns }: Placed): Columns => ({
  path,
  start: weight.start,
  stop: weight.start + columns,
});

/** The columns `start` to `stop - 1` of a weight, as columns of products by it; undefined if some are missing. */
function partsOf(products: readonly Placed[], start: number, stop: number): readonly Part[] | undefined {
  const parts: Part[] = [];
  for (let at = start; at < stop;) {
    const found = products.find(({ weight, columns }) => weight.start <= at && at < weight.start + columns);
    if (found === undefined) return undefined;
    const { name, weight, columns } = found;
    const to = Math.min(stop - weight.start, columns);
    parts.push({ name, from: at - weight.start, to });
    at = weight.start + to;
  }
  return parts;
}
