import { programOf, type Program, type Tensor } from "@sluice/tensor";
import { applyScan, nth, picked, splitScan, type Node } from "@sluice/tensor/internal";
import { sameTensor } from "../program/tensor-map.ts";
import { rewrite } from "./rewrite.ts";

/**
 * Prune: removes the outputs of a loop that are never read, returns equal outputs once, and removes the captures and
 * sequences that its step does not use.
 */
export function prune(program: Program): Program {
  const used = new Map<Node, Set<number>>();
  const use = (x: Tensor): void => {
    if (x.kind === "symbol") used.set(x.node, (used.get(x.node) ?? new Set<number>()).add(x.index));
  };
  for (const node of program.nodes) node.inputs.forEach(use);
  program.outputs.forEach(use);
  return rewrite(program, (node, inputs) => {
    const { operation } = node;
    if (operation.op !== "scan") return undefined;
    const { states } = operation;
    const outputs = operation.body.outputs;
    const kept = outputs.flatMap((y, i) => {
      const first = outputs.findIndex((other, j) => j >= states && sameTensor(other, y));
      return i >= states && used.get(node)?.has(i) === true && (first === i || used.get(node)?.has(first) !== true)
        ? [i]
        : [];
    });
    const keptOutputs = picked(outputs, kept);
    const body = prune(programOf(operation.body.inputs, [...outputs.slice(0, states), ...keptOutputs]));
    const alive = new Set<Node>();
    const mark = (x: Tensor): void => {
      if (x.kind === "symbol" && x.node.operation.op === "input") alive.add(x.node);
    };
    for (const inside of body.nodes) inside.inputs.forEach(mark);
    body.outputs.forEach(mark);
    const inner = splitScan(operation, body.inputs);
    const outer = splitScan(operation, inputs);
    const captures = inner.captures.flatMap((x, i) => (alive.has(x.node) || i === operation.lengths ? [i] : []));
    const sequences = inner.sequences.flatMap((x, i) => (alive.has(x.node) ? [i] : []));
    const { lengths, ...rest } = operation;
    const results = applyScan(
      {
        ...rest,
        body: programOf(
          [...picked(inner.captures, captures), ...inner.states, ...picked(inner.sequences, sequences)],
          body.outputs,
        ),
        captures: captures.length,
        sequences: sequences.length,
        ...(lengths === undefined ? {} : { lengths: captures.indexOf(lengths) }),
      },
      [...picked(outer.captures, captures), ...outer.states, ...picked(outer.sequences, sequences)],
    );
    return outputs.map((y, i) => {
      if (i < states) return nth(results, i);
      const at = keptOutputs.findIndex((other) => sameTensor(other, y));
      // An output that is never read has no value any more. No node asks for it.
      return results[at >= 0 ? states + at : 0] ?? y;
    });
  });
}
