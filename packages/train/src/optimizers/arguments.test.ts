// Arguments that are functions, schedules or transforms are refused where they are none.
import { expect, test } from "vitest";
import {
  accumulate,
  adam,
  descend,
  differentiallyPrivate,
  evaluator,
  lookahead,
  perExample,
  piecewise,
  scaled,
  sgd,
  warmup,
  weightDecay,
} from "../index.ts";

const others: readonly unknown[] = [undefined, null, "1", [1], {}, true];
const learningRate = 0.1;

test.each<readonly [string, (given: never) => unknown]>([
  ["descend: learningRate is", (rate) => descend(rate)],
  ["descend: learningRate is", (rate) => adam({ learningRate: rate })],
  ["warmup: then is", (then) => warmup(3, then)],
  ["piecewise: values[1] is", (value) => piecewise([2], [1, value])],
])("%s a number or a schedule", (message, make) => {
  for (const given of others) expect(() => make(given as never)).toThrow(`${message} `);
  for (const given of others) expect(() => make(given as never)).toThrow("expected a number or a schedule");
});

test.each<readonly [string, (given: never) => unknown]>([
  ["weightDecay: of is", (of) => weightDecay(0.1, { of })],
  ["sgd: decays is", (decays) => sgd({ learningRate, decays })],
  ["sgd: decays is", (decays) => sgd({ learningRate, weightDecay: 0.1, decays })],
])("%s a function", (message, make) => {
  for (const given of others.slice(1)) expect(() => make(given as never)).toThrow(message);
});

test("an evaluation is a function", async () => {
  for (const evaluate of others)
    await expect(evaluator({ evaluate: evaluate as never, params: {}, batch: {} })).rejects.toThrow(
      "evaluator: evaluate is",
    );
});

test.each<readonly [string, (given: never) => unknown]>([
  ["accumulate: the optimizer", (optimizer) => accumulate(2, optimizer)],
  ["lookahead: the optimizer", (optimizer) => lookahead(optimizer)],
  ["scaled: the optimizer", (optimizer) => scaled(optimizer)],
  ["perExample: the transform", (transform) => perExample(transform)],
])("%s is one", (message, make) => {
  for (const given of [...others, () => descend(1), { init: () => ({}) }])
    expect(() => make(given as never)).toThrow(message);
});

test("differentiallyPrivate names the option that does not fit", () => {
  const options = { limit: 1, noise: 1, examples: 8 };
  for (const limit of [0, -1, NaN, Infinity, undefined, "1"])
    expect(() => differentiallyPrivate({ ...options, limit } as never)).toThrow(
      "differentiallyPrivate: expected limit as a finite number above 0",
    );
  for (const examples of [0, NaN, undefined])
    expect(() => differentiallyPrivate({ ...options, examples } as never)).toThrow(
      "expected examples as a finite number",
    );
  for (const noise of [-1, NaN, Infinity, undefined])
    expect(() => differentiallyPrivate({ ...options, noise } as never)).toThrow("expected a finite noise >= 0");
  expect(() => differentiallyPrivate({ ...options, noiseMultiplier: 1 } as never)).toThrow("did you mean noise?");
});
