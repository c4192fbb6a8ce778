import { apply, isArray } from "../apply.ts";
import { checkFunction, checkList } from "../arguments.ts";
import { isFloat } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import type { GradientContext, GradientResult, Rules } from "../node.ts";
import type { CustomGradientOperation } from "../primitives/operation.ts";
import { close } from "../program/close.ts";
import { evaluate } from "../program/evaluate.ts";
import { input, programOf } from "../program/program.ts";
import { symbolsLike } from "../program/record.ts";
import { sameShape, showShape } from "../shape.ts";
import { describe, zerosLike, type ArrayTensor, type SymbolTensor, type Tensor, type Type } from "../tensor.ts";
import { leavesOf, matchTree, tensorsOf, treeFrom, type Tree } from "../tree.ts";

const ofFloats = <T extends Type>(types: readonly T[]): T[] => types.filter(({ dtype }) => isFloat(dtype));

export const customGradientRules: Rules<CustomGradientOperation> = {
  op: "customGradient",
  recompute: "costly",
  infer: ({ body }) => body.outputs.map(({ shape, dtype }) => ({ shape, dtype })),
  evaluate: ({ body }, inputs): readonly ArrayTensor[] => evaluate(body, inputs).filter(isArray),
  gradient({ operation, inputs, outputs, cotangents }: GradientContext<CustomGradientOperation>): GradientResult {
    const { captures, ruleCaptures, gradient } = operation;
    const args = inputs.slice(captures + ruleCaptures);
    const seeds = outputs.flatMap((y, i) => (isFloat(y.dtype) ? [cotangents[i] ?? zerosLike(y)] : []));
    const ofRule = inputs.slice(captures, captures + ruleCaptures);
    const found = evaluate(gradient, [...ofRule, ...args, ...outputs, ...seeds]);
    let next = 0;
    return {
      cotangents: [
        ...inputs.slice(0, captures + ruleCaptures).map(() => undefined),
        ...args.map((x) => (isFloat(x.dtype) ? found[next++] : undefined)),
      ],
    };
  },
};

/** The arguments of a custom gradient rule. */
export interface GradientRuleContext<A extends readonly Tree[], R extends Tree> {
  readonly args: A;
  /** The result of the function. */
  readonly result: R;
  /** The gradient with respect to the result, with the same nesting; zeros for integers and bools. */
  readonly cotangent: R;
}

/**
 * Gives the function `f` a custom gradient rule. `rule` returns the gradient with respect to each argument, with the
 * nesting and shapes of the arguments; results for integers and bools are ignored. The rule is made of tensor
 * functions, so it can be differentiated again, which gives the second derivative.
 *
 * `f` must not use float tensors of an enclosing function, because the rule says nothing about them: pass them as
 * arguments. The rule itself may use them.
 *
 *     const round = customGradient((x: Tensor) => floor(add(x, 0.5)), ({ cotangent }) => [cotangent]);
 */
export function customGradient<A extends readonly Tree[], R extends Tree>(
  f: (...args: A) => R,
  rule: (context: GradientRuleContext<A, R>) => readonly [...A],
): (...args: A) => R {
  checkFunction("customGradient", "the first argument", f);
  checkFunction("customGradient", "the second argument", rule);
  return (...args) => {
    const inputs = symbolsLike(args);
    const recorded = f(...treeFrom(args, inputs));
    const body = close(inputs, tensorsOf(recorded));
    const [captured] = ofFloats(body.captures);
    if (captured !== undefined) {
      throw new TensorError(
        `customGradient: the function uses ${describe(captured)} from outside, for which the rule gives no gradient; pass it as an argument, or stopGradient of it`,
      );
    }
    const gradient = recordRule(rule, args, recorded);
    const ofRule = gradient.captures.map((x) => input(x));
    const count = body.captures.length;
    const operation: CustomGradientOperation = {
      op: "customGradient",
      body: programOf(
        [...body.program.inputs.slice(0, count), ...ofRule, ...body.program.inputs.slice(count)],
        body.program.outputs,
      ),
      gradient: gradient.program,
      captures: count,
      ruleCaptures: ofRule.length,
    };
    const given: readonly Tensor[] = [...body.captures, ...gradient.captures, ...args.flatMap(tensorsOf)];
    return treeFrom(recorded, apply(customGradientRules, operation, given));
  };
}

/** The rule as a program of arguments, results and the cotangents of float results. */
function recordRule<A extends readonly Tree[], R extends Tree>(
  rule: (context: GradientRuleContext<A, R>) => readonly [...A],
  args: A,
  recorded: R,
) {
  const inputs = symbolsLike(args);
  const results = tensorsOf(recorded).map((y): SymbolTensor => input(y, "result"));
  const seeds = results.map((y): Tensor => (isFloat(y.dtype) ? input(y, "cotangent") : zerosLike(y)));
  const given = rule({
    args: treeFrom(args, inputs),
    result: treeFrom(recorded, results),
    cotangent: treeFrom(recorded, seeds),
  });
  checkList("customGradient", "what the rule gives", given, "[cotangent]");
  const found = matchTree("customGradient: what the rule gives", args, given);
  const paths = leavesOf(args);
  const outputs = inputs.flatMap((x, i) => (isFloat(x.dtype) ? [checked(x, found[i], paths[i]?.path ?? "")] : []));
  const symbols = seeds.filter((seed) => seed.kind === "symbol");
  return close([...inputs, ...results, ...symbols], outputs);
}

function checked(x: Tensor, given: Tensor | undefined, path: string): Tensor {
  if (given !== undefined && given.dtype === x.dtype && sameShape(given.shape, x.shape)) return given;
  const got = given === undefined ? "nothing" : `${given.dtype} ${describe(given)}`;
  throw new TensorError(
    `customGradient: the rule returns ${got} for argument ${path}, expected ${x.dtype} ${showShape(x.shape)}`,
  );
}
