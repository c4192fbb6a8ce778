// Random stacks of three modifiers of random cells: they train, stream, save and load, and their gradients are right.
import { checkParameters, dropConnect, weightNorm } from "@sluice/params";
import {
  add,
  assertGradient,
  evaluate,
  key,
  keyFor,
  leavesOf,
  mapTree,
  mean,
  mul,
  normal,
  recordProgram,
  square,
  sub,
  take,
  tensor,
  tensorsOf,
  valueAndGrad,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { optimize } from "@sluice/compiler";
import { isArray } from "@sluice/tensor/internal";
import { wasm } from "@sluice/wasm";
import fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import {
  blockDiagonal,
  candidateDropout,
  clipState,
  fastSlow,
  gru,
  highway,
  independentRecurrence,
  integration,
  janet,
  learnedInitialState,
  lstm,
  mapStates,
  multiplicative,
  probe,
  reparametrize,
  residual,
  sequence,
  stateNoise,
  stepDropout,
  stream,
  variationalDropout,
  zoneout,
  type Cell,
  type NestedStates,
  type State,
} from "../index.ts";

const [batch, time, input, hidden] = [2, 4, 3, 4];
const backend = wasm();
afterAll(() => backend.close());

/** A cell for each number of input features. */
type Make = (features: number) => Cell;

const cells: Readonly<Record<string, Make>> = {
  gru: (features) => gru({ input: features, hidden }),
  "gru, reset before": (features) => gru({ input: features, hidden, reset: "before" }),
  lstm: (features) => lstm({ input: features, hidden }),
  janet: (features) => janet({ input: features, hidden }),
};

const each =
  (modify: (cell: Cell) => Cell) =>
  (make: Make): Make =>
  (features) =>
    modify(make(features));
const allStates = (cell: Cell, value: number): NestedStates<number> => mapStates(cell.state, () => value);

const modifiers: Readonly<Record<string, (make: Make) => Make>> = {
  independentRecurrence: each((cell) => independentRecurrence(cell)),
  blockDiagonal: each((cell) => blockDiagonal(cell, { heads: 2 })),
  integration: each((cell) => integration(cell, "multiplication")),
  multiplicative: each(multiplicative),
  residual: each(residual),
  highway: each((cell) => highway(cell)),
  fastSlow: (make) => (features) => {
    const slow = gru({ input: probe(make(features)).features, hidden });
    return fastSlow({ fast: [make(features), make(hidden), make(1)], slow });
  },
  stepDropout: each((cell) => stepDropout(cell, { input: 0.2, recurrent: 0.2 })),
  variationalDropout: each((cell) => variationalDropout(cell, { input: 0.2, recurrent: 0.2, masks: "perGate" })),
  candidateDropout: each((cell) => {
    const trace = Object.keys(probe(cell).traces).find((name) => name.endsWith("candidate"));
    return candidateDropout(cell, { rate: 0.2, ...(trace !== undefined && { trace }) });
  }),
  clipState: each((cell) => clipState<Tree, State>(cell, allStates(cell, 0.7))),
  stateNoise: each((cell) => stateNoise(cell, { deviation: 0.1 })),
  zoneout: each((cell) => zoneout<Tree, State>(cell, allStates(cell, 0.2))),
  learnedInitialState: each(learnedInitialState),
  dropConnect: each((cell) => reparametrize(cell, { recurrent: dropConnect(0.3) })),
  weightNorm: each((cell) => reparametrize(cell, { kernel: weightNorm() })),
};

/** A weight has one structure. */
const structures = ["independentRecurrence", "blockDiagonal"];

/** The products of `multiplicative` multiply each other already. A test below shows this refusal. */
const integratesProducts = (by: readonly string[]): boolean =>
  by.includes("multiplicative") && by.indexOf("integration") > by.indexOf("multiplicative");

const stack = fc.record({
  cell: fc.constantFrom(...Object.keys(cells)),
  by: fc
    .shuffledSubarray(Object.keys(modifiers), { minLength: 3, maxLength: 3 })
    .filter((by) => !structures.every((name) => by.includes(name)) && !integratesProducts(by)),
  seed: fc.nat(1000),
});

interface Stack {
  readonly cell: string;
  readonly by: readonly string[];
  readonly seed: number;
}

function stacked({ cell, by, seed }: Stack) {
  const layer = sequence(by.reduce((make, name) => modifiers[name]!(make), cells[cell]!)(input));
  const root = key(seed);
  const params = mapTree(layer.init(keyFor(root, "init")), (w, path) =>
    add(w, normal(keyFor(root, path), w.shape, { deviation: 0.3 })),
  );
  return { layer, params, x: normal(keyFor(root, "x"), [batch, time, input]), root };
}

const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const numRuns = inject("long") ? 60 : 15;

test.each(Object.keys(cells))("integration of a multiplicative %s is refused", (cell) => {
  expect(() => stacked({ cell, by: ["multiplicative", "integration"], seed: 0 })).toThrow(
    /has no product of the input that belongs to its recurrent product multiplicative\./,
  );
});

test("gradients in training are those that central differences find", () => {
  fc.assert(
    fc.property(stack, (given) => {
      const { layer, params, x, root } = stacked(given);
      const options = { training: true, key: keyFor(root, "train") };
      const run = (at: { readonly params: Tree; readonly x: Tensor }): Tree => {
        const { output, state } = layer.apply(at.params, at.x, options);
        return { output, state };
      };
      assertGradient(run, { params, x }, { samples: 3, seed: given.seed });
    }),
    { numRuns },
  );
});

test("they train on WebAssembly, with the reference backend's bits", async () => {
  await fc.assert(
    fc.asyncProperty(stack, async (given) => {
      const { layer, params, x, root } = stacked(given);
      const target = normal(keyFor(root, "target"), [batch, time, layer.features]);
      const loss = (p: Tree): Tensor =>
        mean(square(sub(layer.apply(p, x, { training: true, key: keyFor(root, "train") }).output, target)));
      const { program } = recordProgram(valueAndGrad(loss), [params]);
      const executable = await backend.compile(program);
      const at = async (p: Tree): Promise<readonly Tensor[]> => executable.run(tensorsOf(p).filter(isArray));
      const [before, ...gradients] = await at(params);
      const expected = evaluate(optimize(program), tensorsOf(params).filter(isArray));
      [before!, ...gradients].forEach((found, i) => expect(numbers(found)).toEqual(numbers(expected[i]!)));
      let next = 0;
      const [after] = await at(mapTree(params, (w) => sub(w, mul(gradients[next++]!, 0.02))));
      await executable.dispose();
      expect(numbers(after!)[0]!).toBeLessThan(numbers(before!)[0]!);
    }),
    { numRuns },
  );
});

test("a stream of a saved and loaded model is the sequence, to the bit", async () => {
  await fc.assert(
    fc.asyncProperty(stack, async (given) => {
      const { layer, params, x } = stacked(given);
      const file = JSON.stringify(leavesOf(params).map(({ path, tensor: w }) => [path, w.shape, numbers(w)]));
      const saved = new Map(
        (JSON.parse(file) as [string, number[], number[]][]).map(([path, shape, data]) => [path, tensor(data, shape)]),
      );
      const loaded = mapTree(layer.init(key(9)), (_, path) => saved.get(path)!);
      checkParameters("loaded", layer.params, loaded);
      const whole = numbers(layer.apply(params, x).output);
      const reading = await stream(layer, loaded, { batch });
      for (let t = 0; t < time; t++) {
        const now = numbers(await reading.step(tensor(numbers(take(x, t, 1)), [batch, input])));
        const expected = Array.from({ length: batch }, (_, row) => {
          const from = (row * time + t) * layer.features;
          return whole.slice(from, from + layer.features);
        });
        expect(now).toEqual(expected.flat());
      }
      await reading.dispose();
    }),
    { numRuns },
  );
});
