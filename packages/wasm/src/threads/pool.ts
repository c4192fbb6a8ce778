import { ABORTED, GENERATION } from "./barrier.ts";
import { control, controlWords, MAX_ARGUMENTS, state } from "./control.ts";
import { noticesLosses } from "./platform.ts";
import { spawn, type Thread } from "./spawn.ts";

/** A worker's message to the pool. */
type Reply =
  | { kind: "loaded"; id: number; error?: string }
  | { kind: "done" }
  | { kind: "failed"; worker: number; message: string };

interface PoolOptions {
  /** The number of participants in every run. Default 1, which needs no worker and no shared memory. */
  threads?: number;
  /**
   * Whether the calling thread takes part, and sleeps while it waits. Otherwise workers do everything. Default: true if
   * a sleeping thread can learn that a worker is gone.
   */
  blocking?: boolean;
  /** The URL of the workers' file, for browsers. Default: a `blob:` URL. */
  worker?: string;
}

interface ProgramOptions {
  module: WebAssembly.Module;
  /** Imported as `env.memory`. Must be shared if there is more than one thread. */
  memory: WebAssembly.Memory;
  /**
   * The address of the program's barrier state. On a failure the pool uses it to release the participants that wait
   * there.
   */
  barrier?: number;
}

/** A module, instantiated in every participant. */
interface LoadedProgram {
  /**
   * Calls the exported `entry(worker, workers, ...args)` in every participant, with `worker` from 0 to `workers` - 1.
   * Resolves when all have returned. A pool does one run after another. Rejects with the first failure of a
   * participant; the pool remains usable unless a worker was lost.
   */
  run(entry: string, ...args: number[]): Promise<void>;
  /** Removes the program from the workers. */
  release(): void;
}

export interface Pool {
  readonly threads: number;
  /** Throws if a worker was lost or the pool is closed. The memories of programs may then hold half-finished runs. */
  check(): void;
  load(program: ProgramOptions): Promise<LoadedProgram>;
  /** Ends the workers. Later runs reject. */
  close(): Promise<void>;
}

const SPINS = 20000;
/** Milliseconds of sleep after which the event loop gets a turn, so that it can report lost workers. */
const PATIENCE = 50;
/** Turns of the event loop, a few milliseconds each, within which the reason for a worker's end must arrive. */
const TURNS = 200;

/**
 * Makes a pool of threads that run programs together. No wait is endless: if a worker does not start or ends, at
 * whatever moment, everything that waits for it rejects, and so does every later call.
 */
