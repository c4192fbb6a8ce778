export { runInMemory, type Left, type MemoryContextOptions } from "./run-in-memory.ts";
