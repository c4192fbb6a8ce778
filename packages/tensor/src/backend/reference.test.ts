import { describe, expect, test } from "vitest";
import * as t from "../index.ts";
import * as internal from "../internal.ts";
import type { ArrayTensor, Tensor } from "../index.ts";

const values = (x: Tensor): number[] => [...t.valuesOf(x)];

describe("compile", () => {
  test("gives the function's results on a backend", async () => {
    const f = await t.compile(
      (p: { a: Tensor; b: Tensor }, x: Tensor) => ({ sum: t.add(p.a, p.b), last: [t.mul(p.a, x)] }),
      [{ a: t.tensor([0]), b: t.tensor([0]) }, t.scalar(0)],
    );
    const { sum, last } = await f({ a: t.tensor([2]), b: t.tensor([3]) }, t.scalar(4));
    expect([values(sum), values(last[0]!)]).toEqual([[5], [8]]);
    await f.dispose();
  });

  test("matches arguments by path, whatever the order of their keys", async () => {
    const f = await t.compile((p: { a: Tensor; b: Tensor }) => t.sub(p.a, p.b), [{ a: t.scalar(0), b: t.scalar(0) }]);
    expect(t.item(await f({ b: t.scalar(1), a: t.scalar(5) }))).toBe(4);
  });

  test("takes placeholders as examples", async () => {
    const f = await t.compile((x: Tensor) => t.neg(x), [internal.placeholder({ shape: [2], dtype: "f32" }, "x")]);
    expect(values(await f(t.tensor([1, 2])))).toEqual([-1, -2]);
  });

  test.each<[string, (f: (p: { x: Tensor }) => Promise<Tensor>) => Promise<unknown>, string]>([
    [
      "another shape",
      (f) => f({ x: t.tensor([1, 2]) }),
      "run: x is f32 [2], expected f32 [3]; compile again for other types",
    ],
    [
      "another dtype",
      (f) => f({ x: t.tensor([1, 2, 3], [3], { dtype: "i32" }) }),
      "run: x is i32 [3], expected f32 [3]; compile again for other types",
    ],
    ["a missing tensor", (f) => f({} as { x: Tensor }), "run: no tensor at x (expected x)"],
    ["a missing argument", (f) => (f as () => Promise<Tensor>)(), "run: expected 1 arguments, got 0"],
    [
      "a symbol",
      (f) => f({ x: internal.placeholder({ shape: [3], dtype: "f32" }, "x") }),
      "run: x [3] is a symbol without values",
    ],
  ])("rejects %s", async (_, call, message) => {
    const f = await t.compile((p: { x: Tensor }) => t.sum(p.x), [{ x: internal.zerosArray([3]) }]);
    await expect(call(f)).rejects.toThrow(new t.TensorError(message));
  });

  test("rejects an unknown option and a function that fails, with its place", async () => {
    await expect(
      t.compile((x: Tensor) => x, [t.scalar(0)], { backend: t.reference(), ...{ backnd: t.reference() } }),
    ).rejects.toThrow("compile: unknown option backnd; did you mean backend?");
    await expect(
      t.compile((x: Tensor) => internal.at("head", () => t.matmul(x, x)), [internal.zerosArray([2, 3])]),
    ).rejects.toThrow("head: matmul [2,3] x [2,3]: inner sizes 3 and 2 differ");
  });
});

type State = { readonly w: Tensor; readonly count: Tensor };
const counting = (backend = t.reference()) =>
  t.compileStep(
    ({ w, count }: State, x: Tensor) => ({ state: { count: t.add(count, 1), w: t.add(w, x) }, output: { before: w } }),
    { w: t.tensor([1, 2]), count: t.scalar(0, "i32") },
    [internal.zerosArray([2])],
    { backend },
  );

