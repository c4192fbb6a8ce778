import type { Profile } from "./measure.ts";
import { layOut, number } from "./table.ts";

/** The functions that take the most time, and how near to their peak the products run, packing included. */
export function profileText({ functions, flops, peak }: Profile, most = 16): string {
  const busy = Object.entries(functions).filter(([name]) => name !== "(idle)" && name !== "(program)");
  const sum = (entries: readonly (readonly [string, number])[]): number => entries.reduce((total, [, ms]) => total + ms, 0);
  const total = sum(busy);
  const row = (name: string, ms: number): string[] => [name, number(ms), `${number((100 * ms) / total)} %`];
  const products = sum(busy.filter(([name]) => name.startsWith("wasm matmul")));
  const gflops = flops / products / 1e6;
  const top = busy.sort(([, a], [, b]) => b - a).slice(0, most);
  return [
    layOut(["function", "ms a run", "share"], [row("all", total), row("all products", products), ...top.map(([name, ms]) => row(name, ms))]),
    `products: ${number(gflops)} GFLOP/s, ${number((100 * gflops) / peak)} % of the peak of ${number(peak)}`,
  ].join("\n");
}
