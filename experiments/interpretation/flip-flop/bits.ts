import type { FlipFlops } from "@sluice/data";
import { concat, full, valuesOf, type Backend, type Tensor } from "@sluice/tensor";
import { predict } from "@sluice/trials";
import type { Network, Weights } from "./model.ts";

/** How many bits have the sign of their target, in per cent. Output and target have one shape. */
export function percentOfBits(output: Tensor, target: Tensor): number {
  const [given, wanted] = [valuesOf(output), valuesOf(target)];
  return (100 * given.filter((value, i) => value * (wanted[i] ?? 0) > 0).length) / given.length;
}

/** How many bits are still right after so many steps without a pulse, in per cent. */
export async function percentHeld(
  { atTheEnd }: Network,
  weights: Weights,
  { x, y }: FlipFlops,
  { silence, backend }: { readonly silence: number; readonly backend: Backend },
): Promise<number> {
  const [examples = 0, time = 0, bits = 0] = x.shape;
  const longer = concat([x, full([examples, silence, bits], 0)], 1);
  const output = await predict(atTheEnd, weights, { x: longer }, { backend });
  const last = valuesOf(y).filter((_, i) => Math.floor(i / bits) % time === time - 1);
  const given = valuesOf(output);
  return (100 * last.filter((value, i) => value * (given[i] ?? 0) > 0).length) / last.length;
}
