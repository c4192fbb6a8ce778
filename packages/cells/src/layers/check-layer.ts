import { TensorError } from "@sluice/tensor";
import { hasMembers, shown } from "@sluice/tensor/internal";
import type { Layer } from "./layer.ts";

/** An error, begun by `operation`, where what a user hands over as `what` is not a layer. */
export function checkLayer(operation: string, what: string, given: unknown): asserts given is Layer {
  if (
    hasMembers(given, {
      params: "object",
      buffers: "object",
      apply: "function",
      init: "function",
      initialState: "function",
      initialBuffers: "function",
    })
  )
    return;
  const fix = hasMembers(given, { step: "function" })
    ? ": this is a cell; run it over time with sequence(cell)"
    : typeof given === "function"
      ? ": call it"
      : "";
  throw new TensorError(
    `${operation}: ${what} is ${shown(given)}, expected a layer, such as sequence(cell) or dense({ input, output })${fix}`,
  );
}
