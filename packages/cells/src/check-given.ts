/** Checks of the cells, layers and normalizers that users pass to modifiers and layers. */
import { TensorError } from "@sluice/tensor";
import { at, checkMade, hasMembers, shown } from "@sluice/tensor/internal";
import type { Normalizer } from "@sluice/norm";
import type { Cell } from "./cell.ts";
import { checkExtras } from "./inputs.ts";
import type { Layer } from "./layers/layer.ts";
import { checkStateShapes } from "./states.ts";

/** Throws if a value is not a cell; the message starts with `operation`. */
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

/** Throws if a value is not a layer. */
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

/** Throws if a value is not a normalizer. */
export function checkNormalizer(operation: string, given: unknown): asserts given is Normalizer {
  checkMade(
    operation,
    "norm",
    given,
    { name: "string", placement: "object", params: "function", apply: "function" },
    "layerNorm()",
  );
}
