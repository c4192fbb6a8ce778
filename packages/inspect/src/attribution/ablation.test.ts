import { dense, lstm, sequence, sequential } from "@sluice/cells";
import { key, mean, normal, square, valuesOf, type Tensor } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, expect, test } from "vitest";
import { ablate, type Ablation, type AblationInputs, type AblationRun } from "../index.ts";

const backend = wasm();
afterAll(() => backend.close());

const [batch, time, input, hidden] = [3, 5, 2, 4];
const lengths = [5, 2, 3];
const x = normal(key(1), [batch, time, input], { dtype: "f64" });
const model = sequential([sequence(lstm({ input, hidden }), { outputs: "last" }), dense({ input: hidden, output: 1 })]);
const params = model.init(key(2), { dtype: "f64" });
const run = (inputs: AblationInputs): AblationRun => {
  const { output, traces } = model.apply(params, x, { lengths, ...inputs });
  return { metric: mean(square(output)), traces };
};

const squash = (y: number): number => 1 / (1 + Math.exp(-y));

interface Fixed {
  readonly gates?: Readonly<Record<string, readonly (number | undefined)[]>>;
  readonly h?: readonly (number | undefined)[];
}

/** The metric by a plain loop over the LSTM's equations, with some gates and units of h fixed; and all gates. */
function plainly({ gates = {}, h: fixedH = [] }: Fixed = {}) {
  const [{ W, U, b }, readout] = params;
  const [w, u, bias] = [valuesOf(W), valuesOf(U), valuesOf(b as Tensor)];
  const [v, last] = [valuesOf(readout.W), valuesOf(readout.b!)];
  const met: Record<string, number[][]> = { input: [], forget: [], candidate: [], output: [], h: [] };
  let total = 0;
  for (let row = 0; row < batch; row++) {
    let [h, c] = [Array<number>(hidden).fill(0), Array<number>(hidden).fill(0)];
    for (let t = 0; t < lengths[row]!; t++) {
      const gate = (name: string, k: number, f: (y: number) => number): number[] => {
        const values = h.map((_, unit) => {
          const column = k * hidden + unit;
          let y = bias[column]!;
          for (let i = 0; i < input; i++) y += valuesOf(x)[(row * time + t) * input + i]! * w[i * 4 * hidden + column]!;
          for (let j = 0; j < hidden; j++) y += h[j]! * u[j * 4 * hidden + column]!;
          return gates[name]?.[unit] ?? f(y);
        });
        met[name]!.push(values);
        return values;
      };
      const [i, f] = [gate("input", 0, squash), gate("forget", 1, squash)];
      const [g, o] = [gate("candidate", 2, Math.tanh), gate("output", 3, squash)];
      c = c.map((old, unit) => f[unit]! * old + i[unit]! * g[unit]!);
      h = c.map((now, unit) => fixedH[unit] ?? o[unit]! * Math.tanh(now));
      met["h"]!.push(h);
    }
    const y = h.reduce((sum, value, unit) => sum + value * v[unit]!, last[0]!);
    total += (y * y) / batch;
  }
  const means = Object.fromEntries(
    Object.entries(met).map(([name, list]) => [
      name,
      Array.from({ length: hidden }, (_, unit) => list.reduce((sum, values) => sum + values[unit]! / list.length, 0)),
    ]),
  );
  return { metric: total, means };
}

const all = (value: number): number[] => Array<number>(hidden).fill(value);

test("each effect is that of the equations with a fixed gate or unit, by a plain loop", async () => {
  const { metric, means } = plainly();
  const expected: [Ablation, Fixed][] = [
    [{ trace: "0.forget", value: 1 }, { gates: { forget: all(1) } }],
    [{ trace: "0.input", value: 0 }, { gates: { input: all(0) } }],
    [{ trace: "0.output" }, { gates: { output: means["output"]! } }],
    [{ trace: "0.candidate", units: [1, 3], value: 0.5 }, { gates: { candidate: [undefined, 0.5, undefined, 0.5] } }],
    [{ trace: "0.state.h", units: [2], value: 0 }, { h: [undefined, undefined, 0, undefined] }],
    [{ trace: "0.state.h", value: "mean" }, { h: means["h"]! }],
  ];
  const found = await ablate(
    run,
    expected.map(([ablation]) => ablation),
    { lengths },
  );
  expect(found.metric).toBeCloseTo(metric, 13);
  expect(found.effects).toHaveLength(expected.length);
  found.effects.forEach((effect, i) => {
    const [ablation, fixed] = expected[i]!;
    expect(effect.ablation).toBe(ablation);
    expect(effect.metric).toBeCloseTo(plainly(fixed).metric, 13);
    expect(effect.change).toBe(effect.metric - found.metric);
    expect(effect.change).not.toBe(0);
  });
  expect([...valuesOf(found.effects[4]!.fixed)]).toEqual([NaN, NaN, 0, NaN]);
});

test("on wasm, in f32", async () => {
  const weights = model.init(key(2));
  const single = normal(key(1), [batch, time, input]);
  const ablations: Ablation[] = [{ trace: "0.forget" }, { trace: "0.state.c", units: [0], value: 0 }];
  const inSingle = (inputs: AblationInputs): AblationRun => {
    const { output, traces } = model.apply(weights, single, { lengths, ...inputs });
    return { metric: mean(square(output)), traces };
  };
  const compiled = await ablate(inSingle, ablations, { lengths, backend });
  const eager = await ablate(inSingle, ablations, { lengths });
  compiled.effects.forEach(({ metric }, i) => expect(metric).toBeCloseTo(eager.effects[i]!.metric, 5));
});

test("arguments that do not fit are errors that say what is expected", async () => {
  const of = (ablation: object): Promise<unknown> => ablate(run, [ablation as Ablation], { lengths });
  await expect(of({ trace: "0.forgot" })).rejects.toThrow("no trace forgot");
  await expect(of({ trace: "0.forget", units: [4] })).rejects.toThrow("0.forget has units 0 to 3, got unit 4");
  await expect(of({ trace: "0.forget", value: NaN })).rejects.toThrow(
    'value must be "mean" or a finite number, got NaN',
  );
  await expect(of({ gate: "0.forget" })).rejects.toThrow("ablation 0: unknown option gate");
  await expect(of({ value: 1 })).rejects.toThrow("trace must be the name of a trace");
  const deaf = (inputs: AblationInputs): AblationRun => ({ ...run({ ...inputs, intervene: (_, y) => y }) });
  await expect(ablate(deaf, [{ trace: "0.forget" }])).rejects.toThrow("0.forget cannot be fixed");
  const wide = (inputs: AblationInputs): AblationRun => ({ ...run(inputs), metric: x });
  await expect(ablate(wide, [])).rejects.toThrow("the metric must be a float scalar []");
  await expect(ablate(run, [{ trace: "0.forget" }], { lengths: [1] })).rejects.toThrow("lengths must be i32 [3]");
  const mute = (inputs: AblationInputs): AblationRun => ({ ...run(inputs), traces: {} });
  await expect(ablate(mute, [{ trace: "0.forget" }])).rejects.toThrow("the run returns no trace 0.forget");
});
