// The laws of layers, for those that read earlier steps without a loop.
import {
  add,
  bernoulli,
  concat,
  grad,
  key,
  keyFor,
  mapTree,
  reshape,
  sliceAxis,
  square,
  sum,
  tensorsOf,
  uniform,
  valuesOf,
  zerosLike,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { expectSame } from "@sluice/tensor/testing";
import { wasm } from "@sluice/wasm";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { attention } from "./attention.ts";
import { conv1d } from "./conv1d.ts";
import type { ApplyOptions, Layer } from "./layer.ts";
import type { State } from "../cell/states.ts";
import { onBackend } from "../testing/compiled.ts";
import * as laws from "../testing/laws.ts";
import * as overTime from "../testing/laws-over-time.ts";
import { mask } from "../testing/runs.ts";
import { flagsOf, layerSubject, pick, rowOf } from "../testing/subject.ts";

const layers: Readonly<Record<string, Layer<Tree, State>>> = {
  convolution: conv1d({ input: 2, output: 3, kernelSize: 3, activation: "tanh" }),
  "dilated convolution": conv1d({ input: 2, output: 2, kernelSize: 2, dilation: 2, bias: false }),
  "depthwise convolution": conv1d({ input: 3, kernelSize: 4, depthwise: true }),
  "convolution of one step": conv1d({ input: 2, output: 3, kernelSize: 1 }),
  "attention to a window": attention({ input: 4, heads: 2, window: 3 }),
  "attention to itself": attention({ input: 2, output: 4, window: 1, bias: false }),
};
const backend = wasm();
afterAll(() => backend.close());

describe.each(Object.entries(layers))("%s", (_, layer) => {
  const single = layerSubject(layer, undefined);
  const double = layerSubject(layer, undefined, "f64");

  test.each(
    Object.entries({
      "parameters are saved and loaded": laws.saved,
      "lengths equal truncated runs": overTime.truncated,
      "masks equal the cut sequence": overTime.masked,
      "values at skipped steps reach nothing": overTime.notLookedAt,
      "two windows equal one run": overTime.carried,
      "a stream equals the sequence": overTime.streamed,
    }),
  )("%s", async (_, law) => law(single));

  test.each(
    Object.entries({
      "the gradient equals finite differences": laws.gradient,
      "the second derivative equals finite differences": laws.secondDerivative,
    }),
  )("%s", (_, law) => law(double));

  test("WebAssembly has the reference's bits", async () => {
    const resets = flagsOf([
      [0, 0, 1, 0],
      [0, 1, 0, 0],
      [1, 0, 0, 0],
    ]);
    await onBackend(single, backend, 0);
    await onBackend(single, backend, 0, { lengths: [4, 3, 2], mask, resets });
  });

  test("whatever is masked or begins anew, and wherever rows end, each sequence is a run of its own", () => {
    fc.assert(
      fc.property(steps, ({ seed, time, lengths, rates }) => {
        const given = ragged(layer, { seed, time, lengths, rates });
        const whole = layer.apply(single.params, given.x, given.options);
        lengths.forEach((length, row) => {
          const alone = separately(layer, single.params, given, { row, length });
          expectSame(
            `state of row ${row}`,
            mapTree(whole.state, (s) => rowOf(s, row)),
            alone.state,
          );
          if (alone.steps.length > 0)
            expectSame(`outputs of row ${row}`, pick(whole.output, row, alone.steps), alone.output);
        });
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  test("the loop that perturbations and interventions need has the same bits", () => {
    fc.assert(
      fc.property(steps, ({ seed, time, lengths, rates }) => {
        const given = ragged(layer, { seed, time, lengths, rates });
        const zeros = layer.perturbations({ batch: lengths.length, time });
        const carryAfter = 1 + (seed % time);
        const at = (options: ApplyOptions<State>) => {
          const { output, state, carry, traces } = layer.apply(single.params, given.x, {
            ...given.options,
            ...options,
            carryAfter,
            traces: ["state.past"],
          });
          return { output, state, carry, traces };
        };
        expectSame("perturbed by zeros", at({ perturbations: zeros }), at({}));
        expectSame("left as it is", at({ intervene: (_, value) => value }), at({}));
      }),
      { numRuns: 15, seed: 2 },
    );
  });

  test("the past is a trace, and an intervention that clears it leaves each step by itself", () => {
    const { params, x, state } = single;
    const { traces } = layer.apply(params, x, { state, traces: ["state.past"] });
    const cleared = layer.apply(params, x, {
      intervene: (name, value) => (name === "state.past" ? zerosLike(value) : value),
    });
    for (const t of [0, 1, 2, 3]) {
      const left = layer.apply(params, sliceAxis(x, 1, 0, t + 1), { state }).state["past"] as Tensor;
      const traced = reshape(sliceAxis(traces["state.past"]!, 1, t, t + 1), left.shape);
      expectSame(`past after step ${t}`, traced, left);
      const alone = layer.apply(params, sliceAxis(x, 1, t, t + 1)).output;
      expectSame(`output of step ${t}`, sliceAxis(cleared.output, 1, t, t + 1), alone);
    }
  });

  test("the gradient with respect to perturbations is that of the states", () => {
    const { params, x, state } = double;
    const weigh = ({ output, state: last }: { readonly output: Tensor; readonly state: State }): Tensor =>
      tensorsOf({ output, last })
        .map((y) => sum(square(y)))
        .reduce((a, b) => add(a, b));
    const [first, rest] = [sliceAxis(x, 1, 0, 2), sliceAxis(x, 1, 2, 4)];
    const middle = layer.apply(params, first, { state }).state;
    const byState = grad((from: State) => weigh(layer.apply(params, rest, { state: from })))(middle);
    const byPerturbation = grad((by: State) => {
      const { output, state: last } = layer.apply(params, x, { state, perturbations: by });
      return weigh({ output: sliceAxis(output, 1, 2, 4), state: last });
    })(layer.perturbations({ batch: 3, time: 4 }, { dtype: "f64" }));
    const at = mapTree(byPerturbation, (g) => reshape(sliceAxis(g, 1, 1, 2), [3, ...g.shape.slice(2)]));
    const found = tensorsOf(at).flatMap((g) => [...valuesOf(g)]);
    tensorsOf(byState)
      .flatMap((g) => [...valuesOf(g)])
      .forEach((g, i) => expect(found[i]).toBeCloseTo(g, 12));
  });
});

const steps = fc
  .record({ seed: fc.nat(1000), time: fc.integer({ min: 1, max: 7 }), rates: fc.tuple(fc.boolean(), fc.boolean()) })
  .chain((given) =>
    fc.record({
      seed: fc.constant(given.seed),
      time: fc.constant(given.time),
      rates: fc.constant(given.rates),
      lengths: fc.array(fc.integer({ min: 0, max: given.time }), { minLength: 2, maxLength: 3 }),
    }),
  );
type Steps = typeof steps extends fc.Arbitrary<infer T> ? T : never;

/** Inputs, states and flags for a batch. */
function ragged(layer: Layer<Tree, State>, { seed, time, lengths, rates: [masked, begun] }: Steps) {
  const root = key(seed);
  const draw = (name: string, shape: readonly number[]): Tensor => uniform(keyFor(root, name), shape);
  const away = (name: string): State => mapTree(layer.initialState(lengths.length), (s) => add(s, draw(name, s.shape)));
  const flags = (name: string, rate: number): Tensor => bernoulli(keyFor(root, name), [lengths.length, time], rate);
  return {
    x: draw("x", [lengths.length, time, layer.input]),
    options: {
      lengths,
      state: away("state"),
      resetState: away("resetState"),
      ...(masked && { mask: flags("mask", 0.6) }),
      ...(begun && { resets: flags("resets", 0.4) }),
    },
  };
}

/** The sequences of one row, each run by itself over the steps that it takes. */
function separately(
  layer: Layer<Tree, State>,
  params: Tree,
  { x, options: { state: start, resetState, mask, resets } }: ReturnType<typeof ragged>,
  { row, length }: { readonly row: number; readonly length: number },
) {
  const time = x.shape[1]!;
  const isSet = (flags: Tensor, t: number): boolean => valuesOf(flags)[row * time + t] === 1;
  let state = mapTree(start, (s) => rowOf(s, row));
  let taken: number[] = [];
  const [steps, outputs]: [number[], Tensor[]] = [[], []];
  const runTaken = (): void => {
    if (taken.length === 0) return;
    const part = layer.apply(params, pick(x, row, taken), { state });
    steps.push(...taken);
    outputs.push(part.output);
    state = part.state;
    taken = [];
  };
  for (let t = 0; t < length; t++) {
    if (resets && isSet(resets, t)) {
      runTaken();
      state = mapTree(resetState, (s) => rowOf(s, row));
    }
    if (mask === undefined || isSet(mask, t)) taken.push(t);
  }
  runTaken();
  return { state, steps, output: outputs.length === 0 ? x : concat(outputs, 1) };
}
