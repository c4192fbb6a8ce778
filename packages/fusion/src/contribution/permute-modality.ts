import { gather, isTensor, tensor, TensorError, type Tensor } from "@sluice/tensor";
import { checkList, shown } from "@sluice/tensor/internal";
import type { DescribedModality, Modality } from "../fusion.ts";
import { oneModality } from "../one-modality.ts";

/**
 * The same batch with one modality from other examples: row i gets it from row `order[i]`, with its lengths, times and
 * presence. The other modalities stay as they are. To score a model that gets nothing from the modality but its
 * distribution. Throws a TensorError for an unknown modality, and for an order that is not one row for each example.
 */
export function permuteModality<M extends string>(
  modalities: Readonly<Record<M, Modality>>,
  name: NoInfer<M>,
  order: readonly number[] | Int32Array,
): Record<M, Modality>;
export function permuteModality(
  modalities: Readonly<Record<string, Modality>>,
  name: string,
  order: readonly number[] | Int32Array,
): Record<string, Modality> {
  const given = oneModality("permuteModality", modalities, name);
  if (!ArrayBuffer.isView(order)) checkList("permuteModality", "order", order, "[1, 0]");
  const rows = given.x.shape[0] ?? 0;
  const wrong = order.find((row) => !Number.isInteger(row) || row < 0 || row >= rows);
  if (order.length !== rows || wrong !== undefined) {
    const got = wrong === undefined ? `${order.length} rows` : shown(wrong);
    throw new TensorError(`permuteModality: expected an order of ${rows} rows from 0 to ${rows - 1}, got ${got}`);
  }
  const indices = tensor(Int32Array.from(order));
  const moved = (x: Tensor): Tensor => gather(x, indices);
  return { ...modalities, [name]: isTensor(modalities[name]) ? moved(given.x) : movedParts(given, order, moved) };
}

function movedParts(
  { x, lengths, times, present, extra }: DescribedModality,
  order: readonly number[] | Int32Array,
  moved: (x: Tensor) => Tensor,
): DescribedModality {
  return {
    x: moved(x),
    ...(lengths && { lengths: isTensor(lengths) ? moved(lengths) : Array.from(order, (row) => lengths[row] ?? 0) }),
    ...(times && { times: moved(times) }),
    ...(present && { present: moved(present) }),
    ...(extra && { extra: Object.fromEntries(Object.entries(extra).map(([of, value]) => [of, moved(value)])) }),
  };
}
