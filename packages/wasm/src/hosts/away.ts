import type { Values } from "@sluice/tensor";
import { type Listeners, spawn } from "../threads/index.ts";
import type { FromSession, ToSession } from "../threads/worker/session.ts";
import type { Host, HostedProgram, Session } from "./host.ts";

/**
 * Runs each program in a worker with a memory of its own, which need not be shared. So a page stays responsive while
 * its programs run, even if it is not cross-origin isolated. Inputs and outputs are copied once more than with the
 * other hosts. `worker` is the URL of the workers' file.
 */
export function away(worker?: string): Host {
  const open = new Set<Correspondent>();
  let closed = false;
  return {
    threads: 1,
    async open(program) {
      if (closed) throw new Error("wasm: the backend was closed");
      const correspondent = correspond(worker);
      open.add(correspondent);
      return openSession(program, {
        ask: correspondent.ask,
        end(error) {
          open.delete(correspondent);
          return correspondent.end(error);
        },
      });
    },
    async close() {
      closed = true;
      const ended = [...open].map((correspondent) => correspondent.end(new Error("wasm: the backend was closed")));
      open.clear();
      await Promise.all(ended);
    },
  };
}

async function openSession(program: HostedProgram, { ask, end }: Correspondent): Promise<Session> {
  let last: Promise<unknown> = Promise.resolve();
  try {
    await ask({ open: program });
  } catch (error) {
    await end(new Error("wasm: the program could not be opened"));
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
      await end(new Error("wasm: the executable was disposed of"));
    },
  };
}

/** A worker that answers questions in the order in which they are asked. */
interface Correspondent {
  ask(message: ToSession, transfer?: readonly ArrayBuffer[]): Promise<readonly Values[]>;
  /** Ends the worker. The error answers open questions, and all that are asked later. */
  end(error: Error): Promise<void>;
}

interface Question {
  resolve(values: readonly Values[]): void;
  reject(error: Error): void;
}

function correspond(worker?: string): Correspondent {
  const questions: Question[] = [];
  let lost: Error | undefined;
  const lose = (error: Error): void => {
    lost ??= error;
    for (const { reject } of questions.splice(0)) reject(lost);
  };
  const listeners: Listeners<FromSession> = {
    reply(reply) {
      const question = questions.shift();
      if (questions.length === 0) thread.hold(false);
      if (reply.error === undefined) question?.resolve(reply.values);
      else question?.reject(new Error(reply.error));
    },
    lost(what, cause) {
      const message = `wasm: the worker of a program ${what}. Its state is lost; compile the program again.`;
      lose(new Error(message, cause === undefined ? undefined : { cause }));
    },
  };
  const thread = spawn<FromSession>(listeners, worker);
  return {
    ask: (message, transfer = []) =>
      new Promise((resolve, reject) => {
        if (lost !== undefined) return reject(lost);
        questions.push({ resolve, reject });
        thread.hold(true);
        thread.post(message, transfer);
      }),
    async end(error) {
      lose(error);
      await thread.terminate();
    },
  };
}
