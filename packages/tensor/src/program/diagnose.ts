import { apply, isArray } from "../apply.ts";
import { isFloat } from "../dtype.ts";
import { zip } from "../lists.ts";
import type { Node } from "../node.ts";
import type { Operation, ScanOperation } from "../primitives/operation.ts";
import { sameShape, showShape, sizeOf, type Shape } from "../shape.ts";
import { labelOf, type ArrayTensor, type Tensor } from "../tensor.ts";
import type { Program } from "./program.ts";

/** The origin of the first value that is not finite. */
export interface Diagnosis {
  /** The operation that computed it; `input` if it was given to the program. */
  readonly operation: Operation["op"];
  /**
   * The nearest name: of a `named` tensor that the value goes into or comes from, or an input's path. "" if there is
   * none.
   */
  readonly label: string;
  /** Where in the result the first value that is not finite stands, an index per axis; absent for a scalar. */
  readonly element?: readonly number[];
  /**
   * The integer that made a `select` choose a branch that is not finite, such as a class index out of range: the input
   * that it stands in, and its value at `element`.
   */
  readonly cause?: { readonly label: string; readonly value: number };
  /** The step of the loop in which it happened; for nested loops, of the outermost one. Absent outside of loops. */
  readonly step?: number;
  readonly kind: "NaN" | "Infinity";
  /** The operands of the operation. */
  readonly inputs: readonly OperandState[];
}

/** An operand of the operation. */
export interface OperandState {
  /** The operand's own name; "" if it has none. */
  readonly label: string;
  readonly shape: Shape;
  readonly state: "finite" | "NaN" | "Infinity";
  /** Smallest and largest finite value; absent if there is none. */
  readonly range?: readonly [smallest: number, largest: number];
}

/**
 * Evaluates a program operation by operation, also inside loops and checkpoints, and finds the origin of the first NaN
 * or infinity that reaches an output. Undefined if every output is finite. An infinity that leads to finite values only
 * (a mask under a softmax) is not reported.
 */
export function diagnose(program: Program, inputs: readonly ArrayTensor[]): Diagnosis | undefined {
  return diagnosed(program, valuesOf(program, inputs));
}

function diagnosed(program: Program, values: Evaluated): Diagnosis | undefined {
  const origin = originOf(program, values);
  if (origin === undefined) return undefined;
  const { node, bad } = origin;
  const operands = node.inputs.map((x) => stateOf(values.get(x), labelOf(x)));
  const { operation } = node;
  if (operands.every(({ state }) => state === "finite")) {
    const given = node.inputs.map((x) => values.get(x));
    const inside =
      operation.op === "scan"
        ? inLoop(operation, given)
        : "body" in operation
          ? diagnose(operation.body, given)
          : undefined;
    if (inside !== undefined) return inside.label === "" ? { ...inside, label: nearestLabel(program, node) } : inside;
  }
  return {
    operation: operation.op,
    label: nearestLabel(program, node),
    ...elementOf(bad),
    ...causeOf(node, values, bad),
    kind: kindOf(bad) ?? "NaN",
    inputs: operands,
  };
}

/** A diagnosis as a sentence: `NaN first in log for loss at step 3, element [1,0], of x [2,3] finite, -1 to 2`. */
export function showDiagnosis({ kind, operation, label, element, cause, step, inputs }: Diagnosis): string {
  const place = element === undefined ? "" : `, element ${showShape(element)}`;
  if (operation === "input") return `${kind} in the input${label === "" ? "" : ` ${label}`}${place}`;
  const loop = step === undefined ? "" : ` at step ${step}`;
  const where = `${label === "" ? "" : ` for ${label}`}${loop}${place}`;
  if (cause !== undefined)
    return `${kind} first in ${operation}${where}, because ${cause.label} is ${cause.value} there`;
  const operands = inputs.map(({ label: name, shape, state, range }) => {
    const between = range === undefined ? "" : `, ${range[0]} to ${range[1]}`;
    return `${name === "" ? "" : `${name} `}${showShape(shape)} ${state}${between}`;
  });
  return `${kind} first in ${operation}${where}${operands.length === 0 ? "" : `, of ${operands.join("; ")}`}`;
}

interface Evaluated {
  get(x: Tensor): ArrayTensor;
}

function valuesOf(program: Program, inputs: readonly ArrayTensor[]): Evaluated {
  const outputs = new Map<Node, readonly ArrayTensor[]>();
  const get = (x: Tensor): ArrayTensor => {
    const value = x.kind === "array" ? x : outputs.get(x.node)?.[x.index];
    if (value === undefined) throw new Error("a program's symbol has no value");
    return value;
  };
  for (const [x, value] of zip(program.inputs, inputs)) outputs.set(x.node, [value]);
  for (const node of program.nodes)
    outputs.set(node, apply(node.rules, node.operation, node.inputs.map(get)).filter(isArray));
  return { get };
}

/**
 * The first node, in the order of computation, that lies on a path of non-finite values to an output and has no operand
 * on such a path.
 */
