// Values that a layer changes while it runs: the results are those of a cell with other equations.
import { weightsOf } from "@sluice/params";
import {
  bernoulli,
  convert,
  evaluate,
  full,
  key,
  leavesOf,
  mapTree,
  mul,
  normal,
  print,
  recordProgram,
  stack,
  take,
  tensor,
  tensorsOf,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isFloat, substitute, treeFrom } from "@sluice/tensor/internal";
import { expectNear, expectSame } from "@sluice/tensor/testing";
import { describe, expect, test } from "vitest";
import { catalogue } from "../catalogue/index.ts";
import { outputOf } from "../cell/cell.ts";
import { evaluation } from "../cell/context.ts";
import type { Intervene } from "../cell/intervene.ts";
import { probe } from "../cell/probe.ts";
import { recurrenceOf } from "../cell/recurrence.ts";
import { mapStates, statesOf } from "../cell/states.ts";
import { joinedBuffers } from "../cell/weight-buffers.ts";
import { bidirectional, dense, gru, lstm, sequence, sequential } from "../index.ts";
import { run } from "../testing/runs.ts";
import { subjectOf, time, type MakeInput, type Subject } from "../testing/subject.ts";

const entries = Object.values(catalogue).flatMap((family) => family ?? []);
const value = 0.25;
const fixed =
  (at: string): Intervene =>
  (name, x) =>
    name === at ? constant(x) : x;
const constant = (x: Tensor): Tensor => full(x.shape, isFloat(x.dtype) ? value : 1, x.dtype);

/**
 * A plain loop over the step whose program has a constant in place of what it traces as `at`, or of the state
 * `state.PATH` that it returns.
 */
function rewritten({ cell, params, x, extra, state, buffers }: Subject, at: string): { output: Tensor; state: Tree } {
  const joined = joinedBuffers(cell.buffers ?? {}, cell.params);
  const weights = weightsOf(cell, params, { buffers: joined.weights(buffers) });
  const own = joined.own(buffers);
  const step = (w: Tree, before: Subject["state"], now: Tensor, others: Subject["extra"]) => {
    const traced = new Map<string, Tensor>();
    const next = cell.step(w, before, now, {
      ...evaluation,
      extra: others,
      buffers: own,
      trace: (name, y) => void traced.set(name, y),
    });
    const left = mapStates(cell.state, ({ path }) => {
      const y = leavesOf(next.state).find((leaf) => leaf.path === path)!.tensor;
      return at === `state.${path}` ? constant(y) : y;
    });
    const result = { state: left, output: outputOf({ state: left, output: next.output }) };
    const symbol = traced.get(at);
    if (symbol?.kind !== "symbol") return result;
    return treeFrom(result, substitute(tensorsOf(result), [symbol], [constant(symbol)]));
  };
  const now = (tree: Tree, t: number): Tree => mapTree(tree, (y) => take(y, t, 1));
  const { program, result } = recordProgram(step, [
    weights,
    state,
    take(x, 0, 1),
    mapTree(extra, (y) => take(y, 0, 1)),
  ]);
  let after: Tree = state;
  const outputs: Tensor[] = [];
  for (let t = 0; t < time; t++) {
    const args: Tree[] = [weights, after, now(x, t), now(extra, t)];
    const next = treeFrom(result, evaluate(program, args.flatMap(tensorsOf)));
    after = next.state;
    outputs.push(next.output);
  }
  return { output: stack(outputs, 1), state: after };
}

/** Masks of inputs with zeros in them, so that what is computed for missing inputs counts. */
const withMissing =
  (own: MakeInput | undefined): MakeInput =>
  (name, spec, lead, drawn) =>
    own?.(name, spec, lead, drawn) ??
    (name === "mask" ? convert(bernoulli(drawn, [...lead, ...spec.shape], 0.5), spec.dtype) : undefined);

/** What cells show of a step, but do not compute with: in the loop, and in an associative scan. */
const observed: Readonly<Record<string, { readonly loop?: readonly string[]; readonly scan?: readonly string[] }>> = {
  ltc: { loop: ["timeConstant"] },
  matrixLstm: { scan: ["input", "forget"] },
};
const expectObserved = (at: string, change: () => unknown): void =>
  expect(change).toThrow(`nothing that this step computes is made of ${at}, so it can be read, but not changed`);

