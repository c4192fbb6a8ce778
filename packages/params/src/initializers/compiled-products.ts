import type { BlockProducts } from "./block-products.ts";
import { productsModule } from "./products-module.ts";

const PAGE = 65536;

/**
 * `plainProducts` in WebAssembly; undefined if WebAssembly is not available, for example because a page's policy
 * forbids it.
 */
export function compiledProducts(numbers: number): BlockProducts | undefined {
  if (typeof WebAssembly !== "object") return undefined;
  try {
    const pages = Math.ceil((4 * numbers) / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const bytes = Uint8Array.from(atob(productsModule), (character) => character.charCodeAt(0));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    const { addProducts, subtractShares } = exports;
    if (typeof addProducts !== "function" || typeof subtractShares !== "function") return undefined;
    return {
      memory: new Float32Array(memory.buffer),
      // The module counts in bytes.
      addProducts: ({ x, xStride, y, yStride, size, width, out }) =>
        addProducts(4 * x, 4 * xStride, 4 * y, 4 * yStride, size, 4 * width, 4 * out),
      subtractShares: ({ x, xStride, shares, eights, size, width }) =>
        subtractShares(4 * x, 4 * xStride, 4 * shares, 4 * eights, 4 * size, 4 * width),
    };
  } catch {
    return undefined;
  }
}
