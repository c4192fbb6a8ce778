/** What every backend must pass, in Node and in a page: the cells of the library with their gradients, and training. */
import {
  bidirectional,
  dense,
  gru,
  gruD,
  hiddenDecay,
  janet,
  lstm,
  rnn,
  rnnDecay,
  sequence,
  sequential,
  variationalDropout,
  zoneout,
  type Layer,
} from "@sluice/cells";
import { timeSinceObserved } from "@sluice/irregular";
import { layerNorm, rmsNorm } from "@sluice/norm";
import {
  add,
  compile,
  grad,
  key,
  keyFor,
  leavesOf,
  mapTree,
  normal,
  reference,
  square,
  sub,
  sum,
  tensor,
  tensorsOf,
  uniform,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { distance, type Finding } from "@sluice/tensor/testing";
import { trainSmallGru } from "@sluice/train/testing";

const [batch, time, input, hidden] = [4, 6, 3, 5];
const sizes = { input, hidden };
const root = key(11);

type Run = (layer: Layer, params: Tree, x: Tensor) => { readonly output: Tensor; readonly state: Tree };

const plain: Run = (layer, params, x) => layer.apply(params, x);
const ragged: Run = (layer, params, x) => layer.apply(params, x, { lengths: [6, 3, 1, 5] });
const training: Run = (layer, params, x) =>
  layer.apply(params, x, { training: true, key: key(3), lengths: [2, 6, 4, 0] });
const resets: Run = (layer, params, x) =>
  layer.apply(params, x, {
    resets: tensor(
      Array.from({ length: batch * time }, (_, i) => Number(i % 5 === 3)),
      [batch, time],
      { dtype: "bool" },
    ),
  });

const mask = tensor(
  Array.from({ length: batch * time * input }, (_, i) => Number(i % 3 !== 1)),
  [batch, time, input],
);
const elapsed = uniform(keyFor(root, "elapsed"), [batch, time, 1], { low: 0.1, high: 2 });
const between: Run = (layer, params, x) => layer.apply(params, x, { extra: { elapsed } });
const observed: Run = (layer, params, x) =>
  layer.apply(params, x, { extra: { mask, delta: timeSinceObserved(mask, elapsed) } });

const cells: Readonly<Record<string, readonly [Layer, Run]>> = {
  rnn: [sequence(rnn(sizes)), plain],
  "rnn, resets": [sequence(rnn(sizes)), resets],
  "gru, reset after": [sequence(gru(sizes)), ragged],
  "gru, reset before": [sequence(gru({ ...sizes, reset: "before" }), { outputs: "last" }), plain],
  lstm: [sequence(lstm(sizes)), ragged],
  "lstm, two biases": [sequence(lstm({ ...sizes, biases: 2 })), plain],
  "janet, layer norm": [sequence(janet({ ...sizes, norm: layerNorm() })), ragged],
  "gru, rms norm": [sequence(gru({ ...sizes, norm: rmsNorm() })), plain],
  "lstm, layer norm": [sequence(lstm({ ...sizes, norm: layerNorm({ placement: "gates" }) })), plain],
  "gru, zoneout and dropout": [
    sequence(variationalDropout(zoneout(gru(sizes), { h: 0.2 }), { input: 0.3, recurrent: 0.2 })),
    training,
  ],
  "gru, both directions": [bidirectional(gru(sizes)), ragged],
  "a stack": [
    sequential([
      sequence(gru(sizes)),
      sequence(lstm({ input: hidden, hidden }), { outputs: "last" }),
      dense({ input: hidden, output: 2 }),
    ]),
    plain,
  ],
  "gru-d": [sequence(gruD({ ...sizes, means: [0.1, -0.2, 0.3] })), observed],
  "rnn with decay": [sequence(rnnDecay(sizes)), between],
  "gru with decay": [sequence(hiddenDecay(gru(sizes))), between],
};

/**
 * Compares outputs, states and the gradients of a loss with respect to parameters and inputs with the reference
 * backend.
 */
export async function cellFindings(backend: Backend): Promise<Finding[]> {
  const findings: Finding[] = [];
  const exact = reference();
  for (const [name, [layer, run]] of Object.entries(cells)) {
    // Away from where they begin, so that every term counts.
    const params = mapTree(layer.init(keyFor(root, name)), (w, path) =>
      add(w, normal(keyFor(root, path), w.shape, { deviation: 0.3 })),
    );
    const x = normal(keyFor(root, "x"), [batch, time, input]);
    const lossOf = ({ at, from }: { at: Tree; from: Tensor }): Tensor => {
      const { output, state } = run(layer, at, from);
      return tensorsOf([output, state])
        .map((y) => sum(square(sub(y, 0.1))))
        .reduce((a, b) => add(a, b));
    };
    const f = (at: Tree, from: Tensor): Tree => {
      const { output, state } = run(layer, at, from);
      return { output, state, gradient: grad(lossOf)({ at, from }) };
    };
    try {
      const compiled = await compile(f, [params, x], { backend });
      const results = leavesOf(await compiled(params, x));
      await compiled.dispose();
      const expected = leavesOf(await (await compile(f, [params, x], { backend: exact }))(params, x));
      findings.push({
        name,
        distance: Math.max(...expected.map(({ tensor: y }, i) => distance(results[i]!.tensor, y))),
      });
    } catch (error) {
      findings.push({ name, distance: 0, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return findings;
}

/** Losses of 50 steps of a small GRU with Adam, a schedule and clipping, beside the reference backend's. */
export async function trainingFinding(backend: Backend): Promise<Finding & { readonly losses: readonly number[] }> {
  const { losses } = await trainSmallGru(backend);
  const expected = await trainSmallGru(reference());
  return {
    name: "training",
    losses,
    distance: Math.max(...losses.map((loss, i) => Math.abs(loss - expected.losses[i]!))),
  };
}
