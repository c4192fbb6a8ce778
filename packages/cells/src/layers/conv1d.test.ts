import { grad, key, mul, normal, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { double, expectClose, storedIn, type Stored } from "../../../../fixtures/stored.ts";
import { conv1d, dense, sequence, sequential, gru, type Conv1dOptions, type Conv1dParams } from "../index.ts";

interface Case {
  readonly name: string;
  readonly options: Omit<Conv1dOptions, "input">;
  readonly lengths: readonly number[];
  readonly x: Stored;
  readonly params: Readonly<Record<keyof Conv1dParams, Stored>>;
  readonly upstream: Stored;
  readonly output: Stored;
  readonly gradients: Readonly<Record<string, Stored>>;
}

const { cases } = storedIn<{ readonly cases: readonly Case[] }>("layers/conv1d.json");

const numbers = (y: Tensor): number[] => [...valuesOf(y)];

describe.each(cases)("PyTorch's Conv1d: $name", (given) => {
  const layer = conv1d({ input: given.x.shape[2]!, ...given.options });
  const params = Object.fromEntries(
    Object.entries(given.params).map(([name, stored]) => [name, double(stored)]),
  ) as Conv1dParams;
  const at = { params, x: double(given.x) };
  const apply = (p: typeof at) => layer.apply(p.params, p.x, { lengths: given.lengths }).output;

  test("output", () => {
    expectClose("output", apply(at), given.output, 1e-14);
  });

  test("gradients", () => {
    const { params: byParams, x } = grad((p: typeof at) => sum(mul(apply(p), double(given.upstream))))(at);
    for (const [name, g] of Object.entries({ ...byParams, x })) expectClose(name, g, given.gradients[name]!, 1e-13);
  });
});

describe("conv1d", () => {
  const root = key(5);
  const layer = conv1d({ input: 2, output: 3, kernelSize: 3, dilation: 2 });
  const x = normal(root, [1, 4, 2]);

  test("has the shapes of Keras's weights, and a state of the last inputs", () => {
    const { W, b } = layer.init(root);
    expect([W.shape, b!.shape]).toEqual([[3, 2, 3], [3]]);
    expect(layer.initialState(2).past.shape).toEqual([2, 4, 2]);
    expect(numbers(layer.apply(layer.init(root), x).state.past)).toEqual(numbers(x));
    expect(layer.outputShape({ batch: 2, time: 5 })).toEqual([2, 5, 3]);
    expect(conv1d({ input: 2, kernelSize: 3, depthwise: true }).init(root).W.shape).toEqual([3, 2]);
  });

  test("takes sequences without steps", () => {
    const nothing = tensor(new Float32Array(0), [1, 0, 2]);
    for (const given of [{}, { mask: tensor([], [1, 0], { dtype: "bool" }) }]) {
      const { output, state } = layer.apply(layer.init(root), nothing, { ...given, state: { past: x } });
      expect(output.shape).toEqual([1, 0, 3]);
      expect(numbers(state.past)).toEqual(numbers(x));
    }
  });

  test.each<[string, () => unknown, string]>([
    ["no output", () => conv1d({ input: 2, kernelSize: 3 }), "conv1d: output must be an integer >= 1, got undefined"],
    [
      "a kernel of 0 steps",
      () => conv1d({ input: 2, output: 2, kernelSize: 0 }),
      "conv1d: kernelSize must be an integer >= 1, got 0",
    ],
    [
      "a dilation of a half",
      () => conv1d({ input: 2, output: 2, kernelSize: 2, dilation: 0.5 }),
      "conv1d: dilation must be an integer >= 1, got 0.5",
    ],
    [
      "a depthwise kernel of another width",
      () => conv1d({ input: 2, output: 4, kernelSize: 2, depthwise: true }),
      "conv1d: depthwise convolves each of the 2 features on its own, so output must be 2, got 4",
    ],
    [
      "a depthwise that is a number",
      () => conv1d({ input: 2, kernelSize: 2, depthwise: Object(2) }),
      "conv1d: depthwise must be true or false",
    ],
    [
      "Keras's name of an option",
      () => conv1d(Object({ input: 2, filters: 2, kernelSize: 2 })),
      "conv1d: unknown option filters; did you mean output?",
    ],
    [
      "an input of another width",
      () => layer.apply(layer.init(root), normal(root, [1, 4, 3])),
      "conv1d: expected an input [batch, time, 2], got [1, 4, 3]",
    ],
    [
      "another state",
      () => layer.apply(layer.init(root), x, { state: { past: x, h: x } as never }),
      "conv1d: state has h, which is not a state",
    ],
    [
      "an activation that is not known",
      () => conv1d({ input: 2, output: 2, kernelSize: 2, activation: Object("swish") as never }),
      "activation: unknown swish",
    ],
    [
      "a vector after the last step",
      () =>
        sequential([
          sequence(gru({ input: 2, hidden: 2 }), { outputs: "last" }),
          conv1d({ input: 2, output: 2, kernelSize: 2 }),
          dense({ input: 2, output: 1 }),
        ]),
      'conv1d: it runs over time, and its input has no time axis; a layer before it has outputs: "last"',
    ],
    ["a trace", () => layer.apply(layer.init(root), x, { traces: ["gate"] }), "conv1d: no trace gate"],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
