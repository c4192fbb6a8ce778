/** For tests: compares a program on every variant of the WebAssembly backend with the definitions, bit for bit. */
import { optimize } from "@sluice/compiler";
import {
  type ArrayTensor,
  type Backend,
  compile,
  evaluate,
  type Tensor,
  recordProgram,
  valuesOf,
} from "@sluice/tensor";
import { expect } from "vitest";
import { wasmBackend } from "../backend/wasm.ts";

/** The variants. Threads divide even the smallest steps; in two of them the rows of loops go in small blocks. */
export const variants: Readonly<Record<string, Backend>> = {
  "1 thread": wasmBackend({}, {}),
  "1 thread, unpaired": wasmBackend({ pairing: false }, { cacheBytes: 12288 }),
  "2 threads": wasmBackend({ threads: 2, oversubscribe: true }, { worthDividing: 0 }),
  "3 threads": wasmBackend({ threads: 3, oversubscribe: true }, { worthDividing: 0, cacheBytes: 12288 }),
  "4 threads": wasmBackend({ threads: 4, oversubscribe: true }, { worthDividing: 0 }),
  "2 threads, not fused": wasmBackend(
    { threads: 2, oversubscribe: true, passes: { fuse: false, memory: false } },
    { worthDividing: 0 },
  ),
};

export async function closeVariants(): Promise<void> {
  await Promise.all(Object.values(variants).map((backend) => backend.close()));
}

/** Evaluates `f` by the definitions, runs it on the variants, twice each, and expects equal bits (any bits for NaN). */
export async function expectAgreement(
  f: (...args: Tensor[]) => Tensor[],
  args: readonly ArrayTensor[],
  names: readonly string[] = Object.keys(variants),
): Promise<void> {
  const given = [...args];
  const { program } = recordProgram((...symbols: Tensor[]) => f(...symbols), given);
  const optimized = optimize(program);
  const expected = evaluate(optimized, given);
  for (const name of names) {
    const compiled = await compile((...symbols: Tensor[]) => f(...symbols), given, { backend: variants[name]! });
    try {
      for (let run = 0; run < 2; run++) {
        const results = await compiled(...given);
        results.forEach((y, i) => expectSameBits(y, expected[i]!, `${name}, run ${run}, output ${i}`));
      }
    } finally {
      await compiled.dispose();
    }
  }
}

export function expectSameBits(actual: Tensor, expected: Tensor, where: string): void {
  expect(actual.shape, where).toEqual(expected.shape);
  expect(actual.dtype, where).toBe(expected.dtype);
  const [a, b] = [valuesOf(actual), valuesOf(expected)];
  const at = b.findIndex((value, i) => !Object.is(value, a[i]));
  if (at >= 0) expect.fail(`${where}: element ${at} of [${expected.shape.join(",")}] is ${a[at]}, should be ${b[at]}`);
}
