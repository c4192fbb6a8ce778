// Every cell x norm x zoneout x dropout x lengths x resets x direction: gradients in f64 against central differences,
// and WebAssembly against the definitions.
import { optimize } from "@sluice/compiler";
import { layerNorm, rmsNorm, type Normalizer } from "@sluice/norm";
import {
  add,
  assertGradient,
  evaluate,
  key,
  keyFor,
  leavesOf,
  mapTree,
  matmul,
  mul,
  normal,
  sliceAxis,
  square,
  sum,
  tanh,
  tensor,
  tensorsOf,
  recordProgram,
  valueAndGradAux,
  valuesOf,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isArray, widen } from "@sluice/tensor/internal";
import { wasm } from "@sluice/wasm";
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { kernel, recurrentKernel } from "@sluice/params";
import {
  bidirectional,
  defineCell,
  gru,
  janet,
  lstm,
  rnn,
  sequence,
  sequential,
  variationalDropout,
  zoneout,
  type ApplyOptions,
  type Cell,
  type CellOptions,
  type Layer,
  type State,
} from "./index.ts";

/** A cell whose output is none of its states. */
const projected = defineCell({
  name: "projected",
  params: ({ input, hidden }) => ({
    W: kernel([input, hidden]),
    U: recurrentKernel([hidden, hidden]),
    V: kernel([hidden, 2]),
  }),
  state: ({ hidden }) => ({ h: [hidden], before: [hidden] }),
  step({ W, U, V }, { h, before }, x, { norm, input, recurrent }) {
    const next = tanh(norm("gates", [input("gates", x, W), recurrent("gates", h, U)]));
    return { state: { h: next, before: h }, output: matmul(add(next, before), V) };
  },
});

const cells: Readonly<Record<string, (options: CellOptions) => Cell>> = {
  rnn,
  "gru, reset after": gru,
  "gru, reset before": (options) => gru({ ...options, reset: "before" }),
  lstm,
  "lstm, two biases": (options) => lstm({ ...options, biases: 2 }),
  janet,
  projected,
};

// A large epsilon: over so few features the quotient is otherwise steep enough to spoil central differences.
const epsilon = 0.1;
const norms: Readonly<Record<string, Normalizer | undefined>> = {
  none: undefined,
  "layerNorm, branches": layerNorm({ epsilon }),
  "layerNorm, gates": layerNorm({ epsilon, placement: "gates" }),
  "layerNorm, not cell": layerNorm({ epsilon, cell: false }),
  rmsNorm: rmsNorm({ epsilon }),
};

const [batch, time, input] = [3, 4, 2];
const rate = fc.constantFrom(0, 0.3);
const flags = fc.array(fc.boolean(), { minLength: batch * time, maxLength: batch * time });

const combination = fc.record({
  cell: fc.constantFrom(...Object.keys(cells)),
  norm: fc.constantFrom(...Object.keys(norms)),
  zoneout: rate,
  dropout: rate,
  recurrentDropout: rate,
  dropoutFirst: fc.boolean(),
  lengths: fc.option(fc.array(fc.integer({ min: 0, max: time }), { minLength: batch, maxLength: batch }), {
    nil: undefined,
  }),
  mask: fc.option(flags, { nil: undefined }),
  resets: fc.option(flags, { nil: undefined }),
  carryAfter: fc.option(fc.integer({ min: 1, max: time }), { nil: undefined }),
  direction: fc.constantFrom("forward", "backward", "both", "stacked"),
  outputs: fc.constantFrom("all", "last"),
  training: fc.boolean(),
  seed: fc.nat(1000),
});

test("random combinations are differentiated as they are computed", { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(combination, (given) => {
      const { run, trained } = programOf(given);
      const report = assertGradient(run, trained, { samples: 3, seed: given.seed });
      expect(Object.keys(report.parameters).length).toBeGreaterThan(3);
    }),
    { numRuns: inject("long") ? 40 : 25 },
  );
});

