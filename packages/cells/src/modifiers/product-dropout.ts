import { bernoulli, concat, convert, mul, sliceAxis, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import { withTrainingStep, type Cell } from "../cell/cell.ts";
import { evaluation, type CellContext, type Keys, type Product } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import { probe } from "../cell/probe.ts";
import type { State } from "../cell/states.ts";
import { keysWithin } from "./keys-within.ts";
import { checkRate } from "../options/rate.ts";

/** One mask for all gates, or one for each. */
export type DropoutMasks = "shared" | "perGate";

/** Options of {@link variationalDropout} and {@link stepDropout}. */
export interface ProductDropoutOptions {
  /** Rate of dropout of the input. Default 0. */
  readonly input?: number;
  /** Rate of dropout of the state in the recurrent products. Default 0. */
  readonly recurrent?: number;
  /** Default `shared`. */
  readonly masks?: DropoutMasks;
}

/**
 * Dropout of the vectors that the step multiplies by weights; `draws` says whether masks are drawn once per sequence or
 * at each step.
 */
export function productDropout<P extends Tree, S extends State>(
  { name, draws }: DropoutKind,
  cell: Cell<P, S>,
  options: ProductDropoutOptions,
): Cell<P, S> {
  checkCell(name, cell);
  checkOptions(name, options, ["input", "recurrent", "masks"], {
    dropout: "input",
    recurrentDropout: "recurrent",
    hidden: "recurrent",
    dropoutMasks: "masks",
  });
  const { masks = "shared" } = options;
  if (masks !== "shared" && masks !== "perGate")
    throw new TensorError(
      `${name}: unknown masks ${String(masks)}; ${suggestion(String(masks), ["shared", "perGate"])}`,
    );
  const rates = {
    input: checkRate(name, "input", options.input ?? 0, { below: true }),
    recurrent: checkRate(name, "recurrent", options.recurrent ?? 0, { below: true }),
  };
  checkMarked(name, cell, rates, masks);
  return withTrainingStep(cell, (params, state, x, context = evaluation) => {
    if (!context.training) return cell.step(params, state, x, context);
    const drop = dropper((stream) => context.keys[draws](`${name}.${stream}`));
    const given = masks === "shared" ? drop("input", x, rates.input) : x;
    return cell.step(params, state, given, {
      ...context,
      keys: keysWithin(name, context.keys),
      product:
        masks === "perGate" ? maskedPerGate(rates, drop, context) : maskedTogether(rates.recurrent, drop, context),
    });
  });
}

/** A kind of dropout. */
export interface DropoutKind {
  readonly name: string;
  readonly draws: keyof Keys;
}

type Drop = (stream: string, value: Tensor, rate: number) => Tensor;

/** Masks values. The mask of a stream is drawn once per step, however often it is used. */
function dropper(keyOf: (stream: string) => Tensor): Drop {
  const masks = new Map<string, Tensor>();
  return (stream, value, rate) => {
    if (rate === 0) return value;
    const drawn = (): Tensor => {
      const kept = bernoulli(keyOf(stream), value.shape, 1 - rate);
      return mul(convert(kept, value.dtype), 1 / (1 - rate));
    };
    const mask = masks.get(stream) ?? drawn();
    masks.set(stream, mask);
    return mul(value, mask);
  };
}

/** One mask for all recurrent products of a source. */
function maskedTogether(rate: number, drop: Drop, context: CellContext): CellContext["product"] {
  return (product) => {
    if (product.kind === "input" || rate === 0) return context.product(product);
    return context.product({ ...product, x: drop(streamOf(product), product.x, rate) });
  };
}

/** A mask for each gate of each source: as many products as there are gates. */
function maskedPerGate(
  rates: Readonly<Record<Product["kind"], number>>,
  drop: Drop,
  context: CellContext,
): CellContext["product"] {
  return (product) => {
    const { kind, name, x, W, gates } = product;
    const rate = rates[kind];
    if (rate === 0) return context.product(product);
    const dropped = (gate: number): Tensor => drop(`${streamOf(product)}.${name}.${gate}`, x, rate);
    if (gates === 1) return context.product({ ...product, x: dropped(0) });
    const width = axisSize(W, 1) / gates;
    const parts = Array.from({ length: gates }, (_, gate) =>
      context.product({
        ...product,
        name: `${name}.${gate}`,
        x: dropped(gate),
        W: sliceAxis(W, 1, gate * width, (gate + 1) * width),
        gates: 1,
      }),
    );
    return concat(parts, 1);
  };
}

/** The random stream of a source's masks. */
const streamOf = ({ kind, source }: Product): string => (source === "" ? kind : `${kind}.${source}`);

/** Throws if a rate would have no effect because the step does not make its products through the context. */
function checkMarked(
  name: string,
  cell: Cell,
  rates: Readonly<Record<Product["kind"], number>>,
  masks: DropoutMasks,
): void {
  const { products } = probe(cell);
  const lacks = (kind: Product["kind"]): boolean => rates[kind] > 0 && !products.some((made) => made.kind === kind);
  if (lacks("recurrent"))
    throw new TensorError(
      `${name}: the step of ${cell.name} has no recurrent product to drop; give no rate for it, or, if the step multiplies the state with matmul(h, U), write recurrent("gates", h, U) there`,
    );
  if (masks === "perGate" && lacks("input"))
    throw new TensorError(
      `${name}: the step of ${cell.name} has no product of its input to drop gate by gate; give no rate for it, or, if the step multiplies the input with matmul(x, W), write input("gates", x, W) there`,
    );
  const marked = products.filter(({ kind }) => kind === "recurrent" && rates.recurrent > 0);
  for (const made of marked) {
    const other = marked.find(({ source, rows }) => source === made.source && rows !== made.rows);
    if (masks === "shared" && other !== undefined)
      throw new TensorError(
        `${name}: the recurrent products ${made.name} and ${other.name} of ${cell.name} are of ${made.rows} and ${other.rows} features, so they cannot share a mask; give each { source } in the step`,
      );
  }
}
