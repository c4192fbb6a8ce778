import { MAXIMUM_PAGES } from "../backend/program-module.ts";

/** Keeps the memories of disposed executables for new ones, because engines free a WebAssembly memory late, if ever. */
export interface MemoryPool {
  /** A memory of at least `pages` pages, all zeros. */
  take(pages: number): WebAssembly.Memory;
  give(memory: WebAssembly.Memory): void;
}

const PAGE = 65536;

export function memoryPool({ shared }: { readonly shared: boolean }): MemoryPool {
  let free: WebAssembly.Memory[] = [];
  const pagesOf = (memory: WebAssembly.Memory): number => memory.buffer.byteLength / PAGE;
  return {
    take(pages) {
      const [largest] = free.toSorted((a, b) => pagesOf(b) - pagesOf(a));
      const fitting = free.filter((memory) => pagesOf(memory) >= pages).toSorted((a, b) => pagesOf(a) - pagesOf(b))[0];
      const memory = fitting ?? largest;
      if (memory === undefined)
        return new WebAssembly.Memory(shared ? { initial: pages, maximum: MAXIMUM_PAGES, shared } : { initial: pages });
      free = free.filter((other) => other !== memory);
      // Before it grows: new pages are zeros, and the machine provides each of them when it is touched.
      new Uint8Array(memory.buffer).fill(0);
      if (pagesOf(memory) < pages) memory.grow(pages - pagesOf(memory));
      return memory;
    },
    give(memory) {
      free.push(memory);
    },
  };
}
