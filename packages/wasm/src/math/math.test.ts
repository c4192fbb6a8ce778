import {
  cosF32,
  errorFunctionF32,
  errorFunctionF64,
  expF32,
  expm1F32,
  log1pF32,
  logF32,
  powF32,
  sigmoidF32,
  sinF32,
  tanhF32,
  threefry2x32 as threefryScalar,
} from "@sluice/tensor/internal";
import { describe, expect, test } from "vitest";
import {
  type Expression,
  f32x4,
  i32,
  i32x4,
  type MultiplyAdd,
  type MultiplyAddMode,
  v128,
  wasmModule,
} from "../assembler/index.ts";
import * as math from "./index.ts";

type Vector = Expression<"v128">;

const COUNT = 1024;
const F = Math.fround(1.3);

/** Runs `f` over `COUNT` words at 0 and writes the results from byte 4 * COUNT on. */
function overMemory(f: (x: Vector, multiplyAdd: MultiplyAdd) => Vector, multiplyAdd: MultiplyAddMode = "separate") {
  const module = wasmModule({ memory: { initial: 1 }, multiplyAdd });
  module.function("run", { params: {}, export: true }, (body) => {
    const at = body.local("i32", "at");
    body.repeatWhile(i32.ltU(at, 4 * COUNT), () => {
      body.do(v128.store(at, f(v128.load(at), body.multiplyAdd), 4 * COUNT));
      body.set(at, i32.add(at, 16));
    });
  });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } }).exports;
  return {
    inputBits: new Uint32Array(memory.buffer, 0, COUNT),
    input: new Float32Array(memory.buffer, 0, COUNT),
    output: new Float32Array(memory.buffer, 4 * COUNT, COUNT),
    outputBits: new Uint32Array(memory.buffer, 4 * COUNT, COUNT),
    run: run as () => void,
  };
}

describe.each([
  { name: "exp", kernel: math.exp, scalar: expF32 },
  { name: "expm1", kernel: math.expm1, scalar: expm1F32 },
  { name: "tanh", kernel: math.tanh, scalar: tanhF32 },
  { name: "sigmoid", kernel: math.sigmoid, scalar: sigmoidF32 },
  { name: "log", kernel: math.log, scalar: logF32 },
  { name: "log1p", kernel: math.log1p, scalar: log1pF32 },
  { name: "sin", kernel: math.sin, scalar: sinF32 },
  { name: "cos", kernel: math.cos, scalar: cosF32 },
  { name: "erf", kernel: math.erf, scalar: errorFunctionF32 },
  { name: "x^1.3", kernel: (x: Vector) => math.pow(x, f32x4.const(1.3)), scalar: (x: number) => powF32(x, F) },
  { name: "x^-3", kernel: (x: Vector) => math.pow(x, f32x4.const(-3)), scalar: (x: number) => powF32(x, -3) },
  { name: "1.3^x", kernel: (x: Vector) => math.pow(f32x4.const(1.3), x), scalar: (x: number) => powF32(F, x) },
  { name: "(-2)^x", kernel: (x: Vector) => math.pow(f32x4.const(-2), x), scalar: (x: number) => powF32(-2, x) },
])("$name", ({ kernel, scalar }) => {
  test("has the bits of the scalar function over all exponents, both signs, denormals, infinities and NaN", () => {
    const { inputBits, input, output, run } = overMemory(kernel);
    const different: [number, number, number][] = [];
    // An odd stride, coprime to the length of the exponent field, visits every exponent with ever other fractions.
    for (let start = 0; start < 2 ** 32; start += 2039 * COUNT) {
      for (let i = 0; i < COUNT; i++) inputBits[i] = start + 2039 * i;
      run();
      for (let i = 0; i < COUNT; i++)
        if (!Object.is(output[i], scalar(input[i]!))) different.push([input[i]!, output[i]!, scalar(input[i]!)]);
    }
    expect(different.slice(0, 5)).toEqual([]);
  });

  test("has the bits of the scalar function at the edges", () => {
    const { inputBits, input, output, run } = overMemory(kernel);
    const edges = [
      0, 1, 0x007fffff, 0x00800000, 0x7f7fffff, 0x7f800000, 0x7fc00000, 0x3f800000, 0x42b17217, 0x42b17218, 0x42cff1b5,
      0x3f3504f3,
    ];
    inputBits.set(edges.flatMap((bits) => [bits - 1, bits, bits + 1, bits + 0x80000000]));
    run();
    for (let i = 0; i < 4 * edges.length; i++) expect(output[i], `at ${input[i]}`).toBe(scalar(input[i]!));
  });
});

