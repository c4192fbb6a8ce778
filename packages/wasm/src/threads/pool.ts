import { ABORTED, GENERATION } from "./barrier.ts";
import { control, controlWords, MAX_ARGUMENTS, state } from "./control.ts";
import { mayBlock, spawn, type Thread } from "./spawn.ts";
import { workerSource } from "./worker-source.ts";

/** What a worker says. */
type Reply =
  | { kind: "loaded"; id: number; error?: string }
  | { kind: "done" }
  | { kind: "failed"; worker: number; message: string };

interface PoolOptions {
  /** Participants in every run. Default 1: no worker, and no shared memory needed. */
  threads?: number;
  /** Whether the calling thread takes part and may sleep for the others; else it leaves all to workers. Default: where the platform allows it. */
  blocking?: boolean;
}

interface ProgramOptions {
  module: WebAssembly.Module;
  /** Imported as `env.memory`; shared if there is more than one thread. */
  memory: WebAssembly.Memory;
  /** Address of the state of the barrier that the program uses, so that a failure frees those who wait at it. */
  barrier?: number;
}

/** One module, instantiated in every participant. */
interface LoadedProgram {
  /**
   * Calls the exported `entry(worker, workers, ...args)` in every participant, `worker` from 0 to `workers` - 1, and resolves when all have returned. Runs of a
   * pool follow each other. Rejects with the first failure of a participant; the pool remains usable.
   */
  run(entry: string, ...args: number[]): Promise<void>;
  /** Lets the workers forget the program. */
  release(): void;
}

export interface Pool {
  readonly threads: number;
  load(program: ProgramOptions): Promise<LoadedProgram>;
  /** Ends the workers; later runs are errors. */
  close(): Promise<void>;
}

const SPINS = 20000;
/** Milliseconds of sleep after which the event loop gets a turn, to learn of workers that are gone. */
const PATIENCE = 50;

