import type { Values } from "@sluice/tensor";
import { type Listeners, spawn } from "../threads/index.ts";
import type { Host, Session } from "./host.ts";

type Reply = { readonly values: Values[]; readonly error?: undefined } | { readonly error: string };

interface Question {
  resolve(values: Values[]): void;
  reject(error: Error): void;
}

/**
 * One thread that is not this one: each program has a worker, with a memory of its own that need not be shared. A page
 * so goes on while its programs run, also where it is not cross-origin isolated. What goes in and out is copied once
 * more than elsewhere. `worker` is where a browser finds the workers' file.
 */
export function away(worker?: string): Host {
  const sessions = new Set<{ end(error: Error): Promise<void> }>();
  let closed = false;

  async function open(program: Parameters<Host["open"]>[0]): Promise<Session> {
    if (closed) throw new Error("wasm: the backend was closed");
    const questions: Question[] = [];
    let lost: Error | undefined;
    const listeners: Listeners<Reply> = {
      reply(reply) {
        const question = questions.shift();
        if (questions.length === 0) thread.hold(false);
        if (reply.error === undefined) question?.resolve(reply.values);
        else question?.reject(new Error(reply.error));
      },
      lost(what, cause) {
        lose(
          new Error(
            `wasm: the worker of a program ${what}. Its state is lost with it; compile the program again.`,
            cause === undefined ? undefined : { cause },
          ),
        );
      },
    };
    const thread = spawn<Reply>(listeners, worker);
    const lose = (error: Error): void => {
      lost ??= error;
      for (const { reject } of questions.splice(0)) reject(lost);
    };
    const ask = (message: object, transfer: readonly ArrayBuffer[] = []): Promise<Values[]> =>
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
      await session.end(new Error("The program was not opened."));
      throw error;
    }
    return {
      exchange({ write, run, read }) {
        // Copies, since the caller owns what it passes; and of the values alone, since a message takes a whole buffer
        // along.
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
