import type { Worker as NodeWorker } from "node:worker_threads";
import { workerThreads } from "./platform.ts";
import { version, workerSource } from "./worker-source.ts";

/** A worker of either platform. */
export interface Thread {
  /** `transfer`: buffers that become the worker's without being copied. */
  post(message: object, transfer?: readonly ArrayBuffer[]): void;
  /** Whether the worker keeps the process alive; a browser's never does. */
  hold(alive: boolean): void;
  /** Resolves once the worker runs and `gone` can be asked. Never rejects: a worker that does not start is `lost`. */
  readonly ready: Promise<void>;
  /**
   * Whether the worker is known to be gone, without a turn of the event loop. False where the platform does not say.
   */
  gone(): boolean;
  terminate(): Promise<void>;
}

export interface Listeners<Reply> {
  reply(reply: Reply): void;
  /** The worker is gone, or cannot be started: what happened, as the end of a sentence that begins with the worker. */
  lost(what: string, cause: unknown): void;
}

/** What a worker says about itself, or its answer to a message. */
type Said<Reply> = { readonly ready: number } | { readonly unreadable: true } | { readonly reply: Reply };

/**
 * Seconds that a worker may take to start, counted in turns of this thread's event loop, so that a busy thread is no
 * failure.
 */
const PATIENCE = 60;

/**
 * A worker that runs {@link workerSource}. In Node, Deno and Bun from the text itself; in a browser from `url`, which
 * leads to the published file of that text, or from a `blob:` URL where there is none.
 */
export function spawn<Reply>(listeners: Listeners<Reply>, url?: string): Thread {
  const greeted = Promise.withResolvers<void>();
  const lost = (what: string, cause?: unknown): void => {
    clearInterval(watch);
    listeners.lost(what, cause);
  };
  let seconds = 0;
  const watch = setInterval(() => {
    if (++seconds < PATIENCE) return;
    lost(
      `has not answered in ${PATIENCE} seconds${url === undefined ? "" : `; is ${url} the file @sluice/wasm/worker?`}`,
    );
  }, 1000);
  if (typeof watch === "object") watch.unref();

  const said = (message: Said<Reply>): void => {
    if ("reply" in message) return listeners.reply(message.reply);
    if ("unreadable" in message) return lost("was sent something that it could not read");
    clearInterval(watch);
    if (message.ready !== version)
      return lost(
        `is of another version of @sluice/wasm than this one; copy the file @sluice/wasm/worker to ${url} again`,
      );
    greeted.resolve();
  };
  const thread = start({ said, lost }, url);
  return {
    ...thread,
    ready: Promise.all([greeted.promise, thread.ready]).then(() => undefined),
    terminate() {
      clearInterval(watch);
      return thread.terminate();
    },
  };
}

interface PlatformListeners<Reply> {
  said(message: Said<Reply>): void;
  lost(what: string, cause?: unknown): void;
}

function start<Reply>(listeners: PlatformListeners<Reply>, url: string | undefined): Thread {
  const threads = workerThreads();
  try {
    return threads === undefined
      ? spawnInBrowser(listeners, url)
      : spawnInNode(new threads.Worker(workerSource, { eval: true, execArgv: [] }), listeners);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    queueMicrotask(() => listeners.lost(threads === undefined ? refusal(url) : `was not started: ${message}`, cause));
    return {
      post: () => undefined,
      hold: () => undefined,
      ready: new Promise(() => undefined),
      gone: () => true,
      terminate: () => Promise.resolve(),
    };
  }
}

function spawnInNode<Reply>(worker: NodeWorker, { said, lost }: PlatformListeners<Reply>): Thread {
  let ended: Promise<void> | undefined;
  // The idle time of a thread that has stopped is -1, at once; all else that Node says about its end it says in an
  // event. The first answer must be had while the worker lives.
  const idle = (): number => worker.performance?.eventLoopUtilization?.().idle ?? 0;
  const online = new Promise<void>((resolve) =>
    worker.on("online", () => {
      idle();
      resolve();
    }),
  );
  worker.on("message", (message) => {
    idle();
    said(message);
  });
  worker.on("messageerror", (error: Error) => lost(`said something that cannot be read (${error.message})`, error));
  worker.on("error", (error: Error) => lost(`failed: ${error.message}`, error));
  worker.on("exit", (code) => lost(`ended with code ${code}`));
  worker.unref();
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    hold(alive) {
      // Its end is waited for: that keeps the process alive in any case.
      if (ended !== undefined) return;
      if (alive) worker.ref();
      else worker.unref();
    },
    ready: online,
    gone: () => idle() < 0,
    async terminate() {
      ended ??= Promise.resolve(worker.removeAllListeners("exit").terminate()).then(() => undefined);
      await ended;
    },
  };
}

function spawnInBrowser<Reply>({ said, lost }: PlatformListeners<Reply>, given: string | undefined): Thread {
  const url = given ?? URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onmessage = (event: MessageEvent<Said<Reply>>) => said(event.data);
  worker.onmessageerror = () => lost("said something that cannot be read");
  worker.onerror = (event) => lost(event.message ? `failed: ${event.message}` : refusal(given), event);
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    hold: () => undefined,
    ready: Promise.resolve(),
    gone: () => false,
    async terminate() {
      worker.terminate();
      if (given === undefined) URL.revokeObjectURL(url);
    },
  };
}

/** A browser does not say why it starts no worker. */
function refusal(url: string | undefined): string {
  if (url !== undefined) {
    return `was not started from ${url}: that must be the file @sluice/wasm/worker, served as JavaScript from the page's origin, and the page's Content-Security-Policy must allow it (worker-src 'self')`;
  }
  const ways = [
    "allow `worker-src blob:`",
    'serve the file @sluice/wasm/worker from the page\'s origin and pass its address: wasm({ worker: "/worker.js" })',
    "run programs on the calling thread: wasm({ worker: false })",
  ];
  return `was not started from a blob: URL, which a Content-Security-Policy without \`worker-src blob:\` forbids; ${ways.join(", or ")}`;
}
