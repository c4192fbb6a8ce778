export { type Threads, wasm, type WasmBackend, type WasmOptions } from "./backend/wasm.ts";
export type { Pairing } from "./pairing.ts";
export type { MultiplyAddMode } from "./assembler/index.ts";
