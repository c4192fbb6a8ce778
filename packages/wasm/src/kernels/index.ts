export { type Kernel, type KernelModule, kernelModule } from "./kernel.ts";
export { kernelOf } from "./step.ts";
