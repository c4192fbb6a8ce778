/** What a part of a fusion is given of the whole's options and buffers, and what the whole shows of its traces. */
import { isTensor, keyFor, TensorError, type Tree } from "@sluice/tensor";
import type { FuseOptions, Fused } from "./fusion.ts";

export const tracesOf = (part: string, traces: Fused["traces"]): Fused["traces"] =>
  Object.fromEntries(Object.entries(traces).map(([name, value]) => [`${part}.${name}`, value]));

/** The options of one part: its own key and buffers, and the traces that begin with its name. */
export function optionsOf(part: string, { training = false, key, buffers = {}, traces = false }: FuseOptions) {
  const below =
    typeof traces === "boolean"
      ? traces
      : traces.flatMap((name) => (name.startsWith(`${part}.`) ? [name.slice(part.length + 1)] : []));
  return {
    training,
    traces: below,
    buffers: part.split(".").reduce<Tree>(childOf, buffers),
    ...(key && { key: keyFor(key, part) }),
  };
}

export function checkTraces(model: string, { traces = false }: FuseOptions, parts: readonly string[]): void {
  if (typeof traces === "boolean") return;
  const strange = traces.find((name) => !parts.some((part) => name.startsWith(`${part}.`)));
  if (strange !== undefined)
    throw new TensorError(
      `${model}: no trace ${strange}; names begin with a part's: ${parts.map((part) => `${part}.`).join(", ")}`,
    );
}

/** What a tree has under a name; nothing where it has none. */
export function childOf(tree: Tree, name: string): Tree {
  return (isTensor(tree) ? [] : Object.entries<Tree>(tree)).find(([key]) => key === name)?.[1] ?? {};
}
