import { gru, sequence } from "@sluice/cells";
import { compile, grad, key, keyFor, normal, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { expect, test } from "vitest";
import { gatesOverTime, saturation } from "../index.ts";

const [batch, time, input, hidden] = [3, 5, 2, 4];
const layer = sequence(gru({ input, hidden }));
const params = layer.init(key(3), { dtype: "f64" });
const x = normal(keyFor(key(3), "x"), [batch, time, input], { deviation: 12, dtype: "f64" });
const lengths = [5, 2, 3];
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const close = (actual: Tensor, expected: readonly number[]): void => {
  expect(actual.shape).toEqual([expected.length]);
  numbers(actual).forEach((y, i) =>
    Number.isNaN(expected[i]) ? expect(y).toBeNaN() : expect(y).toBeCloseTo(expected[i]!, 12),
  );
};

test.each<[string, { lengths?: number[]; mask?: Tensor }, (b: number, t: number) => boolean]>([
  ["all steps", {}, () => true],
  ["lengths", { lengths }, (b, t) => t < lengths[b]!],
  [
    "mask",
    { mask: tensor([1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1], [batch, time], { dtype: "bool" }) },
    (b, t) =>
      [
        [1, 0, 1, 0, 1],
        [0, 0, 1, 0, 1],
        [0, 0, 1, 0, 1],
      ][b]![t] === 1,
  ],
])("a gate over time and the saturation of its units, by plain loops: %s", (_, options, taken) => {
  const { traces } = layer.apply(params, x, { ...options, traces: true });
  const over = gatesOverTime(traces, options);
  expect(Object.keys(over)).toEqual(["reset", "update", "candidate"]);
  for (const [name, trace] of Object.entries(traces)) {
    const values = valuesOf(trace);
    const at = (b: number, t: number, u: number): number => values[(b * time + t) * hidden + u]!;
    const steps = [...Array(batch).keys()].flatMap((b) =>
      [...Array(time).keys()].filter((t) => taken(b, t)).map((t) => [b, t] as const),
    );
    const units = [...Array(hidden).keys()];
    const average = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
    const ofStep = [...Array(time).keys()].map((t) =>
      steps.filter(([, step]) => step === t).flatMap(([b]) => units.map((u) => at(b, t, u))),
    );
    close(over[name]!.mean, ofStep.map(average));
    close(
      over[name]!.deviation,
      ofStep.map((list) => Math.sqrt(average(list.map((y) => (y - average(list)) ** 2)))),
    );
    close(
      over[name]!.low,
      ofStep.map((list) => average(list.map((y) => (y < 0.1 ? 1 : 0)))),
    );
    close(
      over[name]!.high,
      ofStep.map((list) => average(list.map((y) => (y > 0.9 ? 1 : 0)))),
    );
    const { low, high } = saturation(trace, options);
    close(
      low,
      units.map((u) => average(steps.map(([b, t]) => (at(b, t, u) < 0.1 ? 1 : 0)))),
    );
    close(
      high,
      units.map((u) => average(steps.map(([b, t]) => (at(b, t, u) > 0.9 ? 1 : 0)))),
    );
    expect(numbers(high).some((y) => y > 0)).toBe(true);
  }
});

test("other limits", () => {
  const trace = tensor([-0.95, -0.5, 0.5, 0.95], [1, 4, 1]);
  expect(numbers(saturation(trace, { low: -0.9 }).low)).toEqual([0.25]);
  expect(numbers(gatesOverTime({ candidate: trace }, { low: -0.9, high: 0.4 }).candidate.high)).toEqual([0, 0, 1, 1]);
});

test("within a compiled program, with lengths as an input of it", async () => {
  const weights = layer.init(key(3));
  const y = normal(keyFor(key(4), "x"), [batch, time, input]);
  const gatesOf = (p: typeof weights, rows: Tensor, n: Tensor) =>
    gatesOverTime(layer.apply(p, rows, { lengths: n, traces: ["update"] }).traces, { lengths: n });
  const n = tensor(lengths, [batch], { dtype: "i32" });
  const compiled = await compile(gatesOf, [weights, y, n]);
  expect(numbers((await compiled(weights, y, n))["update"]!.mean)).toEqual(
    numbers(gatesOf(weights, y, n)["update"]!.mean),
  );
  await compiled.dispose();
});

test.each<[string, () => unknown, string]>([
  [
    "unknown option",
    () => saturation(tensor([1], [1, 1, 1]), { hight: 1 } as object),
    "saturation: unknown option hight; did you mean high?",
  ],
  [
    "limits the wrong way round",
    () => gatesOverTime({}, { low: 0.95 }),
    "gatesOverTime: expected low < high, got 0.95 and 0.9",
  ],
  ["no time axis", () => saturation(tensor([1])), "saturation: expected a trace [batch, time, ...], got [1]"],
])("a clear error: %s", (_, run, message) => {
  expect(run).toThrow(message);
});

test("the gradient of a deviation is 0 where all gates are equal", () => {
  const gradient = grad((y: Tensor) => sum(gatesOverTime({ gate: y })["gate"].deviation))(
    tensor([0.5, 0.5, 0.25, 0.75], [1, 2, 2]),
  );
  expect([...valuesOf(gradient)]).toEqual([0, 0, -0.5, 0.5]);
});