describe.each([
  { name: "exp", kernel: math.exp, exact: Math.exp, from: -87, to: 88, bound: 1 },
  { name: "expm1", kernel: math.expm1, exact: Math.expm1, from: -20, to: 88, bound: 2 },
  { name: "tanh", kernel: math.tanh, exact: Math.tanh, from: -10, to: 10, bound: 2.5 },
  {
    name: "sigmoid",
    kernel: math.sigmoid,
    exact: (x: number) => 1 / (1 + Math.exp(-x)),
    from: -87,
    to: 30,
    bound: 2.5,
  },
  { name: "erf", kernel: math.erf, exact: errorFunctionF64, from: -4, to: 4, bound: 2 },
])("$name with relaxed multiply-add", ({ kernel, exact, from, to, bound }) => {
  /** The largest error, and the root of their mean square, in units of the exact value's last place. */
  const errorsOf = (multiplyAdd: MultiplyAddMode) => {
    const { input, output, run } = overMemory(kernel, multiplyAdd);
    let [largest, squares] = [0, 0];
    for (let part = 0; part < 500; part++) {
      for (let i = 0; i < COUNT; i++) input[i] = from + ((to - from) * (part + i / COUNT)) / 500;
      run();
      for (let i = 0; i < COUNT; i++) {
        const value = exact(input[i]!);
        const place = 2 ** (Math.floor(Math.log2(Math.abs(value) || 1e-30)) - 23);
        const error = Math.abs(output[i]! - value) / place;
        largest = Math.max(largest, error);
        squares += error * error;
      }
    }
    return { largest, usual: Math.sqrt(squares / (500 * COUNT)) };
  };

  test("is as accurate as with separate instructions: the same bound, and usually no less", () => {
    const [separate, relaxed] = [errorsOf("separate"), errorsOf("relaxed")];
    expect(separate.largest).toBeLessThan(bound);
    expect(relaxed.largest).toBeLessThan(bound);
    expect(relaxed.usual).toBeLessThan(1.001 * separate.usual);
  });

  test("keeps infinities, zeros and NaN", () => {
    const { input, output, run } = overMemory(kernel, "relaxed");
    const special = [0, -0, Infinity, -Infinity, NaN, 3e38, -3e38, 1e-45, -1e-45];
    input.set(special);
    run();
    special.forEach((x, i) => expect(output[i], `at ${x}`).toBe(Math.fround(exact(x))));
  });
});

test("pow has the bits of the scalar function wherever a base or an exponent is special", () => {
  const specials = [0, -0, 1, -1, 2, -2, 0.5, -3, 1e-45, 3e38, Infinity, -Infinity, NaN, 2 ** 24, 1.5, -1.5];
  for (const exponent of specials) {
    const { input, output, run } = overMemory((x) => math.pow(x, f32x4.const(exponent)));
    input.set(specials);
    run();
    specials.forEach((_, i) =>
      expect(output[i], `${input[i]}^${exponent}`).toBe(powF32(input[i]!, Math.fround(exponent))),
    );
  }
});

test("threefry2x32 has the words of the scalar function", () => {
  const key = [0x13198a2e, 0x03707344] as const;
  for (const word of [0, 1] as const) {
    const { inputBits, outputBits, run } = overMemory((x) => {
      const lanes = (value: number) => i32x4.const(value);
      return math.threefry2x32([lanes(key[0]), lanes(key[1])], [x, v128.not(x)])[word];
    });
    for (let i = 0; i < COUNT; i++) inputBits[i] = Math.imul(i, 0x9e3779b9);
    run();
    for (let i = 0; i < COUNT; i++)
      expect(outputBits[i]).toBe(threefryScalar(key[0], key[1], inputBits[i]!, ~inputBits[i]!)[word]);
  }
});
