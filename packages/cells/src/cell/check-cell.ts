import { TensorError } from "@sluice/tensor";
import { at, hasMembers, shown } from "@sluice/tensor/internal";
import type { Cell } from "./cell.ts";
import { checkExtras } from "./inputs.ts";
import { checkStateShapes } from "./states.ts";

/** An error, begun by `operation`, where what a user hands over is not a cell. */
export function checkCell(operation: string, given: unknown): asserts given is Cell {
  if (hasMembers(given, { params: "object", state: "object", sizes: "object", extra: "object", step: "function" })) {
    const { state, extra }: { readonly state?: unknown; readonly extra?: unknown } = Object(given);
    at(`${operation}: the cell`, () => checkStateShapes(state));
    checkExtras(`${operation}: the cell's extra`, extra);
    return;
  }
  const fix =
    typeof given === "function"
      ? ": call it with { input, hidden }"
      : hasMembers(given, { apply: "function" })
        ? ": this is a layer"
        : "";
  throw new TensorError(
    `${operation}: the cell is ${shown(given)}, expected a cell such as gru({ input, hidden })${fix}`,
  );
}
