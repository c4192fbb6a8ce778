import { expect, test } from "vitest";
import { i32, wasmModule } from "../assembler/index.ts";
import { away, here, type Host, team } from "./index.ts";

const INPUT = 64;
const OUTPUT = 128;

/** Doubles its input; traps where that is 0. */
function program(shared: boolean) {
  const builder = wasmModule({ memory: shared ? { initial: 1, maximum: 65536, shared } : { initial: 1 } });
  builder.function("run", { params: { worker: "i32", workers: "i32" }, export: true }, (body) => {
    body.if(i32.eqz(i32.load(i32.const(INPUT))), () => body.unreachable());
    body.do(i32.store(i32.const(OUTPUT), i32.shl(i32.load(i32.const(INPUT)), 1)));
  });
  const places = [INPUT, OUTPUT].map((offset) => ({ dtype: "i32" as const, offset, elements: 1 }));
  return { module: new WebAssembly.Module(builder.encode()), pages: 1, barrier: 0, places };
}

test.each<[string, () => Host]>([
  ["here", here],
  ["away", away],
  ["team", () => team(2)],
])("%s: a program that traps rejects its exchange, and can run again", async (_, hostOf) => {
  const host = hostOf();
  const session = await host.open(program(host.threads > 1));
  const double = (x: number) =>
    session.exchange({
      write: [{ place: 0, zeros: [], pieces: [{ at: 0, values: Int32Array.of(x) }] }],
      run: true,
      read: [1],
    });
  const answers = await Promise.allSettled([double(4), double(0), double(-3)]);
  expect(answers).toEqual([
    { status: "fulfilled", value: [Int32Array.of(8)] },
    { status: "rejected", reason: expect.objectContaining({ message: expect.stringContaining("unreachable") }) },
    { status: "fulfilled", value: [Int32Array.of(-6)] },
  ]);
  await session.release();
  await host.close();
});

test("a program that cannot be opened in a worker is an error, and so is a call of a closed host", async () => {
  const host = away();
  await expect(
    host.open({ ...program(false), places: [{ dtype: "f32", offset: 65536, elements: 1 }] }),
  ).rejects.toThrow("Invalid typed array length");
  const session = await host.open(program(false));
  const pending = session.exchange({ write: [], run: true, read: [] });
  await Promise.all([expect(pending).rejects.toThrow("the backend was closed"), host.close()]);
  await expect(session.exchange({ write: [], run: false, read: [] })).rejects.toThrow("the backend was closed");
  await expect(host.open(program(false))).rejects.toThrow("the backend was closed");
});
