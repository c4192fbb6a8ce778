import { TensorError } from "@sluice/tensor";
import { at, hasMembers, shown } from "@sluice/tensor/internal";
import { raggedBatch, type RaggedBatch } from "./ragged-batch.ts";

/** A ragged batch that a user hands over; an error that begins with `operation` where its parts do not fit. */
export function checkedBatch(operation: string, batch: RaggedBatch): RaggedBatch {
  if (hasMembers(batch, { values: "object", offsets: "object" })) return at(operation, () => raggedBatch(batch));
  throw new TensorError(`${operation}: expected a ragged batch, such as eventTime(observations), got ${shown(batch)}`);
}
