import { splitScan, type Node, type ScanOperation, type Tensor } from "@sluice/tensor";
import { roleOf } from "../plan/roles.ts";
import { rowsOf } from "../plan/rows.ts";
import { sameTensor } from "../plan/tensor-map.ts";
import type { Region } from "./layout.ts";
import { workBefore } from "./lengths.ts";
import { weakest, type Zero, zeroOfConstant, zeroOfElementwise, zeroOfSum } from "./zero.ts";

/** What a loop with lengths does with rows whose sequence is over. */
export interface RaggedLoop {
  readonly region: Region;
  /** Whether those rows may be left out: the step keeps their states as they are. */
  readonly skips: boolean;
  /** For each stacked output, whether it is zero there. */
  readonly zeros: readonly Zero[];
}

/** Undefined for anything but a loop with lengths that can be known before other work is done, whose step works row by row. */
export function raggedLoop({ operation, inputs }: Node): RaggedLoop | undefined {
  if (operation.op !== "scan" || operation.lengths === undefined) return undefined;
  const { body, states, length: time } = operation;
  const outer = splitScan(operation, inputs);
  const lengths = outer.captures[operation.lengths]!;
  const batch = rowsOf(operation);
  if (batch === undefined || batch * time === 0 || workBefore(lengths, batch * time) === undefined) return undefined;
  const isActive = activeCondition(operation, inputs);
  const inner = splitScan(operation, body.inputs);
  const zeros = zerosOf(body.nodes, isActive);
  const keeps = inner.states.every((state, i) => {
    const next = body.outputs[i]!;
    if (sameTensor(next, state)) return true;
    if (next.kind === "array") return false;
    const [a, b, old] = next.node.inputs;
    // Adding a zero of either sign changes no sum that began as +0.
    if (next.node.operation.op === "add") return zeroOfConstant(outer.states[i]!) === "positive" && sameTensor(a!, state) && zeros(b!) !== undefined;
    return next.node.operation.op === "select" && isActive(a!) && sameTensor(old!, state);
  });
  return { region: { lengths, time, batch }, skips: keeps, zeros: body.outputs.slice(states).map(zeros) };
}

/** Whether a bool value is the step's `t < lengths`, repeated along the axes behind the rows. */
function activeCondition(operation: ScanOperation, outerInputs: readonly Tensor[]): (x: Tensor) => boolean {
  const inner = splitScan(operation, operation.body.inputs);
  const outer = splitScan(operation, outerInputs);
  const isStep = (x: Tensor): boolean => inner.sequences.some((slice, i) => sameTensor(slice, x) && countsSteps(outer.sequences[i]!));
  return (x) => {
    const compared = behindViews(x);
    if (compared.kind === "array" || compared.node.operation.op !== "less") return false;
    const [step, lengths] = compared.node.inputs.map(behindViews);
    return isStep(step!) && sameTensor(lengths!, inner.captures[operation.lengths!]!);
  };
}

function countsSteps(x: Tensor): boolean {
  return x.kind === "array" && x.dtype === "i32" && x.shape.length === 1 && x.data.every((value, i) => value === i);
}

function behindViews(x: Tensor): Tensor {
  let seen = x;
  while (seen.kind === "symbol" && (seen.node.operation.op === "reshape" || seen.node.operation.op === "broadcast" || seen.node.operation.op === "name")) {
    seen = seen.node.inputs[0]!;
  }
  return seen;
}

/** Follows zeros through a step that works row by row. */
function zerosOf(nodes: readonly Node[], isActive: (x: Tensor) => boolean): (x: Tensor) => Zero {
  const known = new Map<Node, Zero>();
  const zeroOf = (x: Tensor): Zero => (x.kind === "array" ? zeroOfConstant(x) : known.get(x.node));
  for (const node of nodes) {
    const operands = node.inputs.map(zeroOf);
    if (node.operation.op === "select" && isActive(node.inputs[0]!)) known.set(node, operands[2]);
    else known.set(node, ofNode(node, operands));
  }
  return zeroOf;
}

function ofNode(node: Node, operands: readonly Zero[]): Zero {
  switch (roleOf(node)) {
    case "elementwise":
      return zeroOfElementwise(node.operation, operands);
    case "view":
      return operands[0];
    case "assembly":
      return weakest(operands);
    default:
      return zeroOfSum(node, operands);
  }
}