test(
  "random combinations, with their gradients, have the reference backend's bits on WebAssembly",
  { timeout: 600_000 },
  async () => {
    const backend = wasm();
    await fc.assert(
      fc.asyncProperty(combination, async (given) => {
        const { run, trained } = programOf(given);
        const weigh = (tree: Tree): Tensor =>
          tensorsOf(
            mapTree(tree, (y, path) => sum(mul(y, normal(keyFor(key(given.seed), `weight ${path}`), y.shape)))),
          ).reduce((a, b) => add(a, b));
        const f = valueAndGradAux((at: Trained) => {
          const results = run(at);
          return { value: weigh(results), aux: results };
        });
        const { program, result } = recordProgram(f, [trained]);
        const inputs = tensorsOf(trained).filter(isArray);
        const executable = await backend.compile(program);
        const found = await executable.run(inputs);
        await executable.dispose();
        const optimized = evaluate(optimize(program), inputs);
        const recorded = evaluate(program, inputs);
        leavesOf(result).forEach(({ path }, i) => {
          const [values, expected, plain] = [found[i]!, optimized[i]!, recorded[i]!].map((y) => [...valuesOf(y)]);
          expect(found[i], path).toMatchObject({ shape: optimized[i]!.shape, dtype: "f32" });
          expect(
            values!.filter((value, j) => !Object.is(value, expected![j])),
            path,
          ).toEqual([]);
          const magnitude = plain!.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
          const difference = plain!.reduce((worst, value, j) => Math.max(worst, Math.abs(value - values![j]!)), 0);
          expect(difference / magnitude, path).toBeLessThanOrEqual(1e-5);
        });
      }),
      { numRuns: inject("long") ? 40 : 15 },
    );
    await backend.close();
  },
);

test("random combinations: carryAfter changes no bit, and carries the state that fewer steps end with", () => {
  fc.assert(
    fc.property(combination, fc.integer({ min: 1, max: time }), (given, carryAfter) => {
      const forward = { ...given, direction: "forward" };
      const { run, trained } = programOf({ ...forward, carryAfter });
      const { carry, ...results } = bitsByPath(run(trained));
      const { carry: last, ...whole } = bitsByPath(programOf({ ...forward, carryAfter: undefined }).run(trained));
      expect(results).toEqual(whole);
      expect(last).toEqual(whole["state"]);

      const first = (x: Tensor): Tensor => sliceAxis(x, 1, 0, carryAfter);
      const flagsOf = (values: boolean[] | undefined): boolean[] | undefined =>
        values?.filter((_, i) => i % time < carryAfter);
      const short = programOf(
        {
          ...forward,
          carryAfter: undefined,
          lengths: given.lengths?.map((n) => Math.min(n, carryAfter)),
          mask: flagsOf(given.mask),
          resets: flagsOf(given.resets),
        },
        carryAfter,
      );
      const { x, perturbations, ...rest } = trained;
      expect(carry).toEqual(
        bitsByPath(short.run({ ...rest, x: first(x), perturbations: mapTree(perturbations, first) }))["state"],
      );
    }),
    { numRuns: inject("long") ? 60 : 30 },
  );
});

test("random combinations, with their gradients, are the same in segments", { timeout: 600_000 }, () => {
  const segments = fc.array(fc.integer({ min: 1, max: time }), { minLength: 2, maxLength: 2 });
  fc.assert(
    fc.property(combination, segments, (given, each) => {
      const { run, trained } = programOf(given);
      const f = valueAndGradAux((at: Trained) => {
        const results = run(at);
        return {
          value: tensorsOf(results)
            .map((y) => sum(square(y)))
            .reduce((a, b) => add(a, b)),
          aux: results,
        };
      });
      const { program, result } = recordProgram(f, [trained]);
      const [whole, divided] = [{}, { checkpoint: each }].map((options) =>
        evaluate(optimize(widen(program), options), tensorsOf(trained).filter(isArray).map(inDouble)),
      );
      leavesOf(result).forEach(({ path }, i) => {
        const [expected, found] = [whole![i]!, divided![i]!].map((y) => [...valuesOf(y)]);
        const magnitude = expected!.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
        expect(
          expected!.reduce((worst, value, j) => Math.max(worst, Math.abs(value - found![j]!)), 0) / magnitude,
          path,
        ).toBeLessThanOrEqual(1e-12);
      });
    }),
    { numRuns: inject("long") ? 40 : 20 },
  );
});

