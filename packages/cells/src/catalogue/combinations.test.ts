// Random combinations: a cell of the catalogue, a normalizer, up to three wrappers, lengths, a mask, resets, elapsed
// times, a direction and a depth. They take a step of training, stream as the sequence, agree with truncated runs, and
// are saved and loaded.
import { batchNorm, groupNorm, layerNorm, rmsNorm, scaleNorm, type Normalizer } from "@sluice/norm";
import { checkParameters, dropConnect, weightNorm } from "@sluice/params";
import {
  add,
  convert,
  key,
  keyFor,
  leavesOf,
  mapTree,
  mean,
  mul,
  normal,
  reshape,
  sliceAxis,
  square,
  sub,
  tensor,
  TensorError,
  valueAndGrad,
  valuesOf,
  zipTrees,
  type ArrayTensor,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isFloat } from "@sluice/tensor/internal";
import { arrayOf } from "@sluice/tensor/testing";
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { exampleInput } from "../testing/example-input.ts";
import { inputOf, type InputSpec } from "../cell/inputs.ts";
import {
  bidirectional,
  blockDiagonal,
  candidateDropout,
  clipState,
  clipStateGradient,
  gru,
  hiddenDecay,
  hiddenOde,
  highway,
  independentRecurrence,
  integration,
  learnedInitialState,
  mapStates,
  multiplicative,
  probe,
  reparametrize,
  residual,
  sequence,
  sequential,
  stateNoise,
  stepDropout,
  stream,
  variationalDropout,
  zoneout,
  type Cell,
  type Layer,
  type NestedStates,
  type State,
} from "../index.ts";
import type { CatalogueEntry } from "./entry.ts";
import { catalogue } from "./index.ts";

const entries: ReadonlyMap<string, CatalogueEntry> = new Map(
  Object.values(catalogue)
    .flat()
    .map((entry) => [entry.name, entry]),
);
const [batch, time, hidden] = [2, 4, 4];

const epsilon = 0.1;
const norms: Readonly<Record<string, Normalizer | undefined>> = {
  none: undefined,
  "layerNorm, branches": layerNorm({ epsilon }),
  "layerNorm, gates": layerNorm({ epsilon, placement: "gates" }),
  "rmsNorm, input": rmsNorm({ epsilon, placement: "input" }),
  groupNorm: groupNorm({ groups: 2, epsilon, placement: "gates", cell: false }),
  scaleNorm: scaleNorm(),
  batchNorm: batchNorm({ steps: 2 }),
};

const floats = (cell: Cell, value: number): NestedStates<number> =>
  mapStates(cell.state, ({ dtype }) => (dtype === "f32" ? value : 0));
const floatsOnly = (cell: Cell, value: number): NestedStates<number> => {
  const only = (states: NestedStates<number>): NestedStates<number> =>
    Object.fromEntries(
      Object.entries(states).flatMap<[string, number | NestedStates<number>]>(([name, child]) =>
        typeof child === "number" ? (child === 0 ? [] : [[name, child]]) : [[name, only(child)]],
      ),
    );
  return only(floats(cell, value));
};

const wrappers: Readonly<Record<string, (cell: Cell) => Cell>> = {
  zoneout: (cell) => zoneout<Tree, State>(cell, floats(cell, 0.2)),
  variationalDropout: (cell) => variationalDropout(cell, { input: 0.2, recurrent: 0.2 }),
  stepDropout: (cell) => stepDropout(cell, { input: 0.2 }),
  candidateDropout: (cell) => candidateDropout(cell, { rate: 0.2 }),
  clipState: (cell) => clipState<Tree, State>(cell, floatsOnly(cell, 0.9)),
  clipStateGradient: (cell) => clipStateGradient(cell, { max: 10 }),
  stateNoise: (cell) => stateNoise(cell, { deviation: 0.05 }),
  learnedInitialState,
  residual,
  highway: (cell) => highway(cell),
  independentRecurrence: (cell) => independentRecurrence(cell),
  blockDiagonal: (cell) => blockDiagonal(cell, { heads: 2 }),
  integration: (cell) => integration(cell, "multiplication"),
  multiplicative,
  dropConnect: (cell) => reparametrize(cell, { kernel: dropConnect(0.2) }),
  weightNorm: (cell) => reparametrize(cell, { recurrent: weightNorm() }),
  hiddenDecay: hiddenDecay as (cell: unknown) => Cell,
  hiddenOde: (cell) => (hiddenOde as (inner: unknown, options: object) => Cell)(cell, { steps: 2, layers: 0 }),
};

