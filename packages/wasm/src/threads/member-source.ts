import { ABORTED, GENERATION } from "./barrier.ts";
import { control, state } from "./control.ts";

/*
 * The code of a worker in a pool, as an expression: a function that takes its messages. The first message has {
 * control, index, participants, worker, workers, announce }; `index` numbers the workers, `worker` the participants. It
 * answers through `say`.
 */
export const memberSource = `(() => {
const programs = new Map();
let words, setup, mail = 0, executed = 0;

function execute() {
  const program = programs.get(words[${control.program}]);
  try {
    const first = ${control.arguments};
    program.entries[words[${control.entry}]](setup.worker, setup.participants, ...words.subarray(first, first + words[${control.argumentCount}]));
  } catch (error) {
    const isFirst = Atomics.compareExchange(words, ${control.failed}, 0, 1 + setup.worker) === 0;
    if (program && program.barrier !== undefined) {
      Atomics.store(program.barrier, ${ABORTED / 4}, 1);
      Atomics.add(program.barrier, ${GENERATION / 4}, 1);
      Atomics.notify(program.barrier, ${GENERATION / 4});
    }
    if (isFirst) say({ kind: "failed", worker: setup.worker, message: String((error && error.message) || error) });
  }
  if (Atomics.add(words, ${control.done}, 1) + 1 === setup.workers && setup.announce) say({ kind: "done" });
  Atomics.notify(words, ${control.done});
}

function serve() {
  const own = ${control.states} + ${control.stateStride} * setup.index;
  for (;;) {
    // If a worker ran this generation and parked before the pool checked its state, the pool claimed it again.
    if (Atomics.load(words, ${control.generation}) !== executed) {
      executed = Atomics.load(words, ${control.generation});
      execute();
    }
    Atomics.store(words, own, ${state.waiting});
    if (Atomics.load(words, ${control.mail}) === mail) {
      for (let spin = 0; spin < 20000 && Atomics.load(words, ${control.generation}) === executed; spin++);
      Atomics.wait(words, ${control.generation}, executed, 5);
    }
    if (Atomics.load(words, ${control.generation}) !== executed) {
      Atomics.store(words, own, ${state.running});
      continue;
    }
    Atomics.store(words, own, ${state.parked});
    if (Atomics.load(words, ${control.generation}) === executed) return;
    if (Atomics.compareExchange(words, own, ${state.parked}, ${state.running}) !== ${state.parked}) return;
  }
}

function receive(message) {
  if (message.kind === "setup") {
    setup = message;
    words = message.control;
  } else if (message.kind === "run") {
    serve();
  } else if (message.kind === "release") {
    mail++;
    programs.delete(message.id);
  } else if (message.kind === "load") {
    mail++;
    const { module, memory, id, names, barrier } = message;
    try {
      const { exports } = new WebAssembly.Instance(module, { env: { memory, stillWaiting() {} } });
      programs.set(id, {
        entries: names.map((name) => exports[name]),
        barrier: barrier === undefined ? undefined : new Int32Array(memory.buffer, barrier, 3),
      });
      say({ kind: "loaded", id });
    } catch (error) {
      say({ kind: "loaded", id, error: String((error && error.message) || error) });
    }
  }
}

return receive;
})()`;
