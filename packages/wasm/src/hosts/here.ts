import { copyIn, copyOut, type Host, viewsOf } from "./host.ts";
import { memoryPool } from "./memory-pool.ts";

/**
 * Runs programs on this thread, which is busy meanwhile. An exchange is complete when the call returns; the promise
 * only reports it.
 */
export function here(): Host {
  const memories = memoryPool({ shared: false });
  let closed = false;
  return {
    threads: 1,
    async open({ module, pages, places }) {
      const memory = memories.take(pages);
      const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
      const entry = exports["run"];
      const views = viewsOf(memory, places);
      return {
        async exchange({ write, run, read }) {
          if (closed) throw new Error("wasm: the backend was closed");
          copyIn(views, write);
          if (run && typeof entry === "function") entry(0, 1);
          return copyOut(views, read);
        },
        async release() {
          memories.give(memory);
        },
      };
    },
    async close() {
      closed = true;
    },
  };
}
