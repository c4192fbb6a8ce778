import { control, state } from "./control.ts";
import type { Crew } from "./crew.ts";
import { releaseBarrier } from "./worker/release-barrier.ts";

/** What a run calls. */
export interface Call {
  /** The number of the program. */
  readonly program: number;
  /** The name of its entry, and the number by which the workers know it. */
  readonly entry: string;
  readonly index: number;
  readonly args: readonly number[];
  /** The entry in the calling thread, if that takes part. */
  readonly own: ((...args: number[]) => unknown) | undefined;
  readonly barrier: Int32Array | undefined;
}

const SPINS = 20000;
/** Milliseconds of sleep after which the event loop gets a turn, so that it can report lost workers. */
const PATIENCE = 50;

/** One run in every participant. Rejects with the first failure of one. */
export async function runAll(crew: Crew, { program, entry, index, args, own, barrier }: Call): Promise<void> {
  const { words, workers, heard } = crew;
  crew.check();
  const failure = new Promise<string>((resolve) => (heard.failed = resolve));
  const done = new Promise<void>((resolve) => (heard.done = resolve));
  let ownError: unknown;
  if (workers > 0) start(crew, { program, index, args });
  if (own !== undefined) {
    try {
      own(0, crew.threads, ...args);
    } catch (error) {
      if (crew.someGone()) throw await crew.loss();
      if (workers === 0 || Atomics.compareExchange(words, control.failed, 0, 1) === 0) ownError = error;
      if (barrier !== undefined) releaseBarrier(barrier);
    }
  }
  if (workers > 0) await (own === undefined ? crew.hearing(done) : othersDone(crew));
  const failed = workers > 0 ? Atomics.load(words, control.failed) : 0;
  if (failed === 0 && ownError === undefined) return;
  barrier?.set([0, 0, 0]);
  if (ownError !== undefined) throw new Error(`${entry} failed in thread 0: ${String(ownError)}`, { cause: ownError });
  throw new Error(`${entry} failed in ${await crew.hearing(failure)}`);
}

function start({ words, workers, post }: Crew, { program, index, args }: Pick<Call, "program" | "index" | "args">) {
  words[control.program] = program;
  words[control.entry] = index;
  words[control.argumentCount] = args.length;
  words.set(args, control.arguments);
  Atomics.store(words, control.done, 0);
  Atomics.store(words, control.failed, 0);
  Atomics.add(words, control.generation, 1);
  Atomics.notify(words, control.generation);
  for (let worker = 0; worker < workers; worker++) {
    const at = control.states + control.stateStride * worker;
    if (Atomics.compareExchange(words, at, state.parked, state.running) === state.parked) post(worker, { kind: "run" });
  }
}

/** Sleeps until the workers are done, if this thread has taken part. */
async function othersDone({ words, workers, check }: Crew): Promise<void> {
  for (let spin = 0; spin < SPINS && Atomics.load(words, control.done) < workers; spin++);
  for (;;) {
    const done = Atomics.load(words, control.done);
    if (done === workers) return;
    check();
    if (Atomics.wait(words, control.done, done, PATIENCE) === "timed-out")
      await new Promise((resolve) => setTimeout(resolve));
  }
}
