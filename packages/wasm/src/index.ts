export { wasm, type WasmOptions } from "./backend/wasm.ts";
