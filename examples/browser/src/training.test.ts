import { wasm } from "@sluice/wasm";
import { afterAll, expect, test } from "vitest";
import { defaults } from "./settings.ts";
import { BASELINE } from "./task.ts";
import { startTraining } from "./training.ts";

const settings = { ...defaults, time: 20, hidden: 32 };
const [one, two] = [wasm(), wasm({ threads: 2 })];
afterAll(() => Promise.all([one.close(), two.close()]));

test("a GRU learns to add", async () => {
  const training = await startTraining(settings, one);
  const before = await training.evaluate();
  while (training.step < 400) await training.next();
  const { error, answers } = await training.evaluate();
  expect(before.error).toBeGreaterThan(BASELINE);
  expect(error).toBeLessThan(BASELINE / 20);
  for (const { sum, answer } of answers) expect(Math.abs(sum - answer)).toBeLessThan(0.5);
});

test("a training that is gone on with elsewhere has the bits of one that was never stopped", async () => {
  const whole = await startTraining(settings, one);
  while (whole.step < 20) await whole.next();

  const begun = await startTraining(settings, one);
  while (begun.step < 8) await begun.next();
  const goneOn = await startTraining(settings, two, await begun.save());
  expect(goneOn.step).toBe(8);
  while (goneOn.step < 20) await goneOn.next();
  expect(await goneOn.hash()).toBe(await whole.hash());
});

test("seeds differ", async () => {
  const [a, b] = await Promise.all([1, 2].map((seed) => startTraining({ ...settings, seed }, one)));
  expect(await a!.next()).not.toBe(await b!.next());
});
