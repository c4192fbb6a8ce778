import type { Program } from "@sluice/tensor";
import { lower, type LowerOptions } from "./lower.ts";
import { assignMemory } from "./memory.ts";
import type { Plan } from "./plan.ts";

/** The plan of a program, optimized or not: its work, step by step, on memory with fixed addresses. */
export function planProgram(program: Program, options: LowerOptions = {}): Plan {
  const lowered = lower(program, options);
  const { buffers, bytes } = assignMemory(lowered, options.passes?.memory ?? true);
  const { inputs, outputs, constants, steps, padding } = lowered;
  return { buffers, bytes, inputs, outputs, constants, steps, padding };
}
