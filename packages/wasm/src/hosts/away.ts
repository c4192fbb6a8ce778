import type { Values } from "@sluice/tensor";
import { type Listeners, spawn } from "../threads/index.ts";
import type { FromSession, ToSession } from "../threads/worker/session.ts";
import type { Host, Session } from "./host.ts";

interface Question {
  resolve(values: readonly Values[]): void;
  reject(error: Error): void;
}

/**
 * Runs each program in a worker with a memory of its own, which need not be shared. So a page stays responsive while
 * its programs run, even if it is not cross-origin isolated. Inputs and outputs are copied once more than with the
 * other hosts. `worker` is the URL of the workers' file.
 */
export function away(worker?: string): Host {
  const sessions = new Set<{ end(error: Error): Promise<void> }>();
  let closed = false;

  async function open(program: Parameters<Host["open"]>[0]): Promise<Session> {
    if (closed) throw new Error("wasm: the backend was closed");
    const questions: Question[] = [];
    let lost: Error | undefined;
    const listeners: Listeners<FromSession> = {
      reply(reply) {
        const question = questions.shift();
        if (questions.length === 0) thread.hold(false);
        if (reply.error === undefined) question?.resolve(reply.values);
        else question?.reject(new Error(reply.error));
      },
      lost(what, cause) {
        lose(
          new Error(
            `wasm: the worker of a program ${what}. Its state is lost; compile the program again.`,
            cause === undefined ? undefined : { cause },
          ),
        );
      },
    };
    const thread = spawn<FromSession>(listeners, worker);
    const lose = (error: Error): void => {
      lost ??= error;
      for (const { reject } of questions.splice(0)) reject(lost);
    };
    const ask = (message: ToSession, transfer: readonly ArrayBuffer[] = []): Promise<readonly Values[]> =>
      new Promise((resolve, reject) => {
        if (lost !== undefined) return reject(lost);
        questions.push({ resolve, reject });
        thread.hold(true);
        thread.post(message, transfer);
      });
    const session = {
      async end(error: Error) {
        sessions.delete(session);
        lose(error);
        await thread.terminate();
      },
    };
    sessions.add(session);
    let last: Promise<unknown> = Promise.resolve();
    try {
      await ask({ open: program });
    } catch (error) {
      await session.end(new Error("wasm: the program could not be opened"));
      throw error;
    }
    return {
      exchange({ write, run, read }) {
        // Copies, because the caller keeps its arrays. Only the values are copied: transferring a view would transfer
        // its whole buffer.
        const copies = write.map((written) => ({
          ...written,
          pieces: written.pieces.map(({ at, values }) => ({ at, values: values.slice() })),
        }));
        const answer = ask(
          { exchange: { write: copies, run, read } },
          copies.flatMap(({ pieces }) => pieces.map(({ values }) => values.buffer)),
        );
        last = answer.catch(() => {});
        return answer;
      },
      async release() {
        await last;
        await session.end(new Error("wasm: the executable was disposed of"));
      },
    };
  }

  return {
    threads: 1,
    open,
    async close() {
      closed = true;
      await Promise.all([...sessions].map((session) => session.end(new Error("wasm: the backend was closed"))));
    },
  };
}
