import { apply, isArray } from "../apply.ts";
import { isFloat } from "../dtype.ts";
import type { Rules } from "../node.ts";
import type { CheckpointOperation } from "../primitives/operation.ts";
import { close } from "../program/close.ts";
import { evaluate } from "../program/evaluate.ts";
import { input, programOf, type Program } from "../program/program.ts";
import { symbolsLike } from "../program/record.ts";
import type { ArrayTensor, Tensor } from "../tensor.ts";
import { tensorsOf, treeFrom, type Tree } from "../tree.ts";
import { backward } from "./backward.ts";

export const checkpointRules: Rules<CheckpointOperation> = {
  op: "checkpoint",
  recompute: "costly",
  infer: ({ body }) => body.outputs.map(({ shape, dtype }) => ({ shape, dtype })),
  evaluate: ({ body }, inputs): readonly ArrayTensor[] => evaluate(body, inputs).filter(isArray),
  gradient({ operation: { body }, inputs, cotangents, needs }) {
    const seeds = body.outputs.map((y, i) => (cotangents[i] === undefined ? undefined : input(y, "cotangent")));
    const targets = body.inputs.filter((x, i) => needs[i] === true && isFloat(x.dtype));
    const found = backward(body.outputs, seeds, targets);
    const produced = found.cotangents.filter((g) => g !== undefined);
    const gradient: Program = programOf([...body.inputs, ...seeds.filter((x) => x !== undefined)], produced);
    // The body is computed again inside this node, from the inputs alone.
    const results = apply(checkpointRules, { op: "checkpoint", body: gradient }, [
      ...inputs,
      ...cotangents.filter((g) => g !== undefined),
    ]);
    let next = 0;
    const byTarget = new Map(
      targets.map((x, i) => [x, found.cotangents[i] === undefined ? undefined : results[next++]]),
    );
    return { cotangents: body.inputs.map((x) => byTarget.get(x)) };
  },
};

/** The same function, but its intermediate values are computed again for its gradient instead of being kept. */
export function checkpoint<A extends readonly Tree[], R extends Tree>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const inputs = symbolsLike(args);
    const result = f(...treeFrom(args, inputs));
    const { program, captures } = close(inputs, tensorsOf(result));
    const outputs: readonly Tensor[] = apply(checkpointRules, { op: "checkpoint", body: program }, [
      ...captures,
      ...args.flatMap(tensorsOf),
    ]);
    return treeFrom(result, outputs);
  };
}
