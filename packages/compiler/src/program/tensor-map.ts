import type { Tensor } from "@sluice/tensor";
import { nth, type Node, type SymbolTensor } from "@sluice/tensor/internal";

/**
 * A map from the tensors of a program. Two symbols are the same tensor when they are the same output of the same node.
 */
export class TensorMap<V> {
  readonly #symbols = new Map<Node, Map<number, V>>();

  /** The value stored for `x`, or undefined. */
  get(x: SymbolTensor): V | undefined {
    return this.#symbols.get(x.node)?.get(x.index);
  }

  /** Whether a value is stored for `x`. */
  has(x: SymbolTensor): boolean {
    return this.#symbols.get(x.node)?.has(x.index) === true;
  }

  /** Stores a value for `x`, replacing an earlier one. */
  set(x: SymbolTensor, value: V): void {
    const ofNode = this.#symbols.get(x.node) ?? new Map<number, V>();
    this.#symbols.set(x.node, ofNode.set(x.index, value));
  }
}

/** Output `index` of a node, as a symbol. */
export function nodeOutput(node: Node, index = 0): SymbolTensor {
  return { kind: "symbol", ...nth(node.outputs, index), node, index };
}

export function sameTensor(a: Tensor, b: Tensor): boolean {
  return a === b || (a.kind === "symbol" && b.kind === "symbol" && a.node === b.node && a.index === b.index);
}
