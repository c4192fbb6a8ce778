import { control, controlWords } from "./control.ts";
import { lossOf, watchForLosses, type Losses } from "./losses.ts";
import { spawn, type Thread } from "./spawn.ts";
import type { FromMember, ToMember } from "./worker/messages.ts";

/** The workers of a pool and what it shares with them. */
export interface Crew extends Losses {
  /** The number of participants in every run. */
  readonly threads: number;
  /** How many of them are workers; the calling thread may be one more. */
  readonly workers: number;
  readonly words: Int32Array;
  /** Who is told of the workers' messages. */
  readonly heard: Heard;
  /** Resolves when all workers run. */
  ready(): Promise<void>;
  post(worker: number, message: ToMember): void;
  /** A message that workers must return to their event loops for. */
  mail(message: ToMember): void;
  /** Awaits a message from the workers. The process stays alive meanwhile, and a lost worker rejects. */
  hearing<T>(news: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

interface Heard {
  done(): void;
  failed(message: string): void;
  /** By program. Called for each worker. */
  readonly loaded: Map<number, (error: string | undefined) => void>;
}

export interface CrewOptions {
  readonly threads: number;
  /** Whether the calling thread is one of the participants. */
  readonly takesPart: boolean;
  /** The URL of the workers' file, for browsers. */
  readonly url: string | undefined;
}

export function startCrew({ threads, takesPart, url }: CrewOptions): Crew {
  const own = takesPart ? 1 : 0;
  const workers = threads - own;
  const words = workers > 0 ? controlWords(workers) : new Int32Array(control.states);
  const heard: Heard = { done() {}, failed() {}, loaded: new Map() };
  const team: Thread[] = [];
  const losses = watchForLosses(team);
  for (let index = 0; index < workers; index++) {
    const lost = (what: string, cause: unknown): void =>
      losses.lose(lossOf(`worker ${index + 1} of ${workers} ${what}`, cause));
    team.push(spawn<FromMember>({ reply: (reply) => hear(heard, reply), lost }, url));
  }
  const post = (index: number, message: ToMember): void => team[index]?.post(message);
  if (words.buffer instanceof SharedArrayBuffer) {
    const shared = { control: new Int32Array(words.buffer), participants: threads, workers, announce: !takesPart };
    team.forEach((_, index) => post(index, { kind: "setup", ...shared, index, worker: index + own }));
  }
  let hearings = 0;
  return {
    ...losses,
    threads,
    workers,
    words,
    heard,
    ready: async () => void (await Promise.all(team.map(({ ready }) => ready))),
    post,
    mail(message) {
      Atomics.add(words, control.mail, 1);
      for (const thread of team) thread.post(message);
    },
    async hearing(news) {
      if (hearings++ === 0) for (const thread of team) thread.hold(true);
      try {
        return await Promise.race([news, losses.end]);
      } finally {
        if (--hearings === 0) for (const thread of team) thread.hold(false);
      }
    },
    async close() {
      losses.lose(new Error("wasm: the backend was closed"));
      await Promise.all(team.map((thread) => thread.terminate()));
    },
  };
}

function hear({ done, failed, loaded }: Heard, reply: FromMember): void {
  if (reply.kind === "done") done();
  else if (reply.kind === "failed") failed(`thread ${reply.worker}: ${reply.message}`);
  else loaded.get(reply.id)?.(reply.error);
}
