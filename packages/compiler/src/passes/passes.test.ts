import {
  add,
  checkpoint,
  div,
  evaluate,
  key,
  keyFor,
  matmul,
  mul,
  neg,
  print,
  scan,
  sigmoid,
  split,
  sub,
  sum,
  tanh,
  tensor,
  tensorsOf,
  recordProgram,
  uniform,
  valueAndGrad,
  type ArrayTensor,
  type Program,
  type Tensor,
} from "@sluice/tensor";
import { isArray } from "@sluice/tensor/internal";
import { describe, expect, test } from "vitest";
import { defer } from "./defer.ts";
import { inlineBodies } from "./expand.ts";
import { group } from "./group.ts";
import { hoist } from "./hoist.ts";
import { optimize, programPasses } from "./optimize.ts";
import { merge } from "./merge.ts";
import { prune } from "./prune.ts";
import { share } from "./share.ts";
import { simplify } from "./simplify.ts";
import { sink } from "./sink.ts";

type Params = { readonly W: Tensor; readonly U: Tensor; readonly b: Tensor };

const params: Params = { W: tensor([1, 2], [2, 1]), U: tensor([3], [1, 1]), b: tensor([0.5]) };
const x: Tensor = tensor([1, 2, 3, 4, 5, 6], [3, 1, 2]);

const rnn = ({ W, U, b }: Params, xs: Tensor): Tensor =>
  scan(
    (state: { h: Tensor }, at: Tensor) => {
      const h = tanh(add(add(matmul(at, W), matmul(state.h, U)), b));
      return { state: { h }, output: h };
    },
    { h: tensor([0], [1, 1]) },
    xs,
  ).state.h;

const forward = (): Program => recordProgram(rnn, [params, x]).program;
const training = (): Program =>
  recordProgram(
    valueAndGrad((p: { params: Params; x: Tensor }) => sum(rnn(p.params, p.x))),
    [{ params, x }],
  ).program;
const lines = (program: Program): string[] =>
  print(program)
    .split("\n")
    .map((line) => line.trim());
const scansOf = (program: Program): Program[] =>
  program.nodes.flatMap(({ operation }) => (operation.op === "scan" ? [operation.body] : []));
const opsOf = (program: Program): string[] => program.nodes.map(({ operation }) => operation.op);

test("hoist: the product with the input leaves the loop and is done for all steps at once", () => {
  expect(opsOf(scansOf(forward())[0]!)).toEqual(["matmul", "matmul", "add", "broadcast", "add", "tanh"]);
  const hoisted = hoist(forward());
  expect(opsOf(scansOf(hoisted)[0]!)).toEqual(["matmul", "add", "add", "tanh"]);
  expect(lines(hoisted).filter((line) => line.includes("matmul"))[0]).toContain("f32[3,1] = matmul(");
});

test("sink: the weights' gradients leave the backward loop as products over time and batch", () => {
  const before = scansOf(training())[1]!;
  expect(before.outputs.length).toBe(1 + 3 + 1);
  const after = prune(sink(training()));
  expect(opsOf(scansOf(after)[1]!).filter((op) => op === "matmul").length).toBe(2);
  const products = lines(after).filter((line) => line.includes("matmul(") && !line.includes("f32[1,"));
  expect(products.length).toBe(1);
  expect(opsOf(after)).toContain("reduceSum");
});

