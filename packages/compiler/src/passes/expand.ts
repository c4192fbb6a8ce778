import { evaluate, type Program } from "@sluice/tensor";
import { apply } from "@sluice/tensor/internal";
import { factsOf } from "../facts/facts.ts";
import { rewrite } from "./rewrite.ts";

/**
 * Replaces wrappers, such as checkpoints, by their bodies, and removes names. A checkpoint's gradient has its own copy
 * of the body, so values that should be computed again still are.
 */
export function inlineBodies(program: Program): Program {
  return rewrite(program, ({ operation, rules }, inputs) => {
    const { expands } = factsOf(operation);
    if (expands === "operand") return inputs;
    if (!("body" in operation)) return undefined;
    const body = inlineBodies(operation.body);
    return expands === "body" ? evaluate(body, inputs) : apply(rules, { ...operation, body }, inputs);
  });
}
