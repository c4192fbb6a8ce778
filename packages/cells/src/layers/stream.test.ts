import { isArray, key, normal, reference, sliceAxis, reshape, tensor, type Tensor } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { describe, expect, test } from "vitest";
import { gru } from "../cells/gru.ts";
import { lstm } from "../cells/lstm.ts";
import { bidirectional } from "./bidirectional.ts";
import { dense } from "./dense.ts";
import { sequence } from "./sequence.ts";
import { stack } from "./stack.ts";
import { stream } from "./stream.ts";

const model = stack([sequence(gru({ input: 3, hidden: 5 })), sequence(lstm({ input: 5, hidden: 4 })), dense({ input: 4, output: 2 })]);
const params = model.init(key(1));
const x = normal(key(2), [2, 6, 3]);
const array = (value: Tensor) => {
  if (!isArray(value)) throw new Error("expected values");
  return value;
};
const at = (value: Tensor, t: number) => array(reshape(sliceAxis(value, 1, t, t + 1), [2, value.shape[2]!]));

describe.each([["reference", reference], ["wasm", wasm]] as const)("on %s", (_, make) => {
  test("step by step it gives the whole sequence's outputs, bit for bit, and goes on from a state", async () => {
    const backend = make();
    const reading = await stream(model, params, { batch: 2, backend });
    const whole = model.apply(params, x).output;
    let middle;
    for (let t = 0; t < 6; t++) {
      expect(await reading.step(at(x, t))).toEqual(at(whole, t));
      if (t === 2) middle = await reading.state();
    }
    await reading.setState(middle!);
    expect(await reading.step(at(x, 3))).toEqual(at(whole, 3));
    await reading.reset();
    expect(await reading.step(at(x, 0))).toEqual(at(whole, 0));
    await reading.dispose();
    await backend.close();
  });
});

test("what cannot be read step by step is refused", async () => {
  const both = bidirectional(gru({ input: 3, hidden: 2 }));
  await expect(stream(both, both.init(key(1)))).rejects.toThrow("reads backwards, and needs the whole sequence");
  const last = sequence(gru({ input: 3, hidden: 2 }), { outputs: "last" });
  await expect(stream(last, last.init(key(1)))).rejects.toThrow('use outputs: "all"');
  await expect(stream(model, params, { batch: 0 })).rejects.toThrow("expected a batch of at least 1, got 0");
  const reading = await stream(model, params);
  await expect(reading.step(tensor([1, 2], [1, 2]))).rejects.toThrow("expected");
});