test("sink: a sum over rows is taken of what is stacked anyway, or else of what the steps have added up", () => {
  const gradient = (p: { U: Tensor; bias: Tensor; gain: Tensor }): Tensor => {
    const { state } = scan(
      (s: { h: Tensor }, at: Tensor) => {
        const h = tanh(add(mul(matmul(s.h, p.U), p.gain), add(p.bias, sum(at))));
        return { state: { h }, output: [] };
      },
      { h: tensor([1, 2, 3, 4], [2, 2]) as Tensor },
      tensor([1, 2, 3, 4, 5, 6], [3, 1, 2]),
    );
    return sum(state.h);
  };
  const given = { U: tensor([1, 2, 3, 4], [2, 2]), bias: tensor([1, 2]), gain: tensor([1, 2]) };
  const before = prune(recordProgram(valueAndGrad(gradient), [given]).program);
  const after = prune(sink(before));
  const [, from] = scansOf(before);
  const [, to] = scansOf(after);
  // The sums of dU, dbias and dgain; then what dbias and dgain sum over the 2 rows, and what dU's product needs of all
  // steps.
  expect(from!.outputs.map(({ shape }) => shape)).toEqual([[2, 2], [2, 2], [2], [2]]);
  expect(to!.outputs.map(({ shape }) => shape)).toEqual([
    [2, 2],
    [2, 2],
    [2, 2],
    [2, 2],
  ]);
  expect(opsOf(to!)).not.toContain("reduceSum");
  const values = (program: Program): number[] =>
    evaluate(program, tensorsOf(given)).flatMap((y) => (isArray(y) ? [...y.data] : []));
  values(after).forEach((v, i) => expect(v).toBeCloseTo(values(before)[i]!, 5));
});

test("sink: what a loop is given for each step is summed without it, so that its step still works row by row", () => {
  const run = (h: Tensor, xs: Tensor) =>
    scan(
      (s: { h: Tensor; total: Tensor }, at: Tensor) => ({
        state: { h: tanh(mul(s.h, sum(at))), total: add(s.total, at) },
        output: [],
      }),
      { h, total: tensor([0, 0, 0]) },
      xs,
    ).state;
  const zeros23 = tensor([0, 0, 0, 0, 0, 0], [2, 3]);
  const before = recordProgram(run, [zeros23, tensor([1, 2, 3, 4, 5, 6], [2, 3])]).program;
  const [from] = scansOf(before);
  const [to] = scansOf(prune(sink(before)));
  expect(from!.outputs.map(({ shape }) => shape)).toEqual([[2, 3], [3]]);
  expect(to!.outputs.map(({ shape }) => shape)).toEqual([[2, 3]]);
  const [, total] = evaluate(sink(before), [zeros23, tensor([1, 2, 3, 4, 5, 6], [2, 3])]);
  expect(total).toEqual(tensor([5, 7, 9]));
});

test("sink: biases with the same gradient have one sum", () => {
  const gradient = (p: { U: Tensor; b: Tensor; bh: Tensor }): Tensor =>
    sum(
      scan(
        (s: { h: Tensor }, at: Tensor) => {
          const h = tanh(add(add(matmul(s.h, p.U), p.b), add(p.bh, sum(at))));
          return { state: { h }, output: [] };
        },
        { h: tensor([1, 2, 3, 4], [2, 2]) as Tensor },
        tensor([1, 2, 3, 4, 5, 6], [3, 1, 2]),
      ).state.h,
    );
  const before = prune(
    recordProgram(valueAndGrad(gradient), [{ U: tensor([1, 2, 3, 4], [2, 2]), b: tensor([1, 2]), bh: tensor([3, 4]) }])
      .program,
  );
  const after = sink(before);
  const biases = after.outputs.slice(2);
  expect(biases.map(({ shape }) => shape)).toEqual([[2], [2]]);
  expect(biases[0]).toBe(biases[1]);
});

test("defer: the input's gradient is one product after the backward loop", () => {
  const before = prune(sink(training()));
  const after = prune(defer(before));
  expect(opsOf(scansOf(before)[1]!).filter((op) => op === "matmul").length).toBe(2);
  expect(opsOf(scansOf(after)[1]!).filter((op) => op === "matmul").length).toBe(1);
});

