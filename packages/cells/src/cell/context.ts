/** What a layer gives the cells that it runs, beside parameters, state and input. */
import { isTensor, matmul, TensorError, type Tensor, type Tree } from "@sluice/tensor";

/** A product of the step's input or of a state with weights. */
export interface Product {
  /** Whether a new input is multiplied, or what the cell remembers. */
  readonly kind: "input" | "recurrent";
  /** Its place in the step, such as `gates`: no other product of its kind has the name. */
  readonly name: string;
  /** What is multiplied, `[batch, rows]`. */
  readonly x: Tensor;
  /** `[rows, columns]`. */
  readonly W: Tensor;
  /** Into how many gates of equal width the columns divide. */
  readonly gates: number;
  /** Products of one kind and source share what is done to their `x`, such as a dropout mask. Default `""`. */
  readonly source: string;
}

/** What a layer gives the cells it runs. A modifier may pass on a changed one. */
export interface CellContext {
  readonly training: boolean;
  /** Called with everything the step traces. */
  readonly trace: (name: string, value: Tensor) => void;
  /** Makes the step's products, `[batch, columns]`: `x W`, or what a modifier makes of it. */
  readonly product: (product: Product) => Tensor;
  readonly keys: Keys;
  readonly extra: Readonly<Record<string, Tensor>>;
  /** The cell's buffers. */
  readonly buffers: Tree;
  /**
   * bool `[batch]`: the rows that have a step now: neither masked nor beyond their length. Undefined where all have one.
   * A step that mixes rows must ask for it, and take nothing from other rows.
   */
  readonly active: () => Tensor | undefined;
}

/** Random keys by name. */
export interface Keys {
  /** The same at all steps of a sequence. */
  sequence(name: string): Tensor;
  /** Another one at each step. */
  step(name: string): Tensor;
}

/** Evaluation: no randomness, nothing recorded. */
export const evaluation: CellContext = {
  training: false,
  trace: () => {},
  product: ({ x, W }) => matmul(x, W),
  keys: { sequence: needsKey, step: needsKey },
  extra: {},
  buffers: {},
  active: () => undefined,
};

function needsKey(name: string): never {
  throw new TensorError(`${name}: training with randomness needs a key; pass { training: true, key: key(seed) }`);
}

/**
 * The context of a cell within a cell: traces, products and keys stand under `name`, `inner.forget`, so that they are
 * told from the outer cell's own. Its buffers are those under `name`.
 */
export function contextWithin(name: string, context: CellContext): CellContext {
  const below = (own: string): string => `${name}.${own}`;
  return {
    ...context,
    trace: (own, value) => context.trace(below(own), value),
    product: (product) =>
      context.product({
        ...product,
        name: below(product.name),
        source: product.source === "" ? name : below(product.source),
      }),
    keys: {
      sequence: (own) => context.keys.sequence(below(own)),
      step: (own) => context.keys.step(below(own)),
    },
    buffers: childOf(context.buffers, name),
  };
}

/** What a tree has under a name; nothing where it has none. */
export function childOf(tree: Tree, name: string): Tree {
  return (isTensor(tree) ? undefined : Object.entries<Tree>(tree).find(([key]) => key === name)?.[1]) ?? {};
}
