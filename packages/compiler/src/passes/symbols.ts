import type { SymbolTensor } from "@sluice/tensor/internal";
import { TensorMap } from "../program/tensor-map.ts";

/** Symbols without duplicates, in the order in which they were added. */
export class Symbols {
  readonly list: SymbolTensor[] = [];
  readonly #places = new TensorMap<number>();

  indexOf(x: SymbolTensor): number {
    return this.#places.get(x) ?? -1;
  }

  add(x: SymbolTensor): void {
    if (!this.#places.has(x)) this.#places.set(x, this.list.push(x) - 1);
  }
}
