import { startCrew, type Crew } from "./crew.ts";
import { MAX_ARGUMENTS } from "./control.ts";
import { noticesLosses } from "./platform.ts";
import { runAll } from "./run.ts";
import { releaseBarrier } from "./worker/release-barrier.ts";

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

/**
 * Makes a pool of threads that run programs together. No wait is endless: if a worker does not start or ends, at
 * whatever moment, everything that waits for it rejects, and so does every later call.
 */
export function createPool({ threads = 1, blocking = noticesLosses(), worker: url }: PoolOptions = {}): Pool {
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`A pool needs at least 1 thread, got ${threads}.`);
  const takesPart = blocking || threads === 1;
  const crew = startCrew({ threads, takesPart, url });
  let programs = 0;
  let last: Promise<void> = Promise.resolve();

  async function load(program: ProgramOptions): Promise<LoadedProgram> {
    crew.check();
    await crew.hearing(crew.ready());
    const id = programs++;
    const { module, memory } = program;
    const names = WebAssembly.Module.exports(module)
      .filter(({ kind }) => kind === "function")
      .map(({ name }) => name);
    const stillWaiting = (): void => {
      if (crew.someGone()) crew.barriers.forEach(releaseBarrier);
    };
    const entries = takesPart ? new WebAssembly.Instance(module, { env: { memory, stillWaiting } }).exports : {};
    const barrier = program.barrier === undefined ? undefined : new Int32Array(memory.buffer, program.barrier, 3);
    if (crew.workers > 0) await loadInWorkers(crew, id, names, program);
    if (barrier !== undefined) crew.barriers.add(barrier);

    return {
      run(entry, ...args) {
        const index = names.indexOf(entry);
        if (index < 0)
          return Promise.reject(new RangeError(`The program has no entry ${entry}; it has ${names.join(", ")}.`));
        if (args.length > MAX_ARGUMENTS)
          return Promise.reject(
            new RangeError(`${entry}: got ${args.length} arguments; at most ${MAX_ARGUMENTS} are possible.`),
          );
        const called = entries[entry];
        const own = typeof called === "function" ? (...all: number[]): unknown => called(...all) : undefined;
        const run = last.then(() => runAll(crew, { program: id, entry, index, args, own, barrier }));
        last = run.catch(() => undefined);
        return run;
      },
      release() {
        if (barrier !== undefined) crew.barriers.delete(barrier);
        if (crew.workers > 0 && !crew.isLost()) crew.mail({ kind: "release", id });
      },
    };
  }

  return { threads, load, check: () => crew.check(), close: () => crew.close() };
}

async function loadInWorkers(
  { heard, threads, workers, mail, hearing }: Crew,
  id: number,
  names: readonly string[],
  { module, memory, barrier }: ProgramOptions,
): Promise<void> {
  if (!(memory.buffer instanceof SharedArrayBuffer))
    throw new TypeError(`A program for ${threads} threads needs a shared memory.`);
  const loaded = new Promise<string | undefined>((settle) => {
    let left = workers;
    let first: string | undefined;
    heard.loaded.set(id, (error) => {
      first ??= error;
      if (--left === 0) settle(first);
    });
  });
  mail({ kind: "load", id, module, memory, names, barrier });
  const error = await hearing(loaded).finally(() => heard.loaded.delete(id));
  if (error !== undefined) throw new Error(`The program cannot be loaded in a worker: ${error}`);
}
