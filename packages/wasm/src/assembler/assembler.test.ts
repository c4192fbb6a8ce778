import { describe, expect, test } from "vitest";
import { signed, signed64, unsigned } from "./leb128.ts";
import { atomics, f32, f32x4, i32, i64, inStep, memory, select, v128, wasmModule } from "./index.ts";

function instantiate(module: ReturnType<typeof wasmModule>, imports: WebAssembly.Imports = {}) {
  return new WebAssembly.Instance(new WebAssembly.Module(module.encode()), imports).exports as Record<
    string,
    (...args: number[]) => number
  >;
}

test("variable-length integers", () => {
  expect(unsigned(624485)).toEqual([0xe5, 0x8e, 0x26]);
  expect(unsigned(0xffffffff)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  expect(signed(-123456)).toEqual([0xc0, 0xbb, 0x78]);
  expect(signed(64)).toEqual([0xc0, 0x00]);
  expect(signed64(-1n)).toEqual([0x7f]);
});

describe("functions", () => {
  test("loops, conditions and locals", () => {
    const module = wasmModule();
    module.function("collatz", { params: { start: "i32" }, result: "i32", export: true }, (body, { start }) => {
      const n = body.let(start, "n");
      const steps = body.local("i32", "steps");
      body.while(i32.ne(n, 1), () => {
        body.if(
          i32.and(n, 1),
          () => body.set(n, i32.add(i32.mul(n, 3), 1)),
          () => body.set(n, i32.shrU(n, 1)),
        );
        body.set(steps, i32.add(steps, 1));
      });
      body.return(steps);
    });
    expect(instantiate(module).collatz!(27)).toBe(111);
    expect(instantiate(module).collatz!(1)).toBe(0);
  });

  test("a vector variable is no constant, however many there are", () => {
    const module = wasmModule({ memory: { initial: 1 } });
    module.function("last", { params: {}, export: true }, (body) => {
      let last = body.let(f32x4.const(0), "v");
      body.loop(() => {
        for (let i = 1; i <= 17_000; i++) last = body.let(f32x4.add(last, i % 1000 === 0 ? 1 : 0), "v");
        body.do(v128.store(0, last));
      });
    });
    const memory = new WebAssembly.Memory({ initial: 1 });
    instantiate(module, { env: { memory } }).last!();
    expect([...new Float32Array(memory.buffer, 0, 4)]).toEqual([17, 17, 17, 17]);
  });

  test("blocks are left from inside nested statements", () => {
    const module = wasmModule();
    module.function(
      "firstMultiple",
      { params: { of: "i32", above: "i32" }, result: "i32", export: true },
      (body, params) => {
        const i = body.let(params.above, "i");
        body.block((found) => {
          body.loop((next) => {
            body.if(i32.eqz(i32.remU(i, params.of)), () => body.branch(found));
            body.set(i, i32.add(i, 1));
            body.branch(next);
          });
        });
        body.return(i);
      },
    );
    expect(instantiate(module).firstMultiple!(7, 50)).toBe(56);
  });

  test("call each other and imported functions", () => {
    const module = wasmModule();
    const imported = module.importFunction("host", "twice", { params: { x: "f32" }, result: "f32" });
    const square = module.function("square", { params: { x: "f32" }, result: "f32" }, (body, { x }) =>
      body.return(f32.mul(x, x)),
    );
    module.function("both", { params: { x: "f32" }, result: "f32", export: true }, (body, { x }) => {
      body.return(f32.sub(imported.call(x), square.call(x)));
    });
    expect(instantiate(module, { host: { twice: (x: number) => 2 * x } }).both!(5)).toBe(-15);
    expect(() => square.call()).toThrow("square takes 1 operands (x), not 0.");
    expect(() => square.call(i32.const(1))).toThrow("square: operand 0 is i32, expected f32.");
  });

  test("a shared node is evaluated once", () => {
    let calls = 0;
    const module = wasmModule();
    const draw = module.importFunction("host", "draw", { params: {}, result: "i32" });
    module.function("run", { params: {}, result: "i32", export: true }, (body) => {
      const once = draw.call();
      const sum = i32.add(once, once);
      body.return(i32.mul(sum, i32.add(sum, once)));
    });
    const { run } = instantiate(module, { host: { draw: () => ((calls += 1), 3) } });
    expect(run!()).toBe(6 * 9);
    expect(calls).toBe(1);
  });

  test("select, 64-bit integers, memory and vectors", () => {
    const module = wasmModule({ memory: { initial: 1 } });
    module.function("run", { params: { a: "i32" }, result: "i32", export: true }, (body, { a }) => {
      body.do(memory.fill(0, 1, 16));
      body.do(memory.copy(16, 0, 16));
      body.do(v128.store(32, f32x4.add(v128.load(16), f32x4.splat(f32.convertI32S(a)))));
      const wide = i32.wrapI64(i64.shrU(i64.mul(i64.extendI32U(a), 2 ** 32), 32));
      body.return(select(i32.truncSatF32S(f32.load(44)), wide, i32.eq(i32.load(16), 0x01010101)));
    });
    const shared = new WebAssembly.Memory({ initial: 1 });
    expect(instantiate(module, { env: { memory: shared } }).run!(7)).toBe(7);
  });

  test("atomics on a shared memory", () => {
    const module = wasmModule({ memory: { initial: 1, maximum: 1, shared: true } });
    module.function("run", { params: {}, result: "i32", export: true }, (body) => {
      body.do(atomics.store(8, 5));
      body.do(atomics.add(8, 2));
      body.do(atomics.compareExchange(8, 7, 11));
      body.do(atomics.notify(8, 1));
      body.do(atomics.wait32(8, 0, 0));
      body.return(atomics.exchange(8, 0));
    });
    const shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    expect(instantiate(module, { env: { memory: shared } }).run!()).toBe(11);
  });
});

test("is printed as text, with vector constants kept out of the loops", () => {
  const module = wasmModule({ memory: { initial: 1 } });
  module.function("axpy", { params: { x: "i32", y: "i32", end: "i32" }, export: true }, (body, { x, y, end }) => {
    body.while(i32.ltU(x, end), () => {
      const scaled = f32x4.mul(v128.load(x, 16), 2);
      body.do(v128.store(y, f32x4.add(scaled, f32x4.mul(scaled, scaled)), 32));
      body.set(x, i32.add(x, 16));
    });
  });
  expect(module.print()).toBe(`export func axpy(x: i32, y: i32, end: i32)
  k = f32x4.const(2)
  if i32.lt_u(x, end)
    loop0:
      v128.store(y +32, f32x4.add((t = f32x4.mul(v128.load(x +16), k)), f32x4.mul(t, t)))
      x = i32.add(x, 16)
      t = f32x4.const(0)
      branch loop0 if i32.lt_u(x, end)`);
});

test("vectors that a loop does not carry on are forgotten at the end of its turn; sums and what is read afterwards are not", () => {
  const module = wasmModule({ memory: { initial: 1 } });
  module.function("sum", { params: { x: "i32", end: "i32" }, export: true }, (body, { x, end }) => {
    const sum = body.local("v128", "sum");
    const before = body.local("v128", "before");
    const last = body.local("v128", "last");
    body.repeatWhile(i32.ltU(x, end), () => {
      const own = body.let(v128.load(x), "own");
      body.set(sum, f32x4.add(f32x4.add(sum, before), own));
      body.set(before, own);
      body.set(last, f32x4.mul(own, own));
      body.set(x, i32.add(x, 16));
    });
    body.do(v128.store(0, f32x4.add(sum, last)));
  });
  expect(
    module
      .print()
      .split("\n")
      .filter((line) => line.includes("f32x4.const(0)")),
  ).toEqual(["    own = f32x4.const(0)"]);
});

test("expressions in step: the same values, an instruction of each after the other", () => {
  const module = wasmModule({ memory: { initial: 1 } });
  module.function("f", { params: {}, export: true }, (body) => {
    const of = (address: number) => {
      const x = v128.load(i32.const(address));
      const square = f32x4.mul(x, x);
      return f32x4.add(square, f32x4.sub(square, x));
    };
    inStep(body, [of(0), of(16)]).forEach((y, i) => body.do(v128.store(32 + 16 * i, y)));
  });
  expect(module.print().match(/v128\.load|f32x4\.\w+/g)).toEqual(
    ["v128.load", "mul", "sub", "add"].flatMap((op) => {
      const name = op === "v128.load" ? op : `f32x4.${op}`;
      return [name, name];
    }),
  );
  const memory = new WebAssembly.Memory({ initial: 1 });
  const floats = new Float32Array(memory.buffer);
  floats.set([1, 2, 3, 4, 5, 6, 7, 8]);
  instantiate(module, { env: { memory } }).f!();
  expect([...floats.subarray(8, 16)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((x) => 2 * x * x - x));
});
