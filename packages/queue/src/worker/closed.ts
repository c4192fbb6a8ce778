import type { Worker } from "bullmq";
import type { Line } from "../line.ts";

/** How long a worker that stops waits for Redis to come back, for its trials to be killed, and if it has none. */
const CUT_MS = 10_000;
const KILL_MS = 3000;
const IDLE_MS = 3000;
const LOOK_MS = 200;

interface ClosingOptions {
  readonly line: Pick<Line, "isDown">;
  /** Aborted if the trials are to be killed. */
  readonly kill: Pick<AbortSignal, "aborted">;
  /** The jobs that the worker has. */
  readonly busy: ReadonlySet<string>;
}

/**
 * Closes a worker when its trials have gone back to the queue. Without Redis they cannot, and BullMQ would wait for it.
 * It also waits, for ever, for a connection that was about to be opened again when it was told to close.
 */
export async function closed(worker: Pick<Worker, "close">, { line, kill, busy }: ClosingOptions): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const inVain = new Promise<void>((settle) => {
    let [cut, killed, idle] = [0, 0, 0];
    timer = setInterval(() => {
      cut = line.isDown() ? cut + LOOK_MS : 0;
      killed += kill.aborted ? LOOK_MS : 0;
      idle = busy.size === 0 ? idle + LOOK_MS : 0;
      if (cut > CUT_MS || killed > KILL_MS || idle > IDLE_MS) settle();
    }, LOOK_MS);
  });
  await Promise.race([worker.close(), inVain]);
  clearInterval(timer);
}
