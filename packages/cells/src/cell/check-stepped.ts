import { isTensor, leavesOf, TensorError } from "@sluice/tensor";
import { at, shown } from "@sluice/tensor/internal";
import type { Stepped } from "./cell.ts";

/** Throws an error that begins with the cell's name if a value is not what a step returns: `{ state, output }`. */
export function checkStepped(name: string, found: unknown): asserts found is Stepped {
  if (typeof found !== "object" || found === null || isTensor(found) || !("state" in found))
    throw new TensorError(`${name}: the step returned ${shown(found)}, expected { state, output }`);
  const { state, output }: { readonly state?: unknown; readonly output?: unknown } = found;
  if (typeof state !== "object" || state === null || isTensor(state))
    throw new TensorError(
      `${name}: the step returned the state ${shown(state)}, expected tensors by name, such as { h }`,
    );
  if (typeof output !== "string" && !isTensor(output))
    throw new TensorError(
      `${name}: the step returned the output ${shown(output)}, expected the name of a state, such as output: "h", or a tensor`,
    );
  at(name, () => leavesOf({ ...state }));
}
