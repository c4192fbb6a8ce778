import type { ExecutionTarget, Progress, Reply, Request } from "./protocol.ts";
import type { Settings } from "./settings.ts";

/** A worker that trains. Await each call before the next. After `end`, or if the worker fails, all calls reject. */
export interface Remote {
  /** Starts training, from `saved` if given. */
  start(settings: Settings, target: ExecutionTarget, saved?: Uint8Array): Promise<Progress>;
  train(): Promise<Progress>;
  save(): Promise<Progress>;
  /** Ends the worker at once. */
  end(): void;
}

export function openRemote(): Remote {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  worker.addEventListener("error", (event: Event) => lost.reject(new Error(reasonOf(event))));

  const ask = async (request: Request): Promise<Progress> => {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => resolve(data), { once: true });
    worker.postMessage(request);
    const reply = await Promise.race([promise, lost.promise]);
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply;
  };
  return {
    start: (settings, target, saved) =>
      ask({ kind: "start", settings, target, ...(saved === undefined ? {} : { saved }) }),
    train: () => ask({ kind: "train" }),
    save: () => ask({ kind: "save" }),
    end() {
      worker.terminate();
      lost.reject(new Error("The worker was ended."));
    },
  };
}

/**
 * The message of an uncaught error in the worker. An event without a message means that the worker could not be loaded.
 */
function reasonOf(event: Event): string {
  if (event instanceof ErrorEvent && event.message !== "") return event.message.replace(/^Uncaught (Error: )?/, "");
  return "The worker that trains could not be loaded. Check that the server of this page is still running.";
}
