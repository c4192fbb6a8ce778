export { type Threads, wasm, type WasmBackend, type WasmOptions } from "./backend/wasm.ts";
