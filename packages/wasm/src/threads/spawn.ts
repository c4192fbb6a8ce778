import type { Worker as NodeWorker } from "node:worker_threads";
import { workerThreads } from "./platform.ts";
import { version, workerSource } from "./worker-source.ts";

/** A worker, in Node or in a browser. */
export interface Thread {
  /** Sends a message. The buffers in `transfer` move to the worker without being copied. */
  post(message: object, transfer?: readonly ArrayBuffer[]): void;
  /** Whether the worker keeps the process alive. In a browser it never does. */
  hold(alive: boolean): void;
  /**
   * Resolves when the worker runs and `gone` can be called. Never rejects: a worker that does not start is reported as
   * `lost`.
   */
  readonly ready: Promise<void>;
  /**
   * Whether the worker is known to be gone, without a turn of the event loop. Always false on platforms that cannot
   * tell.
   */
  gone(): boolean;
  terminate(): Promise<void>;
}

export interface Listeners<Reply> {
  reply(reply: Reply): void;
  /** Called when the worker is gone or cannot be started. `what` completes a sentence whose subject is the worker. */
  lost(what: string, cause: unknown): void;
}

/** A worker's message about itself, or its reply. */
type Said<Reply> = { readonly ready: number } | { readonly unreadable: true } | { readonly reply: Reply };

/**
 * How many seconds a worker may take to start. They are counted in turns of this thread's event loop, so a busy thread
 * does not count as a failure.
 */
const PATIENCE = 60;

/**
 * Starts a worker that runs {@link workerSource}. Node, Deno and Bun run the text itself. A browser loads the published
 * file at `url`, or a `blob:` URL of the text if there is no `url`.
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
      `did not answer within ${PATIENCE} seconds${url === undefined ? "" : `; is ${url} the file @sluice/wasm/worker?`}`,
    );
  }, 1000);
  if (typeof watch === "object") watch.unref();

  const said = (message: Said<Reply>): void => {
    if ("reply" in message) return listeners.reply(message.reply);
    if ("unreadable" in message) return lost("could not read a message");
    clearInterval(watch);
    if (message.ready !== version)
      return lost(`has another version of @sluice/wasm; copy the file @sluice/wasm/worker to ${url} again`);
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
  // The idle time of a stopped thread is -1 at once. Everything else about its end arrives in an event. The first call
  // must be made while the worker is alive. Bun does not know it, and prints a warning when asked.
  const idle = (): number => ("Bun" in globalThis ? 0 : (worker.performance?.eventLoopUtilization?.().idle ?? 0));
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
  worker.on("messageerror", (error: Error) => lost(`sent a message that cannot be read (${error.message})`, error));
  worker.on("error", (error: Error) => lost(`failed: ${error.message}`, error));
  worker.on("exit", (code) => lost(`ended with code ${code}`));
  worker.unref();
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    hold(alive) {
      // `terminate` is awaited, which keeps the process alive in any case.
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
  worker.onmessageerror = () => lost("sent a message that cannot be read");
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

/** What to try: a browser does not say why it did not start a worker. */
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