export function createPool({ threads = 1, blocking = mayBlock() }: PoolOptions = {}): Pool {
  if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`A pool has 1 thread or more, not ${threads}.`);
  const own = blocking || threads === 1 ? 1 : 0;
  const workers = threads - own;
  const words = workers > 0 ? controlWords(workers) : new Int32Array(control.states);
  const loading = new Map<number, { left: number; error: string | undefined; settle: (error: string | undefined) => void }>();
  let lost: Error | undefined;
  let ended: (error: Error) => void;
  const end = new Promise<never>((_, reject) => (ended = reject));
  end.catch(() => undefined);
  let announceDone = () => {};
  let announceFailure: (message: string) => void = () => {};
  let programs = 0;
  let last: Promise<void> = Promise.resolve();

  function receive(reply: Reply): void {
    if (reply.kind === "done") announceDone();
    else if (reply.kind === "failed") announceFailure(`thread ${reply.worker}: ${reply.message}`);
    else {
      const entry = loading.get(reply.id);
      if (entry === undefined) return;
      entry.error ??= reply.error;
      entry.left--;
      if (entry.left === 0) entry.settle(entry.error);
    }
  }

  function lose(error: Error): void {
    lost ??= error;
    ended(lost);
  }

  const team: Thread[] = Array.from({ length: workers }, (_, index) => {
    const thread = spawn<Reply>(workerSource, { reply: receive, lost: lose });
    thread.post({ kind: "setup", control: words, index, worker: index + own, participants: threads, workers, announce: own === 0 });
    return thread;
  });

  /** Awaits news from the workers; the process stays alive meanwhile, and the loss of a worker is an error. */
  async function hearing<T>(news: Promise<T>): Promise<T> {
    for (const thread of team) thread.hold(true);
    try {
      return await Promise.race([news, end]);
    } finally {
      for (const thread of team) thread.hold(false);
    }
  }

  function mail(message: object): void {
    Atomics.add(words, control.mail, 1);
    for (const thread of team) thread.post(message);
  }

  function start(program: number, entry: number, args: readonly number[]): void {
    words[control.program] = program;
    words[control.entry] = entry;
    words[control.argumentCount] = args.length;
    words.set(args, control.arguments);
    Atomics.store(words, control.done, 0);
    Atomics.store(words, control.failed, 0);
    Atomics.add(words, control.generation, 1);
    Atomics.notify(words, control.generation);
    team.forEach((thread, index) => {
      const at = control.states + control.stateStride * index;
      if (Atomics.compareExchange(words, at, state.parked, state.running) === state.parked) thread.post({ kind: "run" });
    });
  }

  async function othersDone(): Promise<void> {
    for (let spin = 0; spin < SPINS && Atomics.load(words, control.done) < workers; spin++);
    for (;;) {
      const done = Atomics.load(words, control.done);
      if (done === workers) return;
      if (lost !== undefined) throw lost;
      if (Atomics.wait(words, control.done, done, PATIENCE) === "timed-out") await new Promise((resolve) => setTimeout(resolve));
    }
  }

  async function load({ module, memory, barrier }: ProgramOptions): Promise<LoadedProgram> {
    if (lost !== undefined) throw lost;
    const id = programs++;
    const names = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function").map(({ name }) => name);
    const entries = own === 1 ? new WebAssembly.Instance(module, { env: { memory } }).exports : {};
    const state = barrier === undefined ? undefined : new Int32Array(memory.buffer, barrier, 3);

    if (workers > 0) {
      if (!(memory.buffer instanceof SharedArrayBuffer)) throw new TypeError(`A program for ${threads} threads needs a shared memory.`);
      const loaded = new Promise<string | undefined>((settle) => loading.set(id, { left: workers, error: undefined, settle }));
      mail({ kind: "load", id, module, memory, names, barrier });
      const error = await hearing(loaded).finally(() => loading.delete(id));
      if (error !== undefined) throw new Error(`The program cannot be loaded in a worker: ${error}`);
    }

    function abort(): void {
      if (state === undefined) return;
      Atomics.store(state, ABORTED / 4, 1);
      Atomics.add(state, GENERATION / 4, 1);
      Atomics.notify(state, GENERATION / 4);
    }

    async function runAll(entry: string, index: number, args: readonly number[]): Promise<void> {
      if (lost !== undefined) throw lost;
      const failure = new Promise<string>((resolve) => (announceFailure = resolve));
      const done = new Promise<void>((resolve) => (announceDone = resolve));
      let ownError: unknown;
      if (workers > 0) start(id, index, args);
      if (own === 1) {
        try {
          const call = entries[entry];
          if (typeof call === "function") call(0, threads, ...args);
        } catch (error) {
          if (workers === 0 || Atomics.compareExchange(words, control.failed, 0, 1) === 0) ownError = error;
          abort();
        }
      }
      if (workers > 0) await (own === 1 ? othersDone() : hearing(done));
      const failed = workers > 0 ? Atomics.load(words, control.failed) : 0;
      if (failed === 0 && ownError === undefined) return;
      state?.set([0, 0, 0]);
      if (ownError !== undefined) throw new Error(`${entry} failed in thread 0: ${String(ownError)}`, { cause: ownError });
      throw new Error(`${entry} failed in ${await hearing(failure)}`);
    }

    return {
      run(entry, ...args) {
        const index = names.indexOf(entry);
        if (index < 0) return Promise.reject(new RangeError(`The program has no entry ${entry}; it has ${names.join(", ")}.`));
        if (args.length > MAX_ARGUMENTS) return Promise.reject(new RangeError(`${entry}: ${args.length} arguments, at most ${MAX_ARGUMENTS} are passed.`));
        const run = last.then(() => runAll(entry, index, args));
        last = run.catch(() => undefined);
        return run;
      },
      release() {
        if (workers > 0 && lost === undefined) mail({ kind: "release", id });
      },
    };
  }

  return {
    threads,
    load,
    async close() {
      lose(new Error("The pool is closed."));
      await Promise.all(team.map((thread) => thread.terminate()));
    },
  };
}