test("share: a part of a stacked output is a slice of it", () => {
  const f = (xs: Tensor): Tensor[] => {
    const { output } = scan(
      (state: { h: Tensor }, at: Tensor) => {
        const h = add(state.h, at);
        const [a, b] = split(at, 2);
        return { state: { h }, output: [mul(a, 2), mul(b, 3), h] };
      },
      { h: tensor([0, 0], [1, 2]) },
      xs,
    );
    return [...output];
  };
  const program = recordProgram(f, [x]).program;
  expect(print(share(program))).toBe(print(program));
  const gates = recordProgram(
    valueAndGrad((p: { U: Tensor; bias: Tensor }) => {
      const { state } = scan(
        (s: { h: Tensor }, at: Tensor) => {
          const [i, f, g] = split(add(matmul(s.h, p.U), p.bias), 3);
          const h = add(mul(sigmoid(f), s.h), mul(mul(sigmoid(i), tanh(g)), sum(at)));
          return { state: { h }, output: [] };
        },
        { h: tensor([1, 2], [1, 2]) },
        x,
      );
      return sum(state.h);
    }),
    [{ U: tensor(new Float32Array(12), [2, 6]), bias: tensor(new Float32Array(6)) }],
  ).program;
  const [, backward] = scansOf(prune(share(prune(sink(gates)))));
  expect(backward!.outputs.filter((y) => y.shape.at(-1) === 6).length).toBe(1);
});

test("group: gates with a matrix each cost one product a step, forwards and backwards", () => {
  const separate = {
    Ui: tensor([1, 2, 3, 4], [2, 2]),
    Uf: tensor([5, 6, 7, 8], [2, 2]),
    Ug: tensor([9, 1, 2, 3], [2, 2]),
  };
  const f = (U: typeof separate): Tensor =>
    sum(
      scan(
        (s: { h: Tensor }, at: Tensor) => {
          const i = sigmoid(matmul(s.h, U.Ui));
          const g = mul(i, tanh(add(matmul(s.h, U.Ug), at)));
          const h = add(mul(sigmoid(matmul(s.h, U.Uf)), s.h), g);
          return { state: { h }, output: [] };
        },
        { h: tensor([1, 2], [1, 2]) as Tensor },
        x,
      ).state.h,
    );
  const before = prune(defer(sink(recordProgram(valueAndGrad(f), [separate]).program)));
  const after = group(before);
  const products = (program: Program): number[] =>
    scansOf(program).map((body) => opsOf(body).filter((op) => op === "matmul").length);
  expect(products(before)).toEqual([3, 3]);
  expect(products(after)).toEqual([1, 1]);
  const values = (program: Program): number[] =>
    evaluate(program, tensorsOf(separate)).flatMap((y) => (isArray(y) ? [...y.data] : []));
  values(after).forEach((v, i) => expect(v).toBeCloseTo(values(before)[i]!, 5));
});

test("prune: outputs that nobody reads are not stacked", () => {
  expect(scansOf(forward())[0]!.outputs.length).toBe(2);
  expect(scansOf(prune(forward()))[0]!.outputs.length).toBe(1);
});

test("simplify: factors of 1 and the like are left out, but not what changes a zero's sign", () => {
  const f = (a: Tensor): Tensor[] => [div(mul(mul(1, a), 1), 1), sub(a, 0), neg(neg(a)), add(a, 0), sub(a, -0)];
  expect(opsOf(simplify(recordProgram(f, [tensor([1, 2])]).program))).toEqual(["add", "sub"]);
});

test("simplify: a batch of columns times rows is elementwise, with the same bits", () => {
  const f = (a: Tensor, b: Tensor): Tensor[] => [matmul(a, b)];
  const args = [tensor([1, -2, 0, 3], [2, 2, 1]), tensor([-0.5, 0, 4, -1], [2, 1, 2])];
  const { program } = recordProgram((...symbols: Tensor[]) => f(symbols[0]!, symbols[1]!), args);
  const simplified = simplify(program);
  expect(opsOf(simplified)).toEqual(["broadcast", "broadcast", "mul", "add"]);
  expect(evaluate(simplified, args)).toEqual(evaluate(program, args)); // toEqual tells -0 from 0
  const matrices = [tensor([1, -2], [2, 1]), tensor([3, 4], [1, 2])];
  const weights = recordProgram((...symbols: Tensor[]) => f(symbols[0]!, symbols[1]!), matrices).program;
  expect(opsOf(simplify(weights))).toEqual(["matmul"]);
});