export function createPool({ threads = 1, blocking = noticesLosses(), worker: url }: PoolOptions = {}): Pool {
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`A pool needs at least 1 thread, got ${threads}.`);
  const own = blocking || threads === 1 ? 1 : 0;
  const workers = threads - own;
  const words = workers > 0 ? controlWords(workers) : new Int32Array(control.states);
  const loading = new Map<
    number,
    { left: number; error: string | undefined; settle: (error: string | undefined) => void }
  >();
  let lost: Error | undefined;
  let ended: (error: Error) => void;
  const end = new Promise<never>((_, reject) => (ended = reject));
  end.catch(() => undefined);
  /** The barriers of the loaded programs. */
  const barriers = new Set<Int32Array>();
  let hearings = 0;
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
    if (lost !== undefined) return;
    lost = error;
    ended(error);
    barriers.forEach(abort);
    for (const thread of team) void thread.terminate();
  }

  function check(): void {
    if (lost !== undefined) throw lost;
  }

  const team = Array.from({ length: workers }, (_, index): Thread => {
    const gone = (what: string, cause: unknown): void =>
      lose(lossOf(`worker ${index + 1} of ${workers} ${what}`, cause));
    const thread = spawn<Reply>({ reply: receive, lost: gone }, url);
    thread.post({
      kind: "setup",
      control: words,
      index,
      worker: index + own,
      participants: threads,
      workers,
      announce: own === 0,
    });
    return thread;
  });

  /** Releases the participants that wait in a program for a lost worker. */
  function stillWaiting(): void {
    if (team.some((thread) => thread.gone())) barriers.forEach(abort);
  }

  /** The reason for a lost worker. It arrives in a later turn of the event loop. */
  async function loss(): Promise<Error> {
    for (let turn = 0; lost === undefined && turn < TURNS; turn++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    if (lost === undefined) lose(lossOf("a worker is gone", undefined));
    return lost!;
  }

  /** Awaits a message from the workers. The process stays alive meanwhile, and a lost worker rejects. */
  async function hearing<T>(news: Promise<T>): Promise<T> {
    if (hearings++ === 0) for (const thread of team) thread.hold(true);
    try {
      return await Promise.race([news, end]);
    } finally {
      if (--hearings === 0) for (const thread of team) thread.hold(false);
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
      if (Atomics.compareExchange(words, at, state.parked, state.running) === state.parked)
        thread.post({ kind: "run" });
    });
  }

  async function othersDone(): Promise<void> {
    for (let spin = 0; spin < SPINS && Atomics.load(words, control.done) < workers; spin++);
    for (;;) {
      const done = Atomics.load(words, control.done);
      if (done === workers) return;
      check();
      if (Atomics.wait(words, control.done, done, PATIENCE) === "timed-out")
        await new Promise((resolve) => setTimeout(resolve));
    }
  }

  async function load({ module, memory, barrier }: ProgramOptions): Promise<LoadedProgram> {
    check();
    await hearing(Promise.all(team.map(({ ready }) => ready)));
    const id = programs++;
    const names = WebAssembly.Module.exports(module)
      .filter(({ kind }) => kind === "function")
      .map(({ name }) => name);
    const entries = own === 1 ? new WebAssembly.Instance(module, { env: { memory, stillWaiting } }).exports : {};
    const state = barrier === undefined ? undefined : new Int32Array(memory.buffer, barrier, 3);

    if (workers > 0) {
      if (!(memory.buffer instanceof SharedArrayBuffer))
        throw new TypeError(`A program for ${threads} threads needs a shared memory.`);
      const loaded = new Promise<string | undefined>((settle) =>
        loading.set(id, { left: workers, error: undefined, settle }),
      );
      mail({ kind: "load", id, module, memory, names, barrier });
      const error = await hearing(loaded).finally(() => loading.delete(id));
      if (error !== undefined) throw new Error(`The program cannot be loaded in a worker: ${error}`);
    }

    if (state !== undefined) barriers.add(state);

    async function runAll(entry: string, index: number, args: readonly number[]): Promise<void> {
      check();
      const failure = new Promise<string>((resolve) => (announceFailure = resolve));
      const done = new Promise<void>((resolve) => (announceDone = resolve));
      let ownError: unknown;
      if (workers > 0) start(id, index, args);
      if (own === 1) {
        try {
          const call = entries[entry];
          if (typeof call === "function") call(0, threads, ...args);
        } catch (error) {
          if (team.some((thread) => thread.gone())) throw await loss();
          if (workers === 0 || Atomics.compareExchange(words, control.failed, 0, 1) === 0) ownError = error;
          if (state !== undefined) abort(state);
        }
      }
      if (workers > 0) await (own === 1 ? othersDone() : hearing(done));
      const failed = workers > 0 ? Atomics.load(words, control.failed) : 0;
      if (failed === 0 && ownError === undefined) return;
      state?.set([0, 0, 0]);
      if (ownError !== undefined)
        throw new Error(`${entry} failed in thread 0: ${String(ownError)}`, { cause: ownError });
      throw new Error(`${entry} failed in ${await hearing(failure)}`);
    }

    return {
      run(entry, ...args) {
        const index = names.indexOf(entry);
        if (index < 0)
          return Promise.reject(new RangeError(`The program has no entry ${entry}; it has ${names.join(", ")}.`));
        if (args.length > MAX_ARGUMENTS)
          return Promise.reject(
            new RangeError(`${entry}: got ${args.length} arguments; at most ${MAX_ARGUMENTS} are possible.`),
          );
        const run = last.then(() => runAll(entry, index, args));
        last = run.catch(() => undefined);
        return run;
      },
      release() {
        if (state !== undefined) barriers.delete(state);
        if (workers > 0 && lost === undefined) mail({ kind: "release", id });
      },
    };
  }

  return {
    threads,
    load,
    check,
    async close() {
      lose(new Error("wasm: the backend was closed"));
      await Promise.all(team.map((thread) => thread.terminate()));
    },
  };
}

function lossOf(what: string, cause: unknown): Error {
  return new Error(`wasm: ${what}. Close the backend and make another.`, cause === undefined ? undefined : { cause });
}

function abort(barrier: Int32Array): void {
  Atomics.store(barrier, ABORTED / 4, 1);
  Atomics.add(barrier, GENERATION / 4, 1);
  Atomics.notify(barrier, GENERATION / 4);
}