const inDouble = (x: ArrayTensor): ArrayTensor => (x.dtype === "f32" ? tensor(Float64Array.from(x.data), x.shape) : x);

interface Combination {
  readonly cell: string;
  readonly norm: string;
  readonly zoneout: number;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly dropoutFirst: boolean;
  readonly direction: string;
  readonly outputs: string;
}

interface Given extends Combination {
  readonly lengths: number[] | undefined;
  readonly mask: boolean[] | undefined;
  readonly resets: boolean[] | undefined;
  /** Counts where everything runs forwards. */
  readonly carryAfter: number | undefined;
  readonly training: boolean;
  readonly seed: number;
}

type Trained = { readonly params: Tree; readonly x: Tensor; readonly state: Tree; readonly perturbations: Tree };

/** A layer's outputs, final states and traces as a function of everything that it is differentiated by. */
function programOf(given: Given, steps = time): { run: (trained: Trained) => Tree; trained: Trained } {
  const layer = layerOf(given);
  const root = key(given.seed);
  const bool = (values: readonly boolean[] | undefined): ArrayTensor | undefined =>
    values && tensor(values.map(Number), [batch, steps], { dtype: "bool" });
  const [mask, resets] = [bool(given.mask), bool(given.resets)];
  const options: ApplyOptions = {
    training: given.training,
    key: keyFor(root, "train"),
    ...(given.lengths && { lengths: given.lengths }),
    ...(mask && { mask }),
    ...(resets && { resets }),
    ...(given.carryAfter !== undefined && given.direction === "forward" && { carryAfter: given.carryAfter }),
  };
  const draw = (tree: Tree, name: string): Tree =>
    mapTree(tree, (x, path) => add(x, normal(keyFor(root, `${name} ${path}`), x.shape, { deviation: 0.5 })));
  return {
    trained: {
      params: draw(layer.init(keyFor(root, "init")), "params"),
      x: normal(keyFor(root, "x"), [batch, steps, input]),
      state: draw(layer.initialState(batch), "state"),
      perturbations: layer.perturbations({ batch, time: steps }),
    },
    run({ params, x, state, perturbations }) {
      const applied = layer.apply(params, x, { ...options, state, perturbations, traces: true });
      return { output: applied.output, state: applied.state, carry: applied.carry, traces: applied.traces };
    },
  };
}

/** The values under each name of a tree, by path: 0 and -0 differ. */
function bitsByPath(tree: Tree): Record<string, unknown> {
  const bits: Record<string, Record<string, unknown>> = {};
  for (const { path, tensor: x } of leavesOf(tree)) {
    const [name, ...rest] = path.split(".");
    (bits[name!] ??= {})[rest.join(".")] = [...new Uint8Array(valuesOf(x).slice().buffer)];
  }
  return bits;
}

function layerOf(given: Combination): Layer {
  const make = (size: number): Cell => {
    const cell = cells[given.cell]!({ input: size, hidden: 3, norm: norms[given.norm] });
    const drop = (inner: Cell): Cell =>
      variationalDropout(inner, { input: given.dropout, recurrent: given.recurrentDropout });
    const zone = (inner: Cell): Cell => zoneout<Tree, State>(inner, { h: given.zoneout });
    return given.dropoutFirst ? zone(drop(cell)) : drop(zone(cell));
  };
  const outputs = given.outputs === "last" ? "last" : "all";
  if (given.direction === "both") return bidirectional(make(input), { outputs, merge: "sum" });
  if (given.direction === "stacked") {
    const first = bidirectional(make(input));
    return sequential([first, sequence(make(first.features), { outputs })], { dropout: given.dropout });
  }
  return sequence(make(input), { outputs, reverse: given.direction === "backward" });
}
