import { bernoulli, concat, convert, mul, sliceAxis, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import { withTrainingStep, type Cell } from "../cell/cell.ts";
import { evaluation, type CellContext, type Product } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import { probe } from "../cell/probe.ts";
import type { State } from "../cell/states.ts";
import { keysWithin } from "./keys-within.ts";
import { checkRate } from "../options/rate.ts";

/** One mask for all gates, or one for each. */
export type DropoutMasks = "shared" | "perGate";

/** Options of {@link variationalDropout}. */
export interface VariationalDropoutOptions {
  /** Rate of dropout of the input. Default 0. */
  readonly input?: number;
  /** Rate of dropout of the state in the recurrent products. Default 0. */
  readonly recurrent?: number;
  /** Default `shared`. */
  readonly masks?: DropoutMasks;
}

/**
 * Variational dropout (Gal, Ghahramani 2015, arXiv:1512.05287): one mask for the whole sequence, for the input
 * (`input`) and for the state where it enters the recurrent products (`recurrent`). Kept elements are divided by `1 -
 * rate`. In evaluation there is no dropout.
 *
 * With `masks: "shared"` all gates share a mask, the paper's tied weights: `(m x) [W_i W_f ...]`. With `masks:
 * "perGate"` each gate has its own, the paper's untied weights: `[(m_i x) W_i, (m_f x) W_f, ...]`, one product per
 * gate. Keras's GRU and LSTM share masks if only `dropout` is set. With `recurrent_dropout` (which sets
 * `implementation` to 1) they use one mask per gate, for the input too. PyTorch has neither: its `dropout` acts between
 * layers with a new mask at each step, as in {@link sequential}.
 *
 * The masks act in products that the step makes with `input("gates", x, W)` and `recurrent("gates", h, U)`; products of
 * one source share a mask. A shared mask of the input is applied to `x` itself and needs no such product. The state
 * passed to the next step is never masked.
 */
export function variationalDropout<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: VariationalDropoutOptions,
): Cell<P, S> {
  checkCell("variationalDropout", cell);
  checkOptions("variationalDropout", options, ["input", "recurrent", "masks"], {
    dropout: "input",
    recurrentDropout: "recurrent",
    hidden: "recurrent",
    dropoutMasks: "masks",
  });
  const { masks = "shared" } = options;
  if (masks !== "shared" && masks !== "perGate")
    throw new TensorError(
      `variationalDropout: unknown masks ${String(masks)}; ${suggestion(String(masks), ["shared", "perGate"])}`,
    );
  const rates = {
    input: checkRate("variationalDropout", "input", options.input ?? 0, { below: true }),
    recurrent: checkRate("variationalDropout", "recurrent", options.recurrent ?? 0, { below: true }),
  };
  checkMarked(cell, rates, masks);
  return withTrainingStep(cell, (params, state, x, context = evaluation) => {
    if (!context.training) return cell.step(params, state, x, context);
    const drop = dropper(context);
    const given = masks === "shared" ? drop("input", x, rates.input) : x;
    return cell.step(params, state, given, {
      ...context,
      keys: keysWithin("variationalDropout", context.keys),
      product:
        masks === "perGate" ? maskedPerGate(rates, drop, context) : maskedTogether(rates.recurrent, drop, context),
    });
  });
}

type Drop = (name: string, value: Tensor, rate: number) => Tensor;

/** Masks values. The mask of a stream is drawn once per step, however often it is used. */
function dropper(context: CellContext): Drop {
  const masks = new Map<string, Tensor>();
  return (name, value, rate) => {
    if (rate === 0) return value;
    const drawn = (): Tensor => {
      const kept = bernoulli(context.keys.sequence(`variationalDropout.${name}`), value.shape, 1 - rate);
      return mul(convert(kept, value.dtype), 1 / (1 - rate));
    };
    const mask = masks.get(name) ?? drawn();
    masks.set(name, mask);
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
function checkMarked(cell: Cell, rates: Readonly<Record<Product["kind"], number>>, masks: DropoutMasks): void {
  const { products } = probe(cell);
  const lacks = (kind: Product["kind"]): boolean => rates[kind] > 0 && !products.some((made) => made.kind === kind);
  if (lacks("recurrent"))
    throw new TensorError(
      `variationalDropout: ${cell.name} does not mark its recurrent products; write recurrent("gates", h, U) in its step instead of matmul(h, U)`,
    );
  if (masks === "perGate" && lacks("input"))
    throw new TensorError(
      `variationalDropout: ${cell.name} does not mark the products of its input; write input("gates", x, W) in its step instead of matmul(x, W)`,
    );
  const marked = products.filter(({ kind }) => kind === "recurrent" && rates.recurrent > 0);
  for (const made of marked) {
    const other = marked.find(({ source, rows }) => source === made.source && rows !== made.rows);
    if (masks === "shared" && other !== undefined)
      throw new TensorError(
        `variationalDropout: the recurrent products ${made.name} and ${other.name} of ${cell.name} are of ${made.rows} and ${other.rows} features, so they cannot share a mask; give each { source } in the step`,
      );
  }
}
