import { apply } from "../apply.ts";
import type { DType } from "../dtype.ts";
import { zip } from "../lists.ts";
import type { Operation } from "../primitives/operation.ts";
import { labelOf, tensor, type ArrayTensor, type SymbolTensor, type Tensor } from "../tensor.ts";
import { Values } from "./evaluate.ts";
import { input, programOf, type Program } from "./program.ts";

/**
 * The same program in double precision: every f32 becomes f64, in inputs, constants, intermediate values and loop
 * bodies.
 */
export function widen(program: Program): Program {
  const inputs = program.inputs.map((x): SymbolTensor => input({ shape: x.shape, dtype: wide(x.dtype) }, labelOf(x)));
  const values = new Values();
  for (const [x, wider] of zip(program.inputs, inputs)) values.set(x.node, [wider]);
  const get = (x: Tensor): Tensor => (x.kind === "array" ? widenArray(x) : values.get(x));
  for (const node of program.nodes)
    values.set(node, apply(node.rules, widenOperation(node.operation), node.inputs.map(get)));
  return programOf(inputs, program.outputs.map(get));
}

/** The same values in f64, if they are f32. */
export function widenArray(x: ArrayTensor): ArrayTensor {
  return x.dtype === "f32" ? tensor(Float64Array.from(x.data), x.shape) : x;
}

/** Widens the programs and dtypes that an operation contains. */
function widenOperation(operation: Operation): Operation {
  if (operation.op === "customGradient")
    return { ...operation, body: widen(operation.body), gradient: widen(operation.gradient) };
  if ("body" in operation) return { ...operation, body: widen(operation.body) };
  return "dtype" in operation ? { ...operation, dtype: wide(operation.dtype) } : operation;
}

const wide = (dtype: DType): DType => (dtype === "f32" ? "f64" : dtype);