function originOf(program: Program, values: Evaluated): { node: Node; bad: ArrayTensor } | undefined {
  const bad = new Map<Node, ArrayTensor>();
  const follow = program.outputs.filter((x) => kindOf(values.get(x)) !== undefined);
  for (let x = follow.pop(); x !== undefined; x = follow.pop()) {
    if (x.kind === "array" || bad.has(x.node)) continue;
    bad.set(x.node, values.get(x));
    follow.push(...x.node.inputs.filter((y) => kindOf(values.get(y)) !== undefined));
  }
  for (const node of [...program.inputs.map((x) => x.node), ...program.nodes]) {
    const found = bad.get(node);
    if (found !== undefined) return { node, bad: found };
  }
  return undefined;
}

function inLoop(
  { body, captures, states, length, reverse }: ScanOperation,
  inputs: readonly ArrayTensor[],
): Diagnosis | undefined {
  let current = inputs.slice(captures, captures + states);
  for (let i = 0; i < length; i++) {
    const step = reverse ? length - 1 - i : i;
    const args = [
      ...inputs.slice(0, captures),
      ...current,
      ...inputs.slice(captures + states).map((x) => rowOf(x, step)),
    ];
    const values = valuesOf(body, args);
    const found = diagnosed(body, values);
    if (found !== undefined) return { ...found, step };
    current = body.outputs.slice(0, states).map((x) => values.get(x));
  }
  return undefined;
}

function rowOf({ shape, dtype, data }: ArrayTensor, step: number): ArrayTensor {
  const size = sizeOf(shape.slice(1));
  return { kind: "array", shape: shape.slice(1), dtype, data: data.subarray(step * size, (step + 1) * size) };
}

function kindOf({ dtype, data }: ArrayTensor): Diagnosis["kind"] | undefined {
  if (!isFloat(dtype)) return undefined;
  let kind: Diagnosis["kind"] | undefined;
  for (const value of data) {
    if (Number.isNaN(value)) return "NaN";
    if (!Number.isFinite(value)) kind = "Infinity";
  }
  return kind;
}

function stateOf(x: ArrayTensor, label: string): OperandState {
  let smallest = Infinity;
  let largest = -Infinity;
  for (const value of x.data) {
    if (!Number.isFinite(value)) continue;
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
  }
  return {
    label,
    shape: x.shape,
    state: kindOf(x) ?? "finite",
    ...(smallest <= largest ? { range: [smallest, largest] as const } : {}),
  };
}

/** The index of the first value that is not finite, by axis. */
function elementOf({ shape, data }: ArrayTensor): { readonly element?: readonly number[] } {
  if (shape.length === 0) return {};
  let rest = data.findIndex((value) => !Number.isFinite(value));
  const element = shape.toReversed().map((size) => {
    const at = rest % size;
    rest = (rest - at) / size;
    return at;
  });
  return { element: element.toReversed() };
}

/** The input of integers that decides a `select` whose chosen branch is not finite, element by element. */
function causeOf({ operation, inputs }: Node, values: Evaluated, bad: ArrayTensor): Pick<Diagnosis, "cause"> {
  const [condition] = inputs;
  if (operation.op !== "select" || condition?.kind !== "symbol") return {};
  const isCause = (node: Node): boolean =>
    node.operation.op === "input" && node.outputs.some((x) => x.dtype === "i32" && sameShape(x.shape, bad.shape));
  const found = search(condition.node, producersOf, isCause)?.node;
  if (found?.operation.op !== "input") return {};
  const label = found.operation.label;
  const given = values.get({ kind: "symbol", node: found, index: 0, shape: bad.shape, dtype: "i32" });
  const value = given.data[bad.data.findIndex((x) => !Number.isFinite(x))];
  return value === undefined || label === "" ? {} : { cause: { label, value } };
}

/**
 * The node's own label; otherwise the label that is the fewest operations away, first in the direction of the data
 * flow, then against it. `named` tensors come before inputs.
 */
function nearestLabel(program: Program, node: Node): string {
  const own = labelIn(node);
  if (own !== "") return own;
  const consumers = new Map<Node, Node[]>();
  for (const consumer of program.nodes) {
    for (const x of consumer.inputs) {
      if (x.kind === "array") continue;
      const known = consumers.get(x.node);
      if (known === undefined) consumers.set(x.node, [consumer]);
      else known.push(consumer);
    }
  }
  const isNamed = (x: Node): boolean => x.operation.op === "name" && x.operation.label !== "";
  const forward = search(node, (x) => consumers.get(x) ?? [], isNamed);
  const backward = search(node, producersOf, isNamed);
  const near =
    forward !== undefined && (backward === undefined || forward.distance <= backward.distance) ? forward : backward;
  const found = near ?? search(node, producersOf, (x) => labelIn(x) !== "");
  return found === undefined ? "" : labelIn(found.node);
}

const labelIn = ({ operation }: Node): string =>
  operation.op === "name" || operation.op === "input" ? operation.label : "";

const producersOf = (x: Node): Node[] => x.inputs.flatMap((y) => (y.kind === "symbol" ? [y.node] : []));

/** The nearest node that is wanted, breadth first. */
function search(
  start: Node,
  next: (node: Node) => readonly Node[],
  isWanted: (node: Node) => boolean,
): { readonly node: Node; readonly distance: number } | undefined {
  const seen = new Set([start]);
  let ring = [start];
  for (let distance = 0; ring.length > 0; distance++) {
    const node = ring.find(isWanted);
    if (node !== undefined) return { node, distance };
    ring = ring.flatMap(next).filter((x) => !seen.has(x) && seen.add(x));
  }
  return undefined;
}
