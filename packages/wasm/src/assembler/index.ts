export type { Expression, Local, Operand, ResultType, ValueType } from "./expression.ts";
export type { Body, Label } from "./body.ts";
export { i32, i64 } from "./integer.ts";
export { f32, f64 } from "./float.ts";
export { f32x4, f64x2, i32x4, v128 } from "./vector.ts";
export { atomics, memory, select } from "./memory.ts";
export { type MemoryOptions, type ModuleBuilder, wasmModule, type WasmFunction } from "./module.ts";
export { inStep } from "./in-step.ts";
export { times } from "./times.ts";
