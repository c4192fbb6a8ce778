export { gpu, type GpuBackend, type GpuOptions } from "./backend/gpu.ts";
export type { GpuMode } from "./device/modes.ts";
