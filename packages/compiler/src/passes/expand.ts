import { evaluate, type Program } from "@sluice/tensor";
import { apply } from "@sluice/tensor/internal";
import { factsOf } from "../facts/facts.ts";
import { rewrite } from "./rewrite.ts";

/**
 * Puts the bodies of wrappers, such as checkpoints, in their place and drops names. A checkpoint's gradient has a copy
 * of the body of its own, so what was to be computed again still is.
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
