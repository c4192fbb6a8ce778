import { atomics, i32, i64, type ModuleBuilder, type WasmFunction } from "../assembler/index.ts";
import { ABORTED, ARRIVALS, GENERATION } from "./barrier-words.ts";

/**
 * Bytes of a barrier's state, 4-byte aligned and initially zero: arrivals, generation, and whether a participant
 * failed.
 */
export const BARRIER_BYTES = 12;

/** How often to check the generation before sleeping. It takes a few microseconds, about as long as a wake-up. */
const SPINS = 2000;

/** Nanoseconds of sleep after which a participant checks the others: the thread that should wake it may be gone. */
const PATIENCE = 100_000_000n;
const TIMED_OUT = 2;

/**
 * Emits `(state, workers)`, which returns when all `workers` have called it. It traps if another participant failed,
 * because that one will never come. While it sleeps, it calls the import `env.stillWaiting` from time to time, which
 * marks a lost participant as failed. Emit it before the module's first function.
 */
export function emitBarrier(module: ModuleBuilder, name = "barrier"): WasmFunction<"none"> {
  const stillWaiting = module.importFunction("env", "stillWaiting", { params: {}, result: "none" });
  return module.function(name, { params: { state: "i32", workers: "i32" } }, (body, { state, workers }) => {
    const generation = body.let(atomics.load(state, GENERATION), "generation");
    const spins = body.let(i32.const(SPINS), "spins");
    // A failure sets ABORTED and then increments the generation. So it is seen here, or it ends the wait below.
    body.if(atomics.load(state, ABORTED), () => body.unreachable());
    const waiting = i32.eq(atomics.load(state, GENERATION), generation);

    body.if(
      i32.eq(i32.add(atomics.add(state, 1, ARRIVALS), 1), workers),
      () => {
        body.do(atomics.store(state, 0, ARRIVALS));
        body.do(atomics.add(state, 1, GENERATION));
        body.do(atomics.notify(state, -1, GENERATION));
      },
      () => {
        body.while(i32.and(waiting, i32.gtS(spins, 0)), () => body.set(spins, i32.sub(spins, 1)));
        body.while(waiting, () =>
          body.if(i32.eq(atomics.wait32(state, generation, i64.const(PATIENCE), GENERATION), TIMED_OUT), () =>
            body.do(stillWaiting.call()),
          ),
        );
      },
    );
    body.if(atomics.load(state, ABORTED), () => body.unreachable());
  });
}
