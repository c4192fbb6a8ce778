import type { Worker as NodeWorker } from "node:worker_threads";

/** A worker of either platform. */
export interface Thread {
  /** `transfer`: buffers that become the worker's without being copied. */
  post(message: object, transfer?: readonly ArrayBuffer[]): void;
  /** Whether the worker keeps the process alive; a browser's never does. */
  hold(alive: boolean): void;
  terminate(): Promise<void>;
}

export interface Listeners<Reply> {
  reply(reply: Reply): void;
  /** The worker is gone, or cannot be started. */
  lost(error: Error): void;
}

/** `worker_threads` where this is Node. Asked for at run time, so that bundlers for browsers find nothing to resolve. */
function workerThreads(): typeof import("node:worker_threads") | undefined {
  return typeof process === "object" ? process.getBuiltinModule?.("node:worker_threads") : undefined;
}

/** Whether this thread may sleep: any in Node, and workers in a browser, but not a page. */
export function mayBlock(): boolean {
  return workerThreads() !== undefined || !("document" in globalThis);
}

/** Whether memory can be shared: everywhere in Node, and in a page that is cross-origin isolated. */
export function canShare(): boolean {
  return typeof SharedArrayBuffer === "function" && (workerThreads() !== undefined || globalThis.crossOriginIsolated);
}

/** A worker that runs `source`, a script that is the same on both platforms. */
export function spawn<Reply>(source: string, listeners: Listeners<Reply>): Thread {
  const threads = workerThreads();
  return threads === undefined ? spawnInBrowser(source, listeners) : spawnInNode(new threads.Worker(source, { eval: true, execArgv: [] }), listeners);
}

function spawnInNode<Reply>(worker: NodeWorker, { reply, lost }: Listeners<Reply>): Thread {
  worker.on("message", reply);
  worker.on("error", (error: Error) => lost(error));
  worker.on("exit", (code) => lost(new Error(`A worker ended with code ${code}.`)));
  worker.unref();
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    hold: (alive) => (alive ? worker.ref() : worker.unref()),
    async terminate() {
      worker.removeAllListeners("exit");
      await worker.terminate();
    },
  };
}

function spawnInBrowser<Reply>(source: string, { reply, lost }: Listeners<Reply>): Thread {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onmessage = (event: MessageEvent<Reply>) => reply(event.data);
  worker.onerror = (event) => lost(new Error(`A worker failed: ${event.message}`));
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    hold: () => undefined,
    async terminate() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