describe.each(entries)("$name", ({ make, input }) => {
  const subject = subjectOf(make({ input: 2, hidden: 3 }), withMissing(input), "f64");
  const { cell } = subject;
  const states = statesOf(cell.state).flatMap(({ path, dtype }) => (isFloat(dtype) ? [`state.${path}`] : []));

  test.each([...Object.keys(probe(cell).traces), ...states])("a fixed %s", (at) => {
    if (observed[cell.name]?.loop?.includes(at))
      return expectObserved(at, () => run(subject, { intervene: fixed(at) }));
    const found = run(subject, { intervene: fixed(at) });
    const expected = rewritten(subject, at);
    expectSame("output", found.output, expected.output);
    expectSame("state", found.state, expected.state);
    const plain = run(subject);
    expect(() => expectSame(at, { ...found }, { ...plain })).toThrow("is expected");
  });

  test("states over time", () => {
    const names = statesOf(cell.state).map(({ path }) => `state.${path}`);
    const { traces, state, output } = subject.layer.apply(subject.params, subject.x, {
      extra: subject.extra,
      state: subject.state,
      buffers: subject.buffers,
      traces: names,
    });
    expect(Object.keys(traces).toSorted()).toEqual(names.toSorted());
    for (const { path, tensor: last } of leavesOf(state))
      expectSame(path, take(traces[`state.${path}`]!, time - 1, 1), last);
    const { outputState } = probe(cell);
    if (outputState !== undefined) expectSame("output", traces[`state.${outputState}`]!, output);
  });

  if (recurrenceOf(cell) === undefined) return;
  test.each(Object.keys(probe(cell).traces))("a fixed %s in an associative scan", (at) => {
    const options = { intervene: fixed(at), lengths: [4, 2, 3] };
    const scanned = () => run({ ...subject, layer: sequence(cell, { scan: "associative" }) }, options);
    if (observed[cell.name]?.scan?.includes(at)) return expectObserved(at, scanned);
    const found = scanned();
    const looped = run(subject, options);
    for (const { path, tensor: y } of leavesOf({ output: looped.output, state: looped.state })) {
      const other = leavesOf({ output: found.output, state: found.state }).find((leaf) => leaf.path === path)!;
      expectNear(path, valuesOf(other.tensor), valuesOf(y), 1e-12);
    }
  });
});

const x = normal(key(1), [2, 4, 3]);
const layer = sequential([
  bidirectional(gru({ input: 3, hidden: 2 })),
  sequence(lstm({ input: 4, hidden: 3 }), { outputs: "last" }),
  dense({ input: 3, output: 1 }),
]);
const params = layer.init(key(2));

test("names within layers of layers begin with the layer's, as those of traces", () => {
  const seen = new Set<string>();
  const note: Intervene = (name, y) => {
    seen.add(name);
    return y;
  };
  const names = ["0.forward.update", "0.backward.state.h", "1.forget", "1.state.c"];
  const { traces } = layer.apply(params, x, { intervene: note, traces: names });
  expect(Object.keys(traces).toSorted()).toEqual(names.toSorted());
  expect([...seen].toSorted()).toEqual(
    [
      ...["forward", "backward"].flatMap((way) =>
        ["reset", "update", "candidate", "state.h"].map((name) => `0.${way}.${name}`),
      ),
      ...["input", "forget", "candidate", "output", "state.h", "state.c"].map((name) => `1.${name}`),
    ].toSorted(),
  );
  const closed = layer.apply(params, x, { intervene: fixed("1.output"), traces: ["1.output"] });
  expect(new Set(valuesOf(closed.traces["1.output"]!))).toEqual(new Set([value]));
});

test("the program without a change is the same as without the option", () => {
  const printed = (intervene?: Intervene): string =>
    print(recordProgram((p: typeof params) => layer.apply(p, x, intervene && { intervene }).output, [params]).program);
  expect(printed((_, y) => y)).toBe(printed());
  expect(printed((name, y) => (name === "1.forget" ? mul(y, 0.5) : y))).not.toBe(printed());
});

test("a gate is fixed at the steps that a row has; masked steps trace zeros and keep the state", () => {
  const gates = sequence(lstm({ input: 3, hidden: 2 }));
  const weights = gates.init(key(3));
  const mask = tensor([1, 0, 1, 1, 1, 1, 0, 1], [2, 4], { dtype: "bool" });
  const { traces } = gates.apply(weights, x, {
    mask,
    lengths: [4, 2],
    intervene: fixed("forget"),
    traces: ["forget", "state.h"],
  });
  const [q, o] = [
    [value, value],
    [0, 0],
  ] as const;
  expect([...valuesOf(traces["forget"]!)]).toEqual([q, o, q, q, q, q, o, o].flat());
  const kept = gates.apply(weights, x, { mask, lengths: [4, 2], intervene: fixed("forget") }).output;
  expectSame("h over time", traces["state.h"]!, kept);
});

test("what no intervention can be is an error that says so", () => {
  const cell = sequence(gru({ input: 3, hidden: 2 }));
  const weights = cell.init(key(4));
  expect(() => cell.apply(weights, x, { intervene: (_, y) => take(y, 0) })).toThrow(
    /^gru: intervene must return f32 \[2,2\] for reset, got f32 \[2\]; return the value itself where nothing changes$/,
  );
  // @ts-expect-error: nothing is returned.
  expect(() => cell.apply(weights, x, { intervene: () => {} })).toThrow("got undefined");
  // @ts-expect-error: not a function.
  expect(() => cell.apply(weights, x, { intervene: { forget: 1 } })).toThrow("gru.apply: intervene is");
  // @ts-expect-error: another name.
  expect(() => cell.apply(weights, x, { intervention: (_, y) => y })).toThrow("intervene");
  expect(() => cell.apply(weights, x, { traces: ["state.c"] })).toThrow("gru: no trace state.c");
});
