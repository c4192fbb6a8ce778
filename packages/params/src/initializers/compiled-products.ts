import type { BlockProducts } from "./block-products.ts";
import { productsModule } from "./products-module.ts";

const PAGE = 65536;

/** `plainProducts` in WebAssembly, or undefined where there is none: a page's policy may forbid it. */
export function compiledProducts(numbers: number): BlockProducts | undefined {
  if (typeof WebAssembly !== "object") return undefined;
  try {
    const pages = Math.ceil((8 * numbers) / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const bytes = Uint8Array.from(atob(productsModule), (character) => character.charCodeAt(0));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    const { addProducts, subtractShares } = exports;
    if (typeof addProducts !== "function" || typeof subtractShares !== "function") return undefined;
    return {
      memory: new Float64Array(memory.buffer),
      // The module counts in bytes.
      addProducts: ({ x, xStride, y, yStride, size, width, out }) =>
        addProducts(8 * x, 8 * xStride, 8 * y, 8 * yStride, size, 8 * width, 8 * out),
      subtractShares: ({ x, xStride, shares, fours, size, width }) =>
        subtractShares(8 * x, 8 * xStride, 8 * shares, 8 * fours, 8 * size, 8 * width),
    };
  } catch {
    return undefined;
  }
}
