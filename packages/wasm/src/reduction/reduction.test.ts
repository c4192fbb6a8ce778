import { maxLanes, minLanes, sumLanesF32 } from "@sluice/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ModuleBuilder, wasmModule } from "../assembler/index.ts";
import { emitReduceColumns, emitReduceRows } from "./index.ts";

const round = Math.fround;
const scalar = { sum: sumLanesF32, max: maxLanes, min: minLanes };

function instantiate(emit: (module: ModuleBuilder) => void) {
  const module = wasmModule({ memory: { initial: 2 } });
  emit(module);
  const memory = new WebAssembly.Memory({ initial: 2 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  return { run: exports.run as (source: number, target: number, rows: number) => void, floats: new Float32Array(memory.buffer) };
}

const TARGET = 65536;
const cases = fc.record({
  reduction: fc.constantFrom("sum" as const, "max" as const, "min" as const),
  rows: fc.nat(9), length: fc.integer({ min: 1, max: 40 }), gap: fc.nat(3),
  values: fc.array(fc.oneof(fc.float({ noNaN: true, min: -1000, max: 1000 }), fc.constantFrom(NaN, Infinity, -0)), { minLength: 400, maxLength: 400 }),
});

test("rows are reduced in four lanes", () => {
  fc.assert(
    fc.property(cases, ({ reduction, rows, length, gap, values }) => {
      const { run, floats } = instantiate((module) => emitReduceRows(module, "run", { reduction, length, stride: length + gap }));
      floats.set(values);
      run(0, TARGET, rows);
      const expected = Array.from({ length: rows }, (_, r) => scalar[reduction](floats, r * (length + gap), length));
      expect([...floats.subarray(TARGET / 4, TARGET / 4 + rows)]).toEqual(expected);
    }),
  );
});

test("columns are reduced in order of the rows", () => {
  const operations = { sum: (a: number, b: number) => round(a + b), max: Math.max, min: Math.min };
  const starts = { sum: 0, max: -Infinity, min: Infinity };
  fc.assert(
    fc.property(cases, fc.constantFrom("fresh" as const, "add" as const), ({ reduction, rows, length, gap, values }, start) => {
      const stride = length + gap;
      const { run, floats } = instantiate((module) => emitReduceColumns(module, "run", { reduction, columns: length, stride, start }));
      floats.set(values);
      floats.fill(3, TARGET / 4);
      run(0, TARGET, rows);
      const expected = Array.from({ length }, (_, c) => {
        let result = start === "add" ? 3 : starts[reduction];
        for (let r = 0; r < rows; r++) result = operations[reduction](result, floats[r * stride + c]!);
        return result;
      });
      expect([...floats.subarray(TARGET / 4, TARGET / 4 + length)]).toEqual(expected);
      expect(floats[TARGET / 4 + length]).toBe(3);
    }),
  );
});
