import { copyIn, copyOut, type Host, viewsOf } from "./host.ts";
import { memoryPool } from "./memory-pool.ts";

/**
 * This thread, which is busy for as long as a program runs. An exchange is over when the call returns; its promise is
 * only how it says so.
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
