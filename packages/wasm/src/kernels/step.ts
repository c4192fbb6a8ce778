import { writesOf, type LoopStep, type Step } from "@sluice/compiler";
import { activeRowsKernel } from "./active-rows.ts";
import { cumulativeSumKernel } from "./cumulative-sum.ts";
import { elementwiseKernel } from "./elementwise.ts";
import { gatherKernel } from "./gather.ts";
import type { Kernel, KernelModule, RangeOptions } from "./kernel.ts";
import { matmulKernel } from "./matmul.ts";
import { packKernel } from "./pack.ts";
import { randomBitsKernel } from "./random-bits.ts";
import { reduceKernel } from "./reduce.ts";
import { scatterAddKernel } from "./scatter-add.ts";

/** The kernel of a step. Undefined if the step writes nothing. */
export function kernelOf(
  target: KernelModule,
  step: Exclude<Step, LoopStep>,
  ranges: RangeOptions,
): Kernel | undefined {
  if (writesOf(step).some((view) => view.shape.includes(0))) return undefined;
  switch (step.kind) {
    case "elementwise":
      return elementwiseKernel(target, step);
    case "matmul":
      return matmulKernel(target, step, ranges);
    case "pack":
      return packKernel(target, step);
    case "reduce":
      return reduceKernel(target, step);
    case "cumulativeSum":
      return cumulativeSumKernel(target, step);
    case "gather":
      return gatherKernel(target, step);
    case "scatterAdd":
      return scatterAddKernel(target, step);
    case "randomBits":
      return randomBitsKernel(target, step);
    case "activeRows":
      return activeRowsKernel(target, step);
  }
}
