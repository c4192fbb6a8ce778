// What a user is told at compile time: the names and nesting of trees survive every transformation.
import { expectTypeOf, test } from "vitest";
import * as t from "./index.ts";
import type { ArrayTensor, Tensor } from "./index.ts";

interface Shapeless {
  readonly kind: "array";
}
type Params = { readonly W: Tensor; readonly layers: readonly { readonly U: Tensor }[] };
declare const params: Params;
declare const x: Tensor;
const loss = (p: Params, y: Tensor): Tensor => t.sum(t.add(p.W, y));

test("gradients are nested as the parameters", () => {
  expectTypeOf(t.grad(loss)(params, x)).toEqualTypeOf<Params>();
  expectTypeOf(t.valueAndGrad(loss)(params, x)).toEqualTypeOf<{ value: Tensor; gradient: Params }>();
  const withAux = t.valueAndGradAux((p: Params) => ({ value: t.sum(p.W), aux: { accuracy: p.W } }));
  expectTypeOf(withAux(params).aux).toEqualTypeOf<{ accuracy: Tensor }>();
  // @ts-expect-error: no parameter of that name
  void t.grad(loss)(params, x).V;
  // @ts-expect-error: the argument is missing
  t.grad(loss)(params);
  // @ts-expect-error: a function of a tree of something else
  t.grad((_: { W: number }) => x);
});

test("vjp's pullback takes a result and gives the arguments", () => {
  const { result, pullback } = t.vjp((p: Params, y: Tensor) => ({ h: t.add(p.W, y) }), params, x);
  expectTypeOf(result).toEqualTypeOf<{ h: Tensor }>();
  expectTypeOf(pullback).toEqualTypeOf<(cotangent: { h: Tensor }) => [p: Params, y: Tensor]>();
});

test("scan keeps the names of states and outputs", () => {
  const result = t.scan(
    ({ h, c }: { h: Tensor; c: Tensor }, y: { x: Tensor }) => ({ state: { h, c }, output: { gate: y.x } }),
    { h: x, c: x },
    { x },
  );
  expectTypeOf(result.state).toEqualTypeOf<{ h: Tensor; c: Tensor }>();
  expectTypeOf(result.output).toEqualTypeOf<{ gate: Tensor }>();
  // A scan's result is a tree itself.
  expectTypeOf(
    t.checkpoint((y: Tensor) => t.scan((h: Tensor, z: Tensor) => ({ state: h, output: z }), y, y))(x).state,
  ).toEqualTypeOf<Tensor>();
  // @ts-expect-error: the step loses state c
  t.scan(({ h }: { h: Tensor; c: Tensor }) => ({ state: { h }, output: [] }), { h: x, c: x }, []);
});

test("compiled functions and steps keep arguments and results", async () => {
  const f = await t.compile((p: Params, y: Tensor) => ({ loss: loss(p, y) }), [params, x]);
  expectTypeOf(f).parameters.toEqualTypeOf<[p: Params, y: Tensor]>();
  expectTypeOf(await f(params, x)).toEqualTypeOf<{ loss: Tensor }>();
  const session = await t.compileStep(
    (state: Params, y: Tensor) => ({ state, output: { loss: loss(state, y) } }),
    params,
    [x],
  );
  expectTypeOf(await session.run(x)).toEqualTypeOf<{ loss: Tensor }>();
  expectTypeOf(await session.state()).toEqualTypeOf<Params>();
  expectTypeOf(session.setState).parameters.toEqualTypeOf<[state: Params]>();
});

test("trees", () => {
  expectTypeOf(t.mapTree(params, (y) => y)).toEqualTypeOf<Params>();
  expectTypeOf(t.zipTrees(params, params, (y) => y)).toEqualTypeOf<Params>();
  expectTypeOf<t.TreeOf<{ W: Tensor; b: Tensor[] }, number>>().toEqualTypeOf<{ W: number; b: number[] }>();
  expectTypeOf(t.checkGradient((p: Params) => loss(p, x), params).parameters).toEqualTypeOf<
    Readonly<Record<string, t.ParameterCheck>>
  >();
});

test("arrays have values, symbols have none", () => {
  expectTypeOf(t.tensor([1])).toEqualTypeOf<ArrayTensor>();
  expectTypeOf(t.valuesOf(x)).toEqualTypeOf<Float32Array | Float64Array | Int32Array>();
  // @ts-expect-error: a tensor may be a symbol
  void x.data;
  expectTypeOf<Shapeless>().not.toExtend<Tensor>();
});
