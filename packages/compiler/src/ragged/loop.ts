import { type Tensor } from "@sluice/tensor";
import { isNodeOf, nth, splitScan, zip, type Node, type ScanOperation } from "@sluice/tensor/internal";
import { type Beyond, isPositiveZero, isZero } from "../facts/beyond.ts";
import { rowsOf } from "../facts/loop-rows.ts";
import { sameTensor } from "../program/tensor-map.ts";
import type { Region } from "./layout.ts";
import { workBefore } from "./lengths.ts";
import { beyondOf, beyondOfConstant } from "./beyond.ts";

/** How a loop with lengths treats rows whose sequence is over. */
export interface RaggedLoop {
  readonly region: Region;
  /** Whether those rows may be skipped: the step leaves their states unchanged. */
  readonly skips: boolean;
  /** For each stacked output, what is known of it there. */
  readonly beyond: readonly Beyond[];
}

/**
 * Undefined for anything but a loop with lengths that can be known before other work is done, and whose step works row
 * by row.
 */
export function raggedLoop({ operation, inputs }: Node): RaggedLoop | undefined {
  if (operation.op !== "scan" || operation.lengths === undefined) return undefined;
  const { body, states, length: time } = operation;
  const outer = splitScan(operation, inputs);
  const lengths = nth(outer.captures, operation.lengths);
  const batch = rowsOf(operation);
  if (batch === undefined || batch * time === 0 || workBefore({ lengths, time, batch }) === undefined) return undefined;
  const isActive = activeCondition(operation, inputs);
  const inner = splitScan(operation, body.inputs);
  const beyond = beyondIn(body.nodes, isActive);
  const keeps = zip(inner.states, outer.states).every(([state, initial], i) => {
    const next = nth(body.outputs, i);
    if (sameTensor(next, state)) return true;
    if (next.kind === "array") return false;
    // Adding a zero of either sign does not change a sum that began as +0.
    if (isNodeOf(next.node, "add")) {
      const [sum, added] = next.node.inputs;
      return isPositiveZero(beyondOfConstant(initial)) && sameTensor(sum, state) && isZero(beyond(added));
    }
    if (!isNodeOf(next.node, "select")) return false;
    const [condition, , old] = next.node.inputs;
    return isActive(condition) && sameTensor(old, state);
  });
  return { region: { lengths, time, batch }, skips: keeps, beyond: body.outputs.slice(states).map(beyond) };
}

/** Whether a bool value is the step's `t < lengths`, repeated along the axes after the rows. */
function activeCondition(operation: ScanOperation, outerInputs: readonly Tensor[]): (x: Tensor) => boolean {
  const inner = splitScan(operation, operation.body.inputs);
  const outer = splitScan(operation, outerInputs);
  const lengths = operation.lengths === undefined ? undefined : inner.captures[operation.lengths];
  const isStep = (x: Tensor): boolean =>
    zip(inner.sequences, outer.sequences).some(([slice, all]) => sameTensor(slice, x) && countsSteps(all));
  return (x) => {
    const compared = behindViews(x);
    if (lengths === undefined || compared.kind === "array" || !isNodeOf(compared.node, "less")) return false;
    const [step, limit] = compared.node.inputs;
    return isStep(behindViews(step)) && sameTensor(behindViews(limit), lengths);
  };
}

function countsSteps(x: Tensor): boolean {
  return x.kind === "array" && x.dtype === "i32" && x.shape.length === 1 && x.data.every((value, i) => value === i);
}

export function behindViews(x: Tensor): Tensor {
  let seen = x;
  while (
    seen.kind === "symbol" &&
    (isNodeOf(seen.node, "reshape") || isNodeOf(seen.node, "broadcast") || isNodeOf(seen.node, "name"))
  ) {
    seen = seen.node.inputs[0];
  }
  return seen;
}

/** Follows what is known of rows whose sequence is over through a step that works row by row. */
function beyondIn(nodes: readonly Node[], isActive: (x: Tensor) => boolean): (x: Tensor) => Beyond {
  const known = new Map<Node, Beyond>();
  const beyond = (x: Tensor): Beyond => (x.kind === "array" ? beyondOfConstant(x) : known.get(x.node));
  for (const node of nodes) {
    const operands = node.inputs.map(beyond);
    if (isNodeOf(node, "select") && isActive(node.inputs[0])) known.set(node, operands[2]);
    else known.set(node, beyondOf(node, operands));
  }
  return beyond;
}