const flags = fc.option(fc.array(fc.boolean(), { minLength: batch * time, maxLength: batch * time }), {
  nil: undefined,
});
const combination = fc.record({
  cell: fc.constantFrom(...entries.keys()),
  norm: fc.constantFrom(...Object.keys(norms)),
  by: fc.shuffledSubarray(Object.keys(wrappers), { maxLength: 3 }),
  lengths: fc.option(fc.array(fc.integer({ min: 0, max: time }), { minLength: batch, maxLength: batch }), {
    nil: undefined,
  }),
  mask: flags,
  resets: flags,
  direction: fc.constantFrom("forward", "forward", "backward", "both"),
  depth: fc.constantFrom(1, 2),
  seed: fc.nat(1000),
});

type Combination = typeof combination extends fc.Arbitrary<infer T> ? T : never;

/** What cannot be combined is refused by name, with a reason: the combination goes on without it. */
function tried<T>(make: () => T, otherwise: T): T {
  try {
    return make();
  } catch (error) {
    expect(error).toBeInstanceOf(TensorError);
    expect(String(error)).toMatch(/^TensorError: [\w() ]+(\.\w+)*: .{20,}/);
    return otherwise;
  }
}

function cellOf({ cell: name, norm, by }: Combination): { readonly cell: Cell; readonly entry: CatalogueEntry } {
  const entry = entries.get(name)!;
  const sizes = { input: hidden, hidden };
  const plain = entry.make(sizes);
  const normalizer = norms[norm];
  const normalized = tried(() => entry.make(normalizer === undefined ? sizes : { ...sizes, norm: normalizer }), plain);
  return {
    entry,
    cell: by.reduce((inner, wrapper) => tried(() => probed(wrappers[wrapper]!(inner)), inner), normalized),
  };
}

/** The cell, once its step fits in evaluation and in training. */
function probed(cell: Cell): Cell {
  probe(cell);
  probe(cell, { training: true });
  return cell;
}

function layerOf(given: Combination, direction = given.direction) {
  const { cell, entry } = cellOf(given);
  const first: Layer =
    direction === "both" ? bidirectional(cell) : sequence(cell, { reverse: direction === "backward" });
  const layer: Layer =
    given.depth === 1 ? first : sequential([first, sequence(gru({ input: first.features, hidden: 3 }))]);
  return { layer, entry };
}

/** A layer with everything that it is applied to; floats of this dtype. */
function drawn(
  given: Combination,
  { dtype = "f32", direction }: { dtype?: DType; direction?: Combination["direction"] } = {},
) {
  const { layer, entry } = layerOf(given, direction);
  const root = key(given.seed);
  const values = (name: string, input: InputSpec): Tensor => {
    const spec = inputOf(input);
    const own = keyFor(root, name);
    const made = entry.input?.(name, spec, [batch, time], own) ?? exampleInput(spec, [batch, time], own);
    return isFloat(made.dtype) ? convert(made, dtype) : made;
  };
  const bools = (list: readonly boolean[] | undefined): ArrayTensor | undefined =>
    list && tensor(list.map(Number), [batch, time], { dtype: "bool" });
  const [mask, resets] = [bools(given.mask), bools(given.resets)];
  return {
    layer,
    entry,
    params: mapTree(layer.init(keyFor(root, "init"), { dtype }), (w, path) =>
      isFloat(w.dtype) ? add(w, normal(keyFor(root, path), w.shape, { deviation: 0.1, dtype })) : w,
    ),
    buffers: layer.initialBuffers({ dtype }),
    x: values("x", layer.x ?? { shape: [layer.input] }),
    extra: Object.fromEntries(Object.entries(layer.extra).map(([name, spec]) => [name, values(name, inputOf(spec))])),
    flags: {
      ...(given.lengths && { lengths: given.lengths }),
      ...(mask && { mask }),
      ...(resets && { resets }),
    },
  };
}

const numbers = (tree: Tree): number[] => leavesOf(tree).flatMap(({ tensor: y }) => [...valuesOf(y)]);
const numRuns = (quick: number): number => (inject("long") ? 10 * quick : quick);

