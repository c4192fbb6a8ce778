import type { Place, Progress, Reply, Request } from "./protocol.ts";
import type { Settings } from "./settings.ts";

/** A worker that trains. Await each call before the next; all reject once it has ended. */
export interface Remote {
  /** From `saved` where given, else from the beginning. */
  start(settings: Settings, place: Place, saved?: Uint8Array): Promise<Progress>;
  train(): Promise<Progress>;
  save(): Promise<Progress>;
  /** At once, whatever it is doing. */
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
    start: (settings, place, saved) =>
      ask({ kind: "start", settings, place, ...(saved === undefined ? {} : { saved }) }),
    train: () => ask({ kind: "train" }),
    save: () => ask({ kind: "save" }),
    end() {
      worker.terminate();
      lost.reject(new Error("The worker was ended."));
    },
  };
}

/** An error that nobody caught in the worker, or, without a message, a worker that could not be loaded. */
function reasonOf(event: Event): string {
  if (event instanceof ErrorEvent && event.message !== "") return event.message.replace(/^Uncaught (Error: )?/, "");
  return "The worker that trains could not be loaded. Is the server that this page came from still running?";
}