describe("compileStep", () => {
  test("keeps the state between runs; it is read and set by name", async () => {
    const session = await counting();
    expect(values((await session.run(t.tensor([10, 20]))).before)).toEqual([1, 2]);
    expect(values((await session.run(t.tensor([10, 20]))).before)).toEqual([11, 22]);
    const state = await session.state();
    expect([values(state.w), t.item(state.count)]).toEqual([[21, 42], 2]);
    await session.setState({ count: t.scalar(7, "i32"), w: t.tensor([0, 0]) });
    await session.run(t.tensor([1, 1]));
    expect(t.item((await session.state()).count)).toBe(8);
  });

  test("a run that fails leaves the state as it was", async () => {
    const session = await counting();
    await expect(session.run(t.tensor([1]))).rejects.toThrow(
      "run: tensor 0 is f32 [1], expected f32 [2]; compile again for other types",
    );
    expect(values((await session.state()).w)).toEqual([1, 2]);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    [
      "another state comes out",
      () => t.compileStep(() => ({ state: {} as { w: Tensor }, output: [] }), { w: t.scalar(0) }, []),
      "compileStep: the state that the step returns: no tensor at w (expected w)",
    ],
    [
      "the state changes its shape",
      () => t.compileStep(({ w }: { w: Tensor }) => ({ state: { w: t.sum(w) }, output: [] }), { w: t.tensor([1]) }, []),
      "compile: state f32 w [1] would be replaced by f32 []; shape and dtype must stay",
    ],
    [
      "the set state has another shape",
      async () => (await counting()).setState({ w: t.scalar(0), count: t.scalar(0, "i32") }),
      "writeState: w is f32 [], expected f32 [2]; compile again for other types",
    ],
    [
      "the set state has another name",
      async () => (await counting()).setState({ v: t.scalar(0), count: t.scalar(0, "i32") } as never),
      "setState: no tensor at w; unexpected v (expected w, count)",
    ],
  ])("an error where %s", async (_, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });
});

describe("the contract", () => {
  const x = t.tensor([1, 2]) as ArrayTensor;
  const { program } = t.recordProgram((a: Tensor, b: Tensor) => [t.add(a, b), t.mul(a, b)], [x, x]);

  test("the memory of the state is counted in bytes", async () => {
    const executable = await t.reference().compile(program, { state: [{ input: 0 }] });
    expect(executable.statistics.bytes).toBe(8);
  });

  test("a disposed executable and one of a closed backend reject every call", async () => {
    const backend = t.reference();
    const executable = await backend.compile(program, { state: [{ input: 0 }] });
    const other = await backend.compile(program);
    await executable.dispose();
    for (const call of [executable.run([x]), executable.readState(), executable.writeState([x])]) {
      await expect(call).rejects.toThrow("reference: the executable was disposed of");
    }
    await backend.close();
    await expect(other.run([x, x])).rejects.toThrow("reference: the backend was closed");
    await expect(backend.compile(program)).rejects.toThrow("reference: the backend was closed");
  });

  test.each<[string, t.CompileOptions, string]>([
    [
      "an input that is not there",
      { state: [{ input: 2 }] },
      "compile: state binds input 2; the program has 2 inputs and 2 outputs",
    ],
    [
      "an output that is not there",
      { state: [{ input: 0, output: 5 }] },
      "compile: state binds input 0 to output 5; the program has 2 inputs and 2 outputs",
    ],
    [
      "one input twice",
      { state: [{ input: 0 }, { input: 0, output: 1 }] },
      "compile: state binds an input twice: 0, 0",
    ],
    ["an unknown option", { state: [], ...{ states: [] } }, "compile: unknown option states; did you mean state?"],
  ])("binding %s is an error", async (_, options, message) => {
    await expect(t.reference().compile(program, options)).rejects.toThrow(message);
  });

  test("the number of arrays is checked", async () => {
    const executable = await t.reference().compile(program);
    await expect(executable.run([x])).rejects.toThrow("run: expected 2 tensors, got 1");
  });
});