test("a step of training goes down", () => {
  fc.assert(
    fc.property(combination, (given) => {
      const { layer, entry, params, buffers, x, extra, flags } = drawn(given, { dtype: "f64" });
      const options = { extra, buffers, ...flags, training: true, key: key(given.seed) };
      const target = normal(key(3), layer.outputShape({ batch, time }), { dtype: "f64" });
      const loss = (p: Tree): Tensor => mean(square(sub(layer.apply(p, x, options).output, target)));
      const { value, gradient } = valueAndGrad(loss)(params);
      const size = Math.sqrt(numbers(gradient).reduce((total, g) => total + g * g, 0));
      expect(size).toBeLessThan(Infinity);
      // Straight-through gradients and those of clipped states are no derivatives of the loss.
      if (size < 1e-6 || entry.except !== undefined || given.by.includes("clipStateGradient")) return;
      const after = loss(zipTrees(params, gradient, (w, g) => sub(w, mul(g, 1e-6 / size))));
      expect(numbers(after)[0]! - numbers(value)[0]!).toBeLessThan(0);
    }),
    { numRuns: numRuns(60) },
  );
});

test("a row with a length is the run over its steps alone, to the bit", () => {
  fc.assert(
    fc.property(combination, fc.integer({ min: 0, max: batch - 1 }), (given, row) => {
      const { layer, params, buffers, x, extra, flags } = drawn(given);
      const lengths = given.lengths ?? [3, 2];
      const n = lengths[row]!;
      const cut = <T extends Tree>(tree: T): T =>
        mapTree(tree, (y) => sliceAxis(sliceAxis(y, 0, row, row + 1), 1, 0, n));
      const { mask, resets } = flags;
      const whole = layer.apply(params, x, { extra, buffers, ...flags, lengths });
      const alone = layer.apply(params, cut(x), {
        buffers,
        extra: cut(extra),
        ...(mask && { mask: cut(mask) }),
        ...(resets && { resets: cut(resets) }),
      });
      const ofRow = <T extends Tree>(tree: T): T => mapTree(tree, (s) => sliceAxis(s, 0, row, row + 1));
      expect(numbers(cut(whole.output))).toEqual(numbers(alone.output));
      expect(numbers(ofRow(whole.state))).toEqual(numbers(alone.state));
      expect(numbers(sliceAxis(ofRow(whole.output), 1, n, time)).every((y) => y === 0)).toBe(true);
    }),
    { numRuns: numRuns(60) },
  );
});

test("saved, loaded and streamed, with masks and resets, it gives the outputs of the sequence", async () => {
  await fc.assert(
    fc.asyncProperty(combination, async (given) => {
      const { layer, params, buffers, x, extra, flags } = drawn(given, { direction: "forward" });
      const file = JSON.stringify(leavesOf(params).map(({ path, tensor: w }) => [path, w.shape, [...valuesOf(w)]]));
      const saved = new Map(
        (JSON.parse(file) as [string, number[], number[]][]).map(([path, shape, data]) => [path, tensor(data, shape)]),
      );
      const loaded = mapTree(layer.init(key(9)), (_, path) => saved.get(path)!);
      checkParameters("loaded", layer.params, loaded);
      const { mask, resets } = flags;
      const whole = layer.apply(params, x, { extra, buffers, ...(mask && { mask }), ...(resets && { resets }) });
      const reading = await stream(layer, loaded, { batch, buffers, masks: mask !== undefined });
      const at = (y: Tensor, t: number): ArrayTensor =>
        arrayOf(reshape(sliceAxis(y, 1, t, t + 1), [batch, ...y.shape.slice(2)]));
      for (let t = 0; t < time; t++) {
        const again =
          resets === undefined ? [] : numbers(at(resets, t)).flatMap((flag, row) => (flag === 1 ? [row] : []));
        if (again.length > 0) await reading.reset(again);
        const output = await reading.step(at(x, t), {
          extra: Object.fromEntries(Object.entries(extra).map(([name, e]) => [name, at(e, t)])),
          ...(mask && { mask: at(mask, t) }),
        });
        expect(numbers(output)).toEqual(numbers(at(whole.output, t)));
      }
      expect(numbers(await reading.state())).toEqual(numbers(whole.state));
      await reading.dispose();
    }),
    { numRuns: numRuns(25) },
  );
});

test("most wrappers fit most cells", () => {
  const counts = fc.sample(combination, { numRuns: 60, seed: 1 }).map((given) => {
    let count = 0;
    const fits = (wrapper: string, inner: Cell): Cell =>
      tried(() => {
        const outer = probed(wrappers[wrapper]!(inner));
        count++;
        return outer;
      }, inner);
    given.by.reduce((inner, wrapper) => fits(wrapper, inner), cellOf({ ...given, by: [] }).cell);
    return { count, of: given.by.length };
  });
  const total = (which: "count" | "of"): number => counts.reduce((sum, each) => sum + each[which], 0);
  expect(total("count") / total("of")).toBeGreaterThan(0.7);
});
