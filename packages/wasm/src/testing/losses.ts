/**
 * For tests. Loses workers at every moment, and prints what each promise came to, one line of JSON per case. Runs in a
 * process of its own, because an endless wait would block it for ever.
 */
import worker_threads, { type Worker } from "node:worker_threads";
import { compileStep, matmul, tensor, type Tensor } from "@sluice/tensor";
import { atomics, i32, wasmModule } from "../assembler/index.ts";
import { wasmBackend } from "../backend/wasm.ts";
import { away } from "../hosts/index.ts";
import { createPool, emitBarrier } from "../threads/index.ts";

/**
 * The workers of a pool or a backend, as they are spawned. `endWhenAsked` is ended while this thread sleeps in a
 * program, at the moment when the pool checks whether it is still there.
 */
const spawned: Worker[] = [];
let endWhenAsked: Worker | undefined;
const { Worker: Original } = worker_threads;
worker_threads.Worker = class extends Original {
  constructor(...args: ConstructorParameters<typeof Original>) {
    super(...args);
    spawned.push(this);
    const { performance } = this;
    Object.defineProperty(this, "performance", {
      value: {
        eventLoopUtilization: (...since: Parameters<typeof performance.eventLoopUtilization>) => {
          if (endWhenAsked === this) void this.terminate();
          return performance.eventLoopUtilization(...since);
        },
      },
    });
  }
};

function program() {
  const options = { initial: 1, maximum: 65536, shared: true };
  const builder = wasmModule({ memory: options });
  const barrier = emitBarrier(builder);
  const params = { worker: "i32", workers: "i32", value: "i32" } as const;
  const forEver = atomics.load(i32.const(128));
  builder.function("meet", { params, export: true }, (body, { workers }) => body.do(barrier.call(0, workers)));
  builder.function("pass", { params, export: true }, () => undefined);
  // The participant with number `value` never reaches the barrier.
  builder.function("stall", { params, export: true }, (body, { worker, workers, value }) => {
    body.if(i32.eq(worker, value), () => body.while(i32.eqz(forEver), () => undefined));
    body.do(barrier.call(0, workers));
  });
  // The participant with number `value` never ends. Nothing inside the program waits for it.
  builder.function("linger", { params, export: true }, (body, { worker, value }) =>
    body.if(i32.eq(worker, value), () => body.while(i32.eqz(forEver), () => undefined)),
  );
  return { module: new WebAssembly.Module(builder.encode()), memory: new WebAssembly.Memory(options), barrier: 0 };
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function outcome(work: () => unknown): Promise<string> {
  try {
    await work();
    return "resolved";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function say(name: string, ...works: (() => unknown)[]): Promise<void> {
  const outcomes: string[] = [];
  for (const work of works) outcomes.push(await outcome(work));
  console.log(JSON.stringify({ name, outcomes }));
  spawned.length = 0;
  endWhenAsked = undefined;
}

for (const blocking of [true, false]) {
  const threads = 3;
  const workers = blocking ? 2 : 3;
  const where = blocking ? "blocking" : "workers alone";
  const start = async () => {
    const pool = createPool({ threads, blocking });
    return { pool, loaded: await pool.load(program()) };
  };

  const unstarted = createPool({ threads, blocking });
  void spawned[0]!.terminate();
  await say(
    `${where}: while starting`,
    () => unstarted.load(program()),
    () => unstarted.load(program()),
    () => unstarted.close(),
  );

  const idle = await start();
  await idle.loaded.run("meet", 0);
  await spawned[1]!.terminate();
  await pause(20);
  await say(
    `${where}: between runs`,
    () => idle.loaded.run("meet", 0),
    () => idle.pool.check(),
    () => idle.loaded.release(),
    () => idle.pool.close(),
  );

  const failed = await start();
  spawned[0]!.postMessage(null);
  await pause(50);
  await say(
    `${where}: by an error of its own`,
    () => failed.loaded.run("meet", 0),
    () => failed.pool.close(),
  );

  for (const entry of ["meet", "pass"]) {
    const eager = await start();
    await eager.loaded.run("meet", 0);
    void spawned[1]!.terminate();
    await say(
      `${where}: as a run of ${entry} starts`,
      () => eager.loaded.run(entry, 0),
      () => eager.loaded.run("pass", 0),
      () => eager.pool.load(program()),
      () => eager.pool.close(),
    );
  }

  // One of the last two participants never reaches the barrier where the others wait.
  for (const [victim, index] of [
    ["the one waited for", workers - 1],
    ["one that waits", workers - 2],
  ] as const) {
    const busy = await start();
    if (blocking) endWhenAsked = spawned[index];
    else setTimeout((worker: Worker) => void worker.terminate(), 50, spawned[index]);
    await say(
      `${where}: within a run, ${victim}`,
      () => busy.loaded.run("stall", threads - 1),
      () => busy.loaded.run("pass", 0),
      () => busy.pool.close(),
    );
  }

  const slow = await start();
  setTimeout((worker: Worker) => void worker.terminate(), 50, spawned[workers - 1]);
  await say(
    `${where}: at the end of a run`,
    () => slow.loaded.run("linger", threads - 1),
    () => slow.pool.close(),
  );

  const closed = await start();
  const pending = outcome(() => closed.loaded.run("linger", threads - 1));
  await pause(20);
  await say(
    `${where}: closed within a run`,
    () => closed.pool.close(),
    async () => Promise.reject(new Error(await pending)),
  );
}

const square = (state: Tensor) => ({ state: matmul(state, state), output: [] });
const identity = tensor([1, 0, 0, 1], [2, 2]);

for (const [name, backend] of [
  ["team", wasmBackend({ threads: 2, oversubscribe: true, pairing: false }, { worthDividing: 0 })],
  ["away", wasmBackend({ pairing: false }, { host: away() })],
] as const) {
  const session = await compileStep(square, identity, [], { backend });
  await session.run();
  void spawned[0]!.terminate();
  await say(
    name,
    () => session.run(),
    () => session.state(),
    () => session.setState(identity),
    () => compileStep(square, identity, [], { backend }),
    () => session.dispose(),
    () => backend.close(),
  );
}
