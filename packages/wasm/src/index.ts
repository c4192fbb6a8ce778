export { type Threads, wasm, type WasmBackend, type WasmOptions } from "./backend/wasm.ts";
export type { Pairing } from "./pairing.ts";
