export { type Kernel, type KernelModule, kernelModule, type Part } from "./kernel.ts";
export { kernelOf } from "./step.ts";
