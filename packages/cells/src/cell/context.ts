/** What a layer gives the cells that it runs, beside parameters, state and input. */
import { isTensor, TensorError, type Tensor, type Tree } from "@sluice/tensor";

/** A product of the step's input or of a state with weights. */
export interface Product {
  /** Whether the product multiplies a new input or the state. */
  readonly kind: "input" | "recurrent";
  /** Its place in the step, such as `gates`; unique among the products of its kind. */
  readonly name: string;
  /** The vector, `[batch, rows]`. */
  readonly x: Tensor;
  /** `[rows, columns]`. */
  readonly W: Tensor;
  /** The number of gates of equal width in the columns. */
  readonly gates: number;
  /** Products of one kind and source share changes of their `x`, such as a dropout mask. Default `""`. */
  readonly source: string;
  /** Multiplies `x` by `W`: `matmul`, unless a modifier knows a shorter way for its weights, such as a diagonal `W`. */
  readonly multiply: (x: Tensor, W: Tensor) => Tensor;
}

/** What a layer passes to the cells it runs. A modifier may pass on a changed context. */
export interface CellContext {
  readonly training: boolean;
  /** Called with everything the step traces; {@link traced} does it. */
  readonly trace: (name: string, value: Tensor) => void;
  /**
   * Gets everything the step traces before it is traced; the step goes on with what is returned. A modifier of a gate
   * or candidate acts here.
   */
  readonly change: (name: string, value: Tensor) => Tensor;
  /** Computes the step's products, `[batch, columns]`: `x W`, or a modifier's version of it. */
  readonly product: (product: Product) => Tensor;
  readonly keys: Keys;
  readonly extra: Readonly<Record<string, Tensor>>;
  /** The cell's buffers. */
  readonly buffers: Tree;
  /**
   * bool `[batch]`: the rows that take this step, neither masked nor beyond their length. Undefined if all do. A step
   * that mixes rows must read it and ignore all other rows.
   */
  readonly active: () => Tensor | undefined;
}

/** Random keys by name. */
export interface Keys {
  /** The same at all steps of a sequence. */
  sequence(name: string): Tensor;
  /** A new one at each step. */
  step(name: string): Tensor;
}

/** Evaluation: no randomness, nothing recorded. */
export const evaluation: CellContext = {
  training: false,
  trace: () => {},
  change: (_, value) => value,
  product: ({ x, W, multiply }) => multiply(x, W),
  keys: { sequence: needsKey, step: needsKey },
  extra: {},
  buffers: {},
  active: () => undefined,
};

function needsKey(name: string): never {
  throw new TensorError(`${name}: training with randomness needs a key; pass { training: true, key: key(seed) }`);
}

/**
 * The context of an inner cell. Its traces, products and keys get the prefix `name`, as in `inner.forget`, to separate
 * them from the outer cell's. Its buffers are those under `name`.
 */
export function contextWithin(name: string, context: CellContext): CellContext {
  const below = (own: string): string => `${name}.${own}`;
  return {
    ...context,
    trace: (own, value) => context.trace(below(own), value),
    change: (own, value) => context.change(below(own), value),
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

/**
 * Traces a value of a modifier or of a cell that is not made by {@link defineCell}: `const T = traced(context,
 * "highway", sigmoid(a))`. The step goes on with what is returned, so that layers can change it (`intervene`).
 */
export function traced({ change, trace }: CellContext, name: string, value: Tensor): Tensor {
  const changed = change(name, value);
  trace(name, changed);
  return changed;
}

/** The subtree under a name; undefined if there is none. */
export function childOf(tree: Tree, name: string): Tree {
  return (isTensor(tree) ? undefined : Object.entries<Tree>(tree).find(([key]) => key === name)?.[1]) ?? {};
}
