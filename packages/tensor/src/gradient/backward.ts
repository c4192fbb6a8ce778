import { symbolsOf } from "../apply.ts";
import { isFloat } from "../dtype.ts";
import type { Node } from "../node.ts";
import { dependents, nodesOf } from "../program/program.ts";
import { replaceNodes } from "../program/rewrite.ts";
import type { SymbolTensor, Tensor } from "../tensor.ts";
import { accumulate } from "./accumulate.ts";

export interface Backward {
  /** One per `wrt`; undefined if no output depends on it. */
  readonly cotangents: readonly (Tensor | undefined)[];
  /** The outputs, computed once together with the values that the gradient keeps. */
  readonly outputs: readonly Tensor[];
}

/**
 * Reverse mode: from the cotangents of `outputs` to the cotangents of `wrt`, as a program over the same symbols. It
 * consists of ordinary operations, so it can be differentiated again.
 */
export function backward(
  outputs: readonly Tensor[],
  seeds: readonly (Tensor | undefined)[],
  wrt: readonly SymbolTensor[],
): Backward {
  const nodes = nodesOf(outputs, new Set(wrt.map((x) => x.node)));
  const active = dependents(nodes, wrt);
  const contributions = new Map<Node, Map<number, Tensor[]>>();
  const contribute = (x: Tensor, cotangent: Tensor | undefined): void => {
    if (x.kind === "array" || cotangent === undefined || !isFloat(x.dtype)) return;
    const ofNode = contributions.get(x.node) ?? new Map<number, Tensor[]>();
    contributions.set(x.node, ofNode);
    const parts = ofNode.get(x.index);
    if (parts === undefined) ofNode.set(x.index, [cotangent]);
    else parts.push(cotangent);
  };
  const collect = (node: Node, index: number): Tensor | undefined => {
    const parts = contributions.get(node)?.get(index);
    return parts && accumulate(parts);
  };
  const wanted = new Set(wrt.map((x) => x.node));
  const needed = (x: Tensor): boolean =>
    x.kind === "symbol" && isFloat(x.dtype) && (wanted.has(x.node) || active.has(x.node));

  outputs.forEach((x, i) => contribute(x, seeds[i]));
  const replacements = new Map<Node, readonly Tensor[]>();
  for (const node of nodes.toReversed()) {
    if (!active.has(node)) continue;
    const cotangents = node.outputs.map((_, index) => collect(node, index));
    if (cotangents.every((g) => g === undefined)) continue;
    const { operation, rules, inputs } = node;
    const needs = inputs.map(needed);
    const result = rules.gradient({ operation, inputs, outputs: symbolsOf(node), cotangents, needs });
    inputs.forEach((x, i) => {
      if (needs[i] === true) contribute(x, result.cotangents[i]);
    });
    if (result.outputs !== undefined) replacements.set(node, result.outputs);
  }

  const gradients = wrt.map((x) => collect(x.node, x.index));
  const found = gradients.filter((x) => x !== undefined);
  const results = replaceNodes([...found, ...outputs], replacements);
  let next = 0;
  return {
    cotangents: gradients.map((x) => x && results[next++]),
    outputs: results.slice(found.length),
  };
}
