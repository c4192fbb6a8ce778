import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { atomics, i32, wasmModule } from "../assembler/index.ts";
import { BARRIER_BYTES, createPool, emitBarrier, type Pool } from "./index.ts";

const COUNTER = 64;
const SEEN = 128;

/** Entries that show who takes part. */
function program(shared: boolean) {
  const options = { initial: 1, maximum: 1, shared };
  const builder = wasmModule({ memory: options });
  const barrier = emitBarrier(builder);
  const params = { worker: "i32", workers: "i32", value: "i32" } as const;
  builder.function("mark", { params, export: true }, (body, { worker, workers, value }) => {
    body.do(i32.store(i32.shl(worker, 2), i32.add(value, workers), SEEN));
  });
  // In each of `value` rounds all add 1, meet, check that all have, and meet again.
  builder.function("rounds", { params, export: true }, (body, { workers, value }) => {
    const round = body.local("i32", "round");
    body.while(i32.ltU(round, value), () => {
      body.set(round, i32.add(round, 1));
      body.do(atomics.add(COUNTER, 1));
      body.do(barrier.call(0, workers));
      body.if(i32.ne(atomics.load(COUNTER), i32.mul(round, workers)), () => body.unreachable());
      body.do(barrier.call(0, workers));
    });
  });
  // The participant number `value` traps while the others wait for it.
  builder.function("trap", { params, export: true }, (body, { worker, workers, value }) => {
    body.if(i32.eq(worker, value), () => body.unreachable());
    body.do(barrier.call(0, workers));
  });
  const memory = new WebAssembly.Memory(options);
  return { module: new WebAssembly.Module(builder.encode()), memory, barrier: 0, words: new Int32Array(memory.buffer) };
}

let pool: Pool | undefined;
afterEach(() => pool?.close());

describe.each([
  { threads: 1, blocking: true },
  { threads: 2, blocking: true },
  { threads: 3, blocking: true },
  { threads: 1, blocking: false },
  { threads: 2, blocking: false },
])("$threads threads, blocking: $blocking", ({ threads, blocking }) => {
  test("every participant runs the entry once, in every run", async () => {
    pool = createPool({ threads, blocking });
    const { words, ...options } = program(threads > 1);
    const loaded = await pool.load(options);
    for (let run = 1; run <= 50; run++) {
      await loaded.run("mark", 100 * run);
      const seen = [...words.subarray(SEEN / 4, SEEN / 4 + 4)];
      expect(seen).toEqual(Array.from({ length: 4 }, (_, i) => (i < threads ? 100 * run + threads : 0)));
      // Long enough, now and then, for the workers to go back to their event loops.
      if (run % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 15));
    }
  });

  test("a failure in any thread rejects the run, and the pool stays usable", async () => {
    pool = createPool({ threads, blocking });
    const { words, ...options } = program(threads > 1);
    const loaded = await pool.load(options);
    for (let culprit = 0; culprit < threads; culprit++) {
      await expect(loaded.run("trap", culprit)).rejects.toThrow(
        new RegExp(`trap failed in thread ${culprit}: .*unreachable`),
      );
    }
    await loaded.run("mark", 7);
    expect(words[SEEN / 4]).toBe(7 + threads);
    await expect(loaded.run("mrk")).rejects.toThrow("The program has no entry mrk; it has mark, rounds, trap.");
  });

  test("several programs share the workers", async () => {
    pool = createPool({ threads, blocking });
    const { words: wordsA, ...a } = program(threads > 1);
    const { words: wordsB, ...b } = program(threads > 1);
    const loadedA = await pool.load(a);
    await loadedA.run("mark", 1);
    const loadedB = await pool.load(b);
    await Promise.all([loadedA.run("mark", 10), loadedB.run("mark", 20), loadedA.run("mark", 30)]);
    expect(wordsA[SEEN / 4]).toBe(30 + threads);
    expect(wordsB[SEEN / 4]).toBe(20 + threads);
    loadedA.release();
    await loadedB.run("mark", 40);
    expect(wordsB[SEEN / 4]).toBe(40 + threads);
  });
});

test("workers that go back to their event loops for mail run each generation once", async () => {
  pool = createPool({ threads: 3 });
  const { words, ...options } = program(true);
  const loaded = await pool.load(options);
  for (let round = 1; round <= 500; round++) {
    const other = await pool.load(options);
    await loaded.run("mark", round);
    // The workers wait for the next run and park as soon as it is done, maybe before the pool has looked at their
    // states.
    other.release();
    await loaded.run("mark", -round);
    expect([...words.subarray(SEEN / 4, SEEN / 4 + 3)]).toEqual([3 - round, 3 - round, 3 - round]);
  }
}, 30000);

test.each([2, 3])("a barrier holds %i threads together", async (threads) => {
  pool = createPool({ threads });
  const { words, ...options } = program(true);
  const loaded = await pool.load(options);
  await loaded.run("rounds", 2000);
  expect(words[COUNTER / 4]).toBe(2000 * threads);
  expect([...words.subarray(0, BARRIER_BYTES / 4)].filter((_, i) => i !== 1)).toEqual([0, 0]);
});

test("a closed pool, an unshared memory and a bad number of threads are errors", async () => {
  const closed = createPool({ threads: 2 });
  await expect(closed.load(program(false))).rejects.toThrow("A program for 2 threads needs a shared memory.");
  const loaded = await closed.load(program(true));
  await closed.close();
  await expect(loaded.run("mark", 0)).rejects.toThrow("wasm: the backend was closed");
  expect(() => createPool({ threads: 0 })).toThrow("A pool needs at least 1 thread, got 0.");
});

test("workers do not keep the process alive", () => {
  const code = `
    import { createPool } from ${JSON.stringify(new URL("./pool.ts", import.meta.url).href)};
    import { wasmModule } from ${JSON.stringify(new URL("../assembler/index.ts", import.meta.url).href)};
    const memory = { initial: 1, maximum: 1, shared: true };
    const builder = wasmModule({ memory });
    builder.function("idle", { params: { worker: "i32", workers: "i32" }, export: true }, () => {});
    const loaded = await createPool({ threads: 2 }).load({ module: new WebAssembly.Module(builder.encode()), memory: new WebAssembly.Memory(memory) });
    await loaded.run("idle");
    console.log("end");`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", code], {
    timeout: 280_000,
    encoding: "utf8",
  });
  expect(output).toBe("end\n");
});
