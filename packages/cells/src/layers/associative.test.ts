// What an associative scan refuses, and how far it is from the loop over long sequences. The rest is a law of
// cellSuite.
import { batchNorm, layerNorm } from "@sluice/norm";
import { compile, grad, key, mul, sum, tensor, valuesOf, normal, type Tensor } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import {
  bidirectional,
  defineAssociativeCell,
  gatedDeltaNet,
  gru,
  linearRecurrence,
  matrixLstm,
  minGru,
  sequence,
  sru,
  stream,
  variationalDropout,
  windowedQrnn,
  zoneout,
  type Cell,
} from "../index.ts";
import { cellSuite } from "../testing/index.ts";

const sizes = { input: 2, hidden: 3 };
const cell = minGru(sizes);

describe("is refused with the reason", () => {
  test("for a cell without a recurrence, and one whose step a modifier has replaced", () => {
    expect(() => sequence(gru(sizes), { scan: "associative" })).toThrow(
      'sequence: gru cannot be run with scan: "associative": its step is not linear in its states: it takes sigmoid of h; leave scan out',
    );
    for (const modified of [zoneout(cell, { h: 0.1 }), variationalDropout(cell, { input: 0.1 })])
      expect(() => sequence(modified, { scan: "associative" })).toThrow(
        "a modifier, such as zoneout or dropout, has replaced the step that is made of its recurrence",
      );
    expect(() => sequence(minGru({ ...sizes, norm: batchNorm({ steps: 4 }) }), { scan: "associative" })).toThrow(
      "its steps, or those of its normalizer, take rows together, one step after the other",
    );
    expect(() => sequence(cell, { scan: "parallel" as "associative" })).toThrow("sequence: unknown scan parallel");
  });

  test("for perturbations, segments, and cells that draw", () => {
    const layer = sequence(cell, { scan: "associative" });
    const params = layer.init(key(1));
    const x = normal(key(2), [1, 4, 2]);
    expect(() => layer.apply(params, x, { segment: 2 })).toThrow('minGru: scan: "associative" does not take segment');
    expect(() => layer.apply(params, x, { perturbations: layer.perturbations({ batch: 1, time: 4 }) })).toThrow(
      'minGru: scan: "associative" does not take perturbations',
    );
    const noisy = defineAssociativeCell({
      name: "noisy",
      params: () => ({}),
      state: () => ({ h: [2] }),
      recurrence: linearRecurrence("h"),
      elements: (_, at, { training, keys }) => ({
        a: mul(at, 0),
        b: training ? normal(keys.step("noise"), at.shape) : at,
      }),
    });
    const drawing = sequence(noisy({ input: 2, hidden: 2 }), { scan: "associative" });
    expect(() => drawing.apply({}, x, { training: true, key: key(1) })).toThrow(
      'noisy: scan: "associative" has no random keys, and the cell asks for noise',
    );
  });

  test("for definitions that do not fit", () => {
    const parts = { name: "off", params: () => ({}), recurrence: linearRecurrence("h") };
    const elements = (_: object, x: Tensor) => ({ a: x, b: x });
    expect(() =>
      defineAssociativeCell({ ...parts, state: () => ({ h: { shape: [2], dtype: "i32" } }), elements })(sizes),
    ).toThrow("defineAssociativeCell: off has the state h, which is i32; states of a recurrence are f32");
    expect(() =>
      defineAssociativeCell({ ...parts, state: () => ({ h: [2], c: [2] }), elements } as never),
    ).not.toThrow();
    expect(() =>
      defineAssociativeCell({ ...parts, state: () => ({ h: [2] }), elements, cells: () => ({}) } as never),
    ).toThrow("defineAssociativeCell: unknown option cells; did you mean elements?");
    const reading = { ...parts, elements, output: () => "h" as const };
    for (const [state, got] of [
      [() => ({ h: [2] }), "got none"],
      [() => ({ h: [2], last: [3] }), "got [3]"],
      [() => ({ h: [2], last: { shape: [2], initial: 1 } }), "got none"],
    ] as const)
      expect(() => defineAssociativeCell({ ...reading, state, past: "last" } as never)(sizes)).toThrow(
        `off keeps earlier inputs in last, which must be a state [n * input] of f32 inputs [2] without another initial value, ${got}`,
      );
    const lacking = { ...parts, state: () => ({ h: [2] }), elements: (_: object, x: Tensor) => ({ a: x }) };
    expect(() => defineAssociativeCell(lacking as never)(sizes)).toThrow(
      "off: elements returned a, but the recurrence needs b",
    );
  });
});