test("merge: a number that is computed twice from the same tensors is computed once, and larger values as often as they are asked for", () => {
  const norm = (a: Tensor): Tensor => mul(sum(mul(mul(a, 2), a)), 3);
  const twice = recordProgram(
    (a: Tensor, b: Tensor) => [add(norm(a), norm(a)), norm(b), tanh(a), tanh(a)],
    [tensor([1, 2]), tensor([3, 4])],
  ).program;
  const counts = (program: Program, op: string): number => opsOf(program).filter((other) => other === op).length;
  expect([counts(twice, "reduceSum"), counts(twice, "tanh")]).toEqual([3, 2]);
  expect([counts(merge(twice), "reduceSum"), counts(merge(twice), "tanh")]).toEqual([2, 2]);
  // (2 + 8) * 3, twice; (18 + 32) * 3.
  expect(
    evaluate(merge(twice), [tensor([1, 2]), tensor([3, 4])])
      .slice(0, 2)
      .flatMap((y) => (isArray(y) ? [...y.data] : [])),
  ).toEqual([60, 150]);
  // A constant of another value, another axis or another key is another number.
  const other = recordProgram(
    (a: Tensor) => [sum(mul(a, 2)), sum(mul(a, -2)), sum(mul(a, 0)), sum(mul(a, -0))],
    [tensor([1, 2])],
  ).program;
  expect(counts(merge(other), "reduceSum")).toBe(4);
});

test("expand: a checkpoint's body stands in its place, once for the value and once for the gradient", () => {
  const f = checkpoint((a: Tensor) => tanh(tanh(a)));
  const program = recordProgram(
    valueAndGrad((a: Tensor) => sum(f(a))),
    [tensor([1, 2])],
  ).program;
  expect(opsOf(program).filter((op) => op === "checkpoint").length).toBe(2);
  const expanded = opsOf(inlineBodies(program));
  expect(expanded).not.toContain("checkpoint");
  expect(expanded.filter((op) => op === "tanh").length).toBe(4);
});

describe("every pass keeps the meaning, alone and switched off", () => {
  const random = (name: string, shape: readonly number[]): ArrayTensor => {
    const values = uniform(keyFor(key(5), name), shape, { low: -1, high: 1, dtype: "f64" });
    if (!isArray(values)) throw new Error("expected values");
    return values;
  };
  const given = {
    params: { W: random("W", [3, 12]), U: random("U", [4, 12]), b: random("b", [12]) },
    x: random("x", [5, 2, 3]),
    h: random("h", [2, 4]),
  };
  const lengths = tensor(Int32Array.of(5, 3));
  const loss = (p: typeof given): Tensor => {
    const { output } = scan(
      (state: { h: Tensor }, at: Tensor) => {
        const [xr, xz, xn] = split(add(matmul(at, p.params.W), p.params.b), 3);
        const [hr, hz, hn] = split(matmul(state.h, p.params.U), 3);
        const z = sigmoid(add(xz, hz));
        const n = tanh(add(xn, mul(sigmoid(add(xr, hr)), hn)));
        const h = add(n, mul(z, add(state.h, mul(n, -1))));
        return { state: { h }, output: h };
      },
      { h: p.h },
      p.x,
      { lengths },
    );
    return sum(mul(output, output));
  };
  const program = recordProgram(valueAndGrad(loss), [given]).program;
  const args = tensorsOf(given);
  const expected = evaluate(program, args).filter(isArray);
  const agrees = (other: Program): void => {
    evaluate(other, args)
      .filter(isArray)
      .forEach((value, i) => {
        const scale = Math.max(...expected[i]!.data.map(Math.abs));
        value.data.forEach((v, j) => expect(Math.abs(v - expected[i]!.data[j]!)).toBeLessThan(1e-13 * scale));
      });
  };
  test.each([
    ["expand", inlineBodies],
    ["simplify", simplify],
    ["merge", merge],
    ["hoist", hoist],
    ["group", group],
    ["sink", sink],
    ["defer", defer],
    ["share", share],
    ["prune", prune],
    ["optimize", optimize],
  ] as const)("%s", (_, pass) => agrees(pass(program)));
  test.each(programPasses)("without %s", (name) => agrees(optimize(program, { [name]: false })));
  test("without any", () => agrees(optimize(program, Object.fromEntries(programPasses.map((name) => [name, false])))));
});
