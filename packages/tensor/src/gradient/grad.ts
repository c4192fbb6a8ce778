import { checkFunction } from "../arguments.ts";
import { isFloat } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { nth, zip } from "../lists.ts";
import { close } from "../program/close.ts";
import { evaluate } from "../program/evaluate.ts";
import { input, programOf, type Program } from "../program/program.ts";
import { symbolsLike } from "../program/record.ts";
import { sameShape, showShape } from "../shape.ts";
import { shown } from "../shown.ts";
import { describe, isTensor, onesLike, zerosLike, type SymbolTensor, type Tensor } from "../tensor.ts";
import { matchTree, tensorsOf, treeFrom, type Tree } from "../tree.ts";
import { backward } from "./backward.ts";

/**
 * The program that computes a program's outputs and the cotangents of its inputs `wrt`. The cotangents of the outputs
 * are further inputs. If no output depends on an input, its cotangent is zero.
 */
export function differentiate(program: Program, wrt: readonly number[]): Program {
  const seeds = program.outputs.map((y) => (isFloat(y.dtype) ? input(y, "cotangent") : undefined));
  const targets = wrt.map((i) => {
    const target = program.inputs[i];
    if (target === undefined)
      throw new TensorError(`differentiate: the program has no input ${i}; it has ${program.inputs.length}`);
    return target;
  });
  const { cotangents, outputs } = backward(program.outputs, seeds, targets);
  const gradients = targets.map((x, i) => cotangents[i] ?? zerosLike(x));
  return programOf([...program.inputs, ...seeds.filter((x) => x !== undefined)], [...outputs, ...gradients]);
}

/**
 * The value of a scalar function and its gradient with respect to the first argument; further arguments are held fixed.
 * The gradient has the nesting of the argument, with zeros for integer and boolean tensors.
 */
export function valueAndGrad<P extends Tree, A extends readonly Tree[]>(
  f: (params: P, ...args: A) => Tensor,
): (params: P, ...args: A) => { value: Tensor; gradient: P } {
  checkFunction("grad", "the argument", f);
  const withAux = valueAndGradAux((params: P, ...args: A) => ({ value: f(params, ...args), aux: [] }));
  return (params, ...args) => {
    const { value, gradient } = withAux(params, ...args);
    return { value, gradient };
  };
}

/** {@link valueAndGrad} for a function that also returns other results (`aux`). They are not differentiated. */
export function valueAndGradAux<P extends Tree, A extends readonly Tree[], X extends Tree>(
  f: (params: P, ...args: A) => { value: Tensor; aux: X },
): (params: P, ...args: A) => { value: Tensor; gradient: P; aux: X } {
  checkFunction("grad", "the argument", f);
  return (params, ...args) => {
    const inputs = symbolsLike([params, ...args]);
    const count = tensorsOf(params).length;
    const { value, aux } = f(treeFrom(params, inputs.slice(0, count)), ...treeFrom(args, inputs.slice(count)));
    if (!isTensor(value))
      throw new TensorError(`grad: expected a function with a scalar tensor as its result, got ${shown(value)}`);
    if (value.shape.length > 0 || !isFloat(value.dtype)) {
      throw new TensorError(
        `grad: expected a function with a scalar float result, got ${value.dtype} ${describe(value)}; reduce it with sum or mean`,
      );
    }
    const targets = inputs.slice(0, count);
    const rest = tensorsOf(aux);
    const { cotangents, outputs } = backward(
      [value, ...rest],
      [onesLike(value), ...rest.map(() => undefined)],
      targets,
    );
    const gradients = targets.map((x, i) => cotangents[i] ?? zerosLike(x));
    const results = inlined(inputs, [...outputs, ...gradients], [params, ...args]);
    return {
      value: nth(results, 0),
      aux: treeFrom(aux, results.slice(1, outputs.length)),
      gradient: treeFrom(params, results.slice(outputs.length)),
    };
  };
}

/** The gradient of a scalar function with respect to its first argument. */
export function grad<P extends Tree, A extends readonly Tree[]>(
  f: (params: P, ...args: A) => Tensor,
): (params: P, ...args: A) => P {
  const both = valueAndGrad(f);
  return (params, ...args) => both(params, ...args).gradient;
}

/** The result of `f`, and a function that maps a cotangent of the result to cotangents of the arguments. */
export function vjp<A extends readonly Tree[], R extends Tree>(
  f: (...args: A) => R,
  ...args: A
): { result: R; pullback: (cotangent: R) => A } {
  const inputs = symbolsLike(args);
  const recorded = f(...treeFrom(args, inputs));
  const outputs = tensorsOf(recorded);
  const result = treeFrom(recorded, inlined(inputs, outputs, args));
  const pullback = (cotangent: R): A => {
    const given = matchTree("vjp: cotangent", recorded, cotangent);
    for (const [g, y] of zip(given, outputs)) {
      if (g.dtype === y.dtype && sameShape(g.shape, y.shape)) continue;
      throw new TensorError(
        `vjp: cotangent ${g.dtype} ${describe(g)} does not fit the result ${y.dtype} ${showShape(y.shape)}`,
      );
    }
    const seeds = outputs.map((y) => (isFloat(y.dtype) ? input(y, "cotangent") : undefined));
    const { cotangents } = backward(outputs, seeds, inputs);
    const gradients = inputs.map((x, i) => cotangents[i] ?? zerosLike(x));
    const seeded = seeds.flatMap((seed, i) => (seed === undefined ? [] : [[seed, nth(given, i)] as const]));
    return treeFrom(
      args,
      evaluateOpen([...inputs, ...seeded.map(([seed]) => seed)], gradients, [
        ...args.flatMap(tensorsOf),
        ...seeded.map(([, g]) => g),
      ]),
    );
  };
  return { result, pullback };
}

function inlined(inputs: readonly SymbolTensor[], outputs: readonly Tensor[], args: readonly Tree[]): Tensor[] {
  return evaluateOpen(inputs, outputs, args.flatMap(tensorsOf));
}

/** Evaluates with `args` for `inputs`. Symbols of an enclosing program that `outputs` also use stay unchanged. */
function evaluateOpen(inputs: readonly SymbolTensor[], outputs: readonly Tensor[], args: readonly Tensor[]): Tensor[] {
  const { program, captures } = close(inputs, outputs);
  return evaluate(program, [...captures, ...args]);
}
