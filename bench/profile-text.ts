import type { Profile } from "./measure.ts";
import { layOut, number } from "./layout.ts";

/** The functions that take most time, and the products' fraction of the peak, packing included. */
export function profileText({ functions, flops, peak }: Profile, most = 16): string {
  const { all, products } = timesOf(functions);
  const row = (name: string, ms: number): string[] => [name, number(ms), `${number((100 * ms) / all)} %`];
  const gflops = flops / products / 1e6;
  const top = busy(functions)
    .sort(([, a], [, b]) => b - a)
    .slice(0, most);
  return [
    layOut(
      ["function", "ms per run", "share"],
      [row("all", all), row("all products", products), ...top.map(([name, ms]) => row(name, ms))],
    ),
    `products: ${number(gflops)} GFLOP/s, ${number((100 * gflops) / peak)} % of the peak of ${number(peak)}`,
  ].join("\n");
}

type Functions = Profile["functions"];

/** Milliseconds per run, in total and of the products with their packing. */
export function timesOf(functions: Functions): { readonly all: number; readonly products: number } {
  const sum = (entries: [string, number][]): number => entries.reduce((total, [, ms]) => total + ms, 0);
  return {
    all: sum(busy(functions)),
    products: sum(busy(functions).filter(([name]) => /^wasm (matmul|pack)/.test(name))),
  };
}

function busy(functions: Functions): [string, number][] {
  return Object.entries(functions).filter(([name]) => name !== "(idle)" && name !== "(program)");
}
