import { isArray } from "../apply.ts";
import type { Backend, Executable, StateBinding } from "../backend/backend.ts";
import { TensorError } from "../errors.ts";
import { add, mul } from "../primitives/arithmetic.ts";
import { sum } from "../primitives/reduce.ts";
import { recordProgram } from "../program/record.ts";
import { scan } from "../scan/scan.ts";
import { full, tensor, type ArrayTensor, type Tensor } from "../tensor.ts";

const array = (values: readonly number[]): ArrayTensor => tensor([...values]);

/** `(a, b)` to `(a + b, a b)`, of two numbers each. */
const { program } = recordProgram((a: Tensor, b: Tensor) => [add(a, b), mul(a, b)], [array([1, 2]), array([1, 2])]);

/** `b` is state and becomes the sum. */
const summing: readonly StateBinding[] = [{ input: 1, output: 0 }];

/** What `Backend` and `Executable` promise, apart from the values of single primitives. */
export const contractLaws: Readonly<Record<string, (backend: Backend) => Promise<void>>> = {
  async "state starts as zeros, is kept between runs, and is not among inputs and outputs"(backend) {
    const executable = await backend.compile(program, { state: summing });
    expectValues("the first run", await executable.run([array([3, 5])]), [[0, 0]]);
    expectValues("the second run", await executable.run([array([10, 20])]), [[30, 100]]);
    expectValues("the state", await executable.readState(), [[13, 25]]);
  },

  async "state that is written is what the next run reads"(backend) {
    const executable = await backend.compile(program, { state: summing });
    await executable.writeState([array([7, 8])]);
    expectValues("the run", await executable.run([array([2, 3])]), [[14, 24]]);
    expectValues("the state", await executable.readState(), [[9, 11]]);
  },

  async "state without an output stays, and states may exchange places"(backend) {
    const fixed = await backend.compile(program, { state: [{ input: 0 }] });
    await fixed.writeState([array([3, 4])]);
    for (let i = 0; i < 2; i++)
      expectValues(`run ${i}`, await fixed.run([array([1, 1])]), [
        [4, 5],
        [3, 4],
      ]);
    const { program: swap } = recordProgram(
      (a: Tensor, b: Tensor, n: Tensor) => [b, a, mul(a, n)],
      [array([0]), array([0]), array([0])],
    );
    const state = [
      { input: 0, output: 0 },
      { input: 1, output: 1 },
    ];
    const swapping = await backend.compile(swap, { state });
    await swapping.writeState([array([1]), array([2])]);
    expectValues("the first", await swapping.run([array([10])]), [[10]]);
    expectValues("the second", await swapping.run([array([10])]), [[20]]);
    expectValues("the states", await swapping.readState(), [[1], [2]]);
  },

  async "integers of 32 bits and bools are kept as they are"(backend) {
    const of = (values: readonly number[], dtype: "i32" | "bool"): ArrayTensor =>
      tensor([...values], undefined, { dtype });
    const { program: typed } = recordProgram(
      (n: Tensor, flag: Tensor) => [add(n, 1), flag],
      [of([0, 0], "i32"), of([0, 1], "bool")],
    );
    const executable = await backend.compile(typed, { state: [{ input: 0, output: 0 }] });
    await executable.writeState([of([16777216, -2147483648], "i32")]);
    const [flags] = await executable.run([of([1, 0], "bool")]);
    if (flags?.dtype !== "bool") throw new TensorError(`a bool came back as ${flags?.dtype}`);
    expectValues("the bools", [flags], [[1, 0]]);
    expectValues("the integers", await executable.readState(), [[16777217, -2147483647]]);
  },

  async "runs of one executable are queued"(backend) {
    const executable = await backend.compile(program, { state: summing });
    const runs = [1, 2, 3].map((n) => executable.run([array([n, n])]));
    for (const [i, results] of (await Promise.all(runs)).entries())
      expectValues(`run ${i}`, results, [[[0, 2, 9][i] ?? 0, [0, 2, 9][i] ?? 0]]);
  },

  async "arrays belong to the caller before a call and after it"(backend) {
    const executable = await backend.compile(program, { state: summing });
    const given = Float32Array.of(1, 2);
    const [first] = await executable.run([tensor(given)]);
    given.fill(99);
    first?.data.fill(77);
    const [state] = await executable.readState();
    expectValues("the state", [state], [[1, 2]]);
    state?.data.fill(66);
    const written = Float32Array.of(5, 6);
    await executable.writeState([tensor(written)]);
    written.fill(44);
    expectValues("the state that was written", await executable.readState(), [[5, 6]]);
    expectValues("the run after it", await executable.run([array([2, 2])]), [[10, 12]]);
  },

  async "the same inputs give the same bits"(backend) {
    const executable = await backend.compile(program);
    const inputs = [array([0.1, -3]), array([1e-3, 7])];
    const [once, again] = [await executable.run(inputs), await executable.run(inputs)];
    expectValues(
      "the second run",
      again,
      once.map((y) => [...y.data]),
    );
  },

  async "inputs and states that do not fit are errors, and leave the state as it was"(backend) {
    const executable = await backend.compile(program, { state: summing });
    await executable.writeState([array([1, 2])]);
    await expectError("an array of another shape", () => executable.run([array([1, 2, 3])]));
    await expectError("an array of another dtype", () => executable.run([tensor([1, 2], [2], { dtype: "i32" })]));
    await expectError("too few arrays", () => executable.run([]));
    await expectError("too many arrays", () => executable.run([array([1, 2]), array([1, 2])]));
    await expectError("values that do not fill the shape", () =>
      executable.run([{ kind: "array", shape: [2], dtype: "f32", data: Float32Array.of(1) }]),
    );
    await expectError("a state of another shape", () => executable.writeState([array([1])]));
    expectValues("the state", await executable.readState(), [[1, 2]]);
    expectValues("the run after the errors", await executable.run([array([5, 5])]), [[5, 10]]);
  },

  async "lengths beyond the steps of a loop are errors"(backend) {
    const lengths = (...values: number[]): ArrayTensor => tensor(Int32Array.from(values));
    const x = full([3, 2, 1], 1);
    const { program: loop } = recordProgram(
      (xs: Tensor, n: Tensor) =>
        scan((h: Tensor, xt: Tensor) => ({ state: add(h, sum(xt, 1)), output: {} }), full([2], 0), xs, { lengths: n })
          .state,
      [x, lengths(1, 1)],
    );
    const executable = await backend.compile(loop);
    const given = isArray(x) ? x : array([]);
    await expectError("a length of 4 of 3 steps", () => executable.run([given, lengths(3, 4)]));
    await expectError("a negative length", () => executable.run([given, lengths(-1, 3)]));
    expectValues("lengths that fit", await executable.run([given, lengths(3, 0)]), [[3, 0]]);
  },

  async "state that does not fit the program is an error of compiling"(backend) {
    const bad: Readonly<Record<string, readonly StateBinding[]>> = {
      "an input that is not there": [{ input: 2 }],
      "an output that is not there": [{ input: 0, output: 5 }],
      "an input twice": [{ input: 0 }, { input: 0, output: 1 }],
    };
    for (const [what, state] of Object.entries(bad)) await expectError(what, () => backend.compile(program, { state }));
    const { program: shrinking } = recordProgram((a: Tensor) => sum(a), [array([1, 2])]);
    await expectError("another shape", () => backend.compile(shrinking, { state: [{ input: 0, output: 0 }] }));
  },

  async "f64 is computed, or refused when a program is compiled"(backend) {
    const x = tensor(Float64Array.of(1, 1e-9));
    const { program: double } = recordProgram((a: Tensor) => add(a, 1), [x]);
    let executable: Executable;
    try {
      executable = await backend.compile(double);
    } catch (error) {
      if (error instanceof Error && error.message.includes("f64")) return;
      throw new TensorError(`the error does not name f64: ${error instanceof Error ? error.message : String(error)}`);
    }
    expectValues("in f64", await executable.run([x]), [[2, 1 + 1e-9]]);
  },

  async "statistics are numbers, and the memory of the state is counted"(backend) {
    const { statistics } = await backend.compile(program, { state: summing });
    const { bytes, kernels, compileMilliseconds } = statistics;
    for (const [name, value] of Object.entries({ bytes, kernels, compileMilliseconds }))
      if (!(value >= 0)) throw new TensorError(`statistics.${name} is ${value}`);
    if (bytes < 8) throw new TensorError(`two numbers of state take 8 bytes, but statistics.bytes is ${bytes}`);
  },

  async "what is disposed of rejects every call, and the backend goes on"(backend) {
    const executable = await backend.compile(program, { state: summing });
    await executable.dispose();
    await executable.dispose();
    await expectRejections(executable);
    const other = await backend.compile(program);
    const last = other.run([array([3, 4]), array([1, 2])]);
    await other.dispose();
    expectValues("a run that had begun", await last, [
      [4, 6],
      [3, 8],
    ]);
  },

  async "a closed backend rejects every call"(backend) {
    const executable = await backend.compile(program, { state: summing });
    await backend.close();
    await backend.close();
    await expectRejections(executable);
    await expectError("compiling", () => backend.compile(program));
  },
};

async function expectRejections(executable: Executable): Promise<void> {
  await expectError("run", () => executable.run([array([1, 2])]));
  await expectError("readState", () => executable.readState());
  await expectError("writeState", () => executable.writeState([array([1, 2])]));
}

async function expectError(what: string, run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Error && error.message !== "") return;
    throw new TensorError(`${what}: rejects with ${String(error)}, expected an Error that says what is wrong`);
  }
  throw new TensorError(`${what}: is accepted, expected an error`);
}

/** An error where results have other values: whole numbers, which every backend has exactly, or the same bits. */
function expectValues(
  what: string,
  found: readonly (ArrayTensor | undefined)[],
  expected: readonly (readonly number[])[],
): void {
  const [shown, wanted] = [found, expected].map((lists) =>
    JSON.stringify(lists.map((list) => (list === undefined ? [] : [...("data" in list ? list.data : list)]))),
  );
  if (shown !== wanted) throw new TensorError(`${what}: ${shown}, expected ${wanted}`);
}
