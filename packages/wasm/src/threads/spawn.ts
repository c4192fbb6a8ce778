import type { Worker as NodeWorker } from "node:worker_threads";
import { workerSource } from "./worker-source.ts";

/** What a worker says. */
export type Reply =
  | { kind: "loaded"; id: number; error?: string }
  | { kind: "done" }
  | { kind: "failed"; worker: number; message: string };

/** A worker of either platform. */
export interface Thread {
  post(message: object): void;
  /** Whether the worker keeps the process alive; a browser's never does. */
  hold(alive: boolean): void;
  terminate(): Promise<void>;
}

export interface Listeners {
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

export function spawn(listeners: Listeners): Thread {
  const threads = workerThreads();
  return threads === undefined ? spawnInBrowser(listeners) : spawnInNode(new threads.Worker(workerSource, { eval: true, execArgv: [] }), listeners);
}

function spawnInNode(worker: NodeWorker, { reply, lost }: Listeners): Thread {
  worker.on("message", reply);
  worker.on("error", (error: Error) => lost(error));
  worker.on("exit", (code) => lost(new Error(`A worker ended with code ${code}.`)));
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    hold: (alive) => (alive ? worker.ref() : worker.unref()),
    async terminate() {
      worker.removeAllListeners("exit");
      await worker.terminate();
    },
  };
}

function spawnInBrowser({ reply, lost }: Listeners): Thread {
  const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onmessage = (event: MessageEvent<Reply>) => reply(event.data);
  worker.onerror = (event) => lost(new Error(`A worker failed: ${event.message}`));
  return {
    post: (message) => worker.postMessage(message),
    hold: () => undefined,
    async terminate() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
