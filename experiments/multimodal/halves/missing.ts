import type { Halves } from "@sluice/data";
import { argmax, valuesOf, type Tensor } from "@sluice/tensor";
import { rowsOf } from "@sluice/train";

/** Which halves of a digit are present, by the names in the metrics. */
export type Case = "both" | "upperMissing" | "lowerMissing";

/** The digits of each case, by index. */
export function casesOf(present: Tensor): { readonly [name in Case]: Int32Array } {
  const flags = valuesOf(present);
  const rows = (upper: number, lower: number): Int32Array =>
    Int32Array.from({ length: flags.length / 2 }, (_, i) => i).filter(
      (i) => flags[2 * i] === upper && flags[2 * i + 1] === lower,
    );
  return { both: rows(1, 1), upperMissing: rows(0, 1), lowerMissing: rows(1, 0) };
}

/** The accuracy of logits `[examples, 10]` in per cent, for each case of what is missing; `null` for a case without digits. */
export function accuracyByCase(logits: Tensor, { y, present }: Halves): { readonly [name in Case]: number | null } {
  const [answers, classes] = [valuesOf(argmax(logits)), valuesOf(y)];
  const right = (rows: Int32Array): number | null =>
    rows.length === 0 ? null : (100 * rows.filter((i) => answers[i] === classes[i]).length) / rows.length;
  const { both, upperMissing, lowerMissing } = casesOf(present);
  return { both: right(both), upperMissing: right(upperMissing), lowerMissing: right(lowerMissing) };
}

/** For the digits with both halves. */
export const complete = (examples: Halves): Halves => rowsOf(examples, casesOf(examples.present).both);