test.each<readonly [string, Cell]>([
  ["a window of three steps", windowedQrnn({ ...sizes, window: 3 })],
  ["a window as long as the sequence, output c", windowedQrnn({ ...sizes, window: 4, pooling: "f" })],
  ["a window and a normalizer", windowedQrnn({ ...sizes, pooling: "ifo", norm: layerNorm({ epsilon: 0.1 }) })],
  ["no highway", sru({ ...sizes, peepholes: false, skip: false })],
  ["a highway as wide as the state", sru({ input: 3, hidden: 3, peepholes: false, highwayBias: -1 })],
  ["matrices, heads", gatedDeltaNet({ input: 2, hidden: 4, heads: 2, betaLimit: 2 })],
  ["a stabilizer", matrixLstm({ ...sizes, forgetGate: "exponential", epsilon: 1e-6 })],
])("agrees with the loop with %s", async (_, made) => {
  const law = cellSuite(made).find(({ name }) => name === "an associative scan agrees with the loop");
  expect(law?.skip).toBeUndefined();
  await law!.run();
});

describe("over 500 steps, some rows shorter", () => {
  const [batch, time] = [3, 500];
  const x = normal(key(2), [batch, time, 2]);
  const lengths = tensor(Int32Array.of(500, 217, 3));
  const backend = wasm({ threads: 2, oversubscribe: true });
  const alone = wasm({ threads: 1 });
  afterAll(async () => void (await Promise.all([backend.close(), alone.close()])));

  test("f32 results and gradients are those of the loop to 2e-6, on any number of threads the same bits", async () => {
    const results = async (scan: "sequential" | "associative", on: typeof backend): Promise<number[]> => {
      const layer = bidirectional(cell, { scan });
      const params = layer.init(key(1));
      const f = (p: typeof params, at: Tensor, n: Tensor) => {
        const loss = (q: typeof params) => sum(mul(layer.apply(q, at, { lengths: n }).output, 0.01));
        const { output, state } = layer.apply(p, at, { lengths: n });
        return { output, state, gradient: grad(loss)(p) };
      };
      const run = await compile(f, [params, x, lengths], { backend: on });
      const found = await run(params, x, lengths);
      await run.dispose();
      const { output, state, gradient } = found;
      return [output, state.forward.h, state.backward.h, gradient.forward.W, gradient.backward.b].flatMap((y) => [
        ...valuesOf(y),
      ]);
    };
    const [loop, scan, again] = [
      await results("sequential", backend),
      await results("associative", backend),
      await results("associative", alone),
    ];
    expect(again).toEqual(scan);
    const scale = Math.max(...loop.map(Math.abs));
    scan.forEach((y, i) => expect(Math.abs(y - loop[i]!)).toBeLessThan(2e-6 * scale));
  });

  test("a stream goes on where the scan ended", async () => {
    const layer = sequence(cell, { scan: "associative" });
    const params = layer.init(key(1));
    const { state } = layer.apply(params, x);
    const reading = await stream(layer, params, { batch });
    await reading.setState(state);
    const next = tensor([0.3, -1, 0.5, 2, -0.2, 0.1], [batch, 2]);
    const output = await reading.step(next);
    const whole = layer.apply(params, tensor(valuesOf(next), [batch, 1, 2]), { state }).output;
    expect([...valuesOf(output)]).toEqual([...valuesOf(whole)]);
    await reading.dispose();
  });
});
