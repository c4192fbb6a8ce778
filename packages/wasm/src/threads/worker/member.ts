import { control, state } from "../control.ts";
import { messageOf, type FromMember, type ToMember } from "./messages.ts";
import { releaseBarrier } from "./release-barrier.ts";

interface Loaded {
  readonly entries: readonly (WebAssembly.ExportValue | undefined)[];
  readonly barrier: Int32Array | undefined;
}

type Setup = Extract<ToMember, { kind: "setup" }>;

/** How often a worker looks for the next run before it sleeps. */
const SPINS = 20000;
/** Milliseconds of sleep without work, after which a worker parks in its event loop. */
const PATIENCE = 5;

/** A worker that takes part in a pool's runs: a function of the pool's messages, of which the first is the setup. */
export function member(say: (reply: FromMember) => void): (message: ToMember) => void {
  const programs = new Map<number, Loaded>();
  let serve = (): void => {};
  let mail = 0;

  return (message) => {
    switch (message.kind) {
      case "setup":
        serve = server(message, programs, { say, mail: () => mail });
        break;
      case "run":
        serve();
        break;
      case "release":
        mail++;
        programs.delete(message.id);
        break;
      case "load":
        mail++;
        say(load(message, programs));
        break;
    }
  };
}

function load(
  { module, memory, id, names, barrier }: Extract<ToMember, { kind: "load" }>,
  programs: Map<number, Loaded>,
): FromMember {
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory, stillWaiting() {} } });
    programs.set(id, {
      entries: names.map((name) => exports[name]),
      barrier: barrier === undefined ? undefined : new Int32Array(memory.buffer, barrier, 3),
    });
    return { kind: "loaded", id };
  } catch (error) {
    return { kind: "loaded", id, error: messageOf(error) };
  }
}

/** Runs what the control words name, until there has been nothing for a while. */
function server(
  { control: words, index, worker, participants, workers, announce }: Setup,
  programs: ReadonlyMap<number, Loaded>,
  { say, mail }: { readonly say: (reply: FromMember) => void; readonly mail: () => number },
): () => void {
  const own = control.states + control.stateStride * index;
  let executed = 0;
  const isNew = (): boolean => Atomics.load(words, control.generation) !== executed;

  function execute(): void {
    executed = Atomics.load(words, control.generation);
    const program = programs.get(words[control.program] ?? -1);
    try {
      const entry = program?.entries[words[control.entry] ?? -1];
      const count = words[control.argumentCount] ?? 0;
      if (typeof entry !== "function") throw new Error("the worker does not have this program");
      entry(worker, participants, ...words.subarray(control.arguments, control.arguments + count));
    } catch (error) {
      const isFirst = Atomics.compareExchange(words, control.failed, 0, 1 + worker) === 0;
      if (program?.barrier !== undefined) releaseBarrier(program.barrier);
      if (isFirst) say({ kind: "failed", worker, message: messageOf(error) });
    }
    if (Atomics.add(words, control.done, 1) + 1 === workers && announce) say({ kind: "done" });
    Atomics.notify(words, control.done);
  }

  return () => {
    for (;;) {
      // If a worker ran this generation and parked before the pool checked its state, the pool claimed it again.
      if (isNew()) execute();
      Atomics.store(words, own, state.waiting);
      if (Atomics.load(words, control.mail) === mail()) {
        for (let spin = 0; spin < SPINS && !isNew(); spin++);
        Atomics.wait(words, control.generation, executed, PATIENCE);
      }
      if (isNew()) {
        Atomics.store(words, own, state.running);
        continue;
      }
      Atomics.store(words, own, state.parked);
      if (!isNew()) return;
      if (Atomics.compareExchange(words, own, state.parked, state.running) !== state.parked) return;
    }
  };
}
