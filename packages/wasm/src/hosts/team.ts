import type { Values } from "@sluice/tensor";
import { createPool } from "../threads/index.ts";
import { copyIn, copyOut, type Host, type Session, viewsOf } from "./host.ts";
import { memoryPool } from "./memory-pool.ts";

/**
 * Runs programs on several threads with shared memory. In Node this thread is one of them. Elsewhere all are workers,
 * so that a page is never blocked and a lost worker is noticed. `worker` is the URL of the workers' file.
 */
export function team(threads: number, worker?: string): Host {
  const pool = createPool(worker === undefined ? { threads } : { threads, worker });
  const memories = memoryPool({ shared: true });
  return {
    threads,
    async open({ module, pages, barrier, places }): Promise<Session> {
      const memory = memories.take(pages);
      const program = await pool.load({ module, memory, barrier });
      const views = viewsOf(memory, places);
      let last: Promise<unknown> = Promise.resolve();
      const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
        const result = last.then(work);
        last = result.catch(() => {});
        return result;
      };
      return {
        exchange: ({ write, run, read }) =>
          inOrder(async (): Promise<Values[]> => {
            pool.check();
            copyIn(views, write);
            if (run) await program.run("run");
            return copyOut(views, read);
          }),
        release: () =>
          inOrder(async () => {
            program.release();
            memories.give(memory);
          }),
      };
    },
    close: () => pool.close(),
  };
}
