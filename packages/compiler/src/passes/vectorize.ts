import {
  add,
  broadcastTo,
  gather,
  iota,
  max,
  min,
  mul,
  programOf,
  reshape,
  scatterAdd,
  transpose,
  type Program,
  type Tensor,
} from "@sluice/tensor";
import {
  apply,
  applyScan,
  input,
  labelOf,
  nth,
  splitScan,
  zip,
  type Node,
  type ScanOperation,
  type ScanParts,
  type SymbolTensor,
} from "@sluice/tensor/internal";
import { lift, liftable, type Lifted } from "./lift.ts";

/**
 * A program for `count` inputs at once that gives the results of running it for each input separately. `inputs` are the
 * program's inputs; a stacked one is `[count, ...]`, the others are shared. Outputs that depend on a stacked input are
 * stacked.
 *
 * Each operation gains an axis, so a product of a stacked value with a shared matrix stays one product, and a loop
 * stays one loop. An operation that cannot gain an axis, such as random numbers with a key per input, becomes a loop
 * over the inputs.
 */
export function vectorize(program: Program, inputs: readonly Lifted[], count: number): readonly Lifted[] {
  const values = new Map<Node, readonly Lifted[]>();
  const get = (x: Tensor): Lifted =>
    (x.kind === "symbol" ? values.get(x.node)?.[x.index] : undefined) ?? { tensor: x, stacked: false };
  for (const [x, given] of zip(program.inputs, inputs)) values.set(x.node, [given]);
  for (const node of program.nodes) values.set(node, ofNode(node, node.inputs.map(get), count));
  return program.outputs.map(get);
}

function ofNode(node: Node, inputs: readonly Lifted[], count: number): readonly Lifted[] {
  const { operation, rules } = node;
  const stacked = inputs.map((x) => x.stacked);
  if (!stacked.includes(true)) {
    return apply(
      rules,
      operation,
      inputs.map((x) => x.tensor),
    ).map((tensor) => ({ tensor, stacked: false }));
  }
  if (operation.op === "scan") return ofScan(operation, inputs, count);
  if (operation.op === "gather") return [{ tensor: gatherEach(nth(inputs, 0), nth(inputs, 1), count), stacked: true }];
  if (operation.op === "scatterAdd") {
    const { rows } = operation;
    return [{ tensor: scatterEach(nth(inputs, 0), nth(inputs, 1), { rows, count }), stacked: true }];
  }
  return liftable(node, stacked) ? lift(node, inputs, count) : oneByOne(node, inputs, count);
}

const everyOne = ({ tensor, stacked }: Lifted, count: number): Tensor =>
  stacked ? tensor : broadcastTo(tensor, [count, ...tensor.shape]);

/** The loop, with the axis of the inputs behind the axis of the steps: `[time, count, ...]`. */
function ofScan(operation: ScanOperation, inputs: readonly Lifted[], count: number): readonly Lifted[] {
  const { body, states: number } = operation;
  const parts = splitScan(operation, inputs);
  const varying = varyingStates(operation, parts);
  const flags = [...parts.captures.map((x) => x.stacked), ...varying, ...parts.sequences.map((x) => x.stacked)];
  const own = body.inputs.map((x, i) => (flags[i] === true ? inputLike(x, count) : input(x, labelOf(x))));
  const after = vectorize(
    body,
    own.map((tensor, i) => ({ tensor, stacked: flags[i] === true })),
    count,
  );
  const outputs = after.map((y, i) => (varying[i] === true ? everyOne(y, count) : y.tensor));
  // The promise about lengths refers to rows in axis 0, which now is the axis of the inputs. It is optional, so it is
  // dropped.
  const { lengths: _, ...rest } = operation;
  const results = applyScan({ ...rest, body: programOf(own, outputs) }, [
    ...parts.captures.map((x) => x.tensor),
    ...parts.states.map((x, i) => (varying[i] === true ? everyOne(x, count) : x.tensor)),
    ...parts.sequences.map((x) => (x.stacked ? swapped(x.tensor) : x.tensor)),
  ]);
  return zip(results, after).map(([tensor, { stacked }], i): Lifted => {
    if (i < number) return { tensor, stacked: varying[i] === true };
    return stacked ? { tensor: swapped(tensor), stacked } : { tensor, stacked };
  });
}

/** Which states differ between the inputs: those that differ at the start, and those that a step makes different. */
function varyingStates({ body, states }: ScanOperation, parts: ScanParts<Lifted>): readonly boolean[] {
  const varying = parts.states.map((x) => x.stacked);
  for (;;) {
    const flags = [...parts.captures.map((x) => x.stacked), ...varying, ...parts.sequences.map((x) => x.stacked)];
    const differs = new Set(body.inputs.filter((_, i) => flags[i]).map((x) => x.node));
    for (const node of body.nodes)
      if (node.inputs.some((x) => x.kind === "symbol" && differs.has(x.node))) differs.add(node);
    const found = body.outputs
      .slice(0, states)
      .map((y, i) => varying[i] !== true && y.kind === "symbol" && differs.has(y.node));
    if (!found.includes(true)) return varying;
    found.forEach((also, i) => (varying[i] = varying[i] === true || also));
  }
}

/** Rows of a table per input: one table of all, in which each input has its rows. */
function gatherEach({ tensor: x, stacked }: Lifted, indices: Lifted, count: number): Tensor {
  if (!stacked) return gather(x, indices.tensor);
  const rows = nth(x.shape, 1);
  return gather(reshape(x, [count * rows, ...x.shape.slice(2)]), ownRows(everyOne(indices, count), rows, count));
}

function scatterEach(
  indices: Lifted,
  updates: Lifted,
  { rows, count }: { readonly rows: number; readonly count: number },
): Tensor {
  const all = scatterAdd(ownRows(everyOne(indices, count), rows, count), everyOne(updates, count), count * rows);
  return reshape(all, [count, rows, ...all.shape.slice(1)]);
}

/** Indices `[count, ...]` of rows from 0 to `rows - 1`, as indices of one table of `count * rows` rows. */
function ownRows(indices: Tensor, rows: number, count: number): Tensor {
  const first = reshape(mul(iota([count]), rows), [count, ...indices.shape.slice(1).map(() => 1)]);
  return add(min(max(indices, 0), Math.max(rows - 1, 0)), first);
}

/** A loop over the inputs whose step is the node itself. */
function oneByOne(node: Node, inputs: readonly Lifted[], count: number): readonly Lifted[] {
  const distinct = [...new Set(inputs)];
  const given = [...distinct.filter((x) => !x.stacked), ...distinct.filter((x) => x.stacked)];
  const captures = distinct.filter((x) => !x.stacked).length;
  const own = given.map(({ tensor: { shape, dtype }, stacked }) =>
    input({ shape: stacked ? shape.slice(1) : shape, dtype }),
  );
  const outputs = apply(
    node.rules,
    node.operation,
    inputs.map((x) => nth(own, given.indexOf(x))),
  );
  return applyScan(
    {
      op: "scan",
      body: programOf(own, outputs),
      captures,
      states: 0,
      sequences: given.length - captures,
      length: count,
      reverse: false,
    },
    given.map((x) => x.tensor),
  ).map((tensor) => ({ tensor, stacked: true }));
}

const swapped = (x: Tensor): Tensor => transpose(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]);

const inputLike = (x: SymbolTensor, count: number): SymbolTensor =>
  input({ shape: [count, ...x.shape], dtype: x.dtype }, labelOf(x));
