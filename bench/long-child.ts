// Trains a GRU on one long sequence within a budget. Each message from the parent runs one step and is answered with
// its time and memory.
import { dense, gru, sequence } from "@sluice/cells";
import { key, mean, square, sub, tensor, type Tensor } from "@sluice/tensor";
import { adam, trainer } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { clocks } from "./clock.ts";
import type { LongCase, LongSample } from "./long.ts";

const { steps, input, hidden, memory, clock } = JSON.parse(process.argv[2]!) as LongCase;
const [layer, readout] = [sequence(gru({ input, hidden }), { outputs: "last" }), dense({ input: hidden, output: 1 })];
const params = { layer: layer.init(key(1)), readout: readout.init(key(2)) };
const x = Float32Array.from({ length: steps * input }, (_, i) => ((7919 * i) % 2001) / 1000 - 1);
const batch: { x: Tensor; y: Tensor } = { x: tensor(x, [1, steps, input]), y: tensor([0.5], [1, 1]) };
const training = await trainer({
  loss: (p: typeof params, { x: xs, y }: typeof batch) => ({
    loss: mean(square(sub(readout.apply(p.readout, layer.apply(p.layer, xs).output).output, y))),
  }),
  optimizer: adam({ learningRate: 0.001 }),
  params,
  key: key(3),
  batch,
  backend: wasm(),
  memory,
});
const now = clocks[clock];

process.on("message", () => {
  const start = now();
  void training.run(batch).then(() => {
    // The peak memory of this process, in kilobytes.
    const sample: LongSample = {
      ms: now() - start,
      planned: training.statistics.bytes,
      resident: 1024 * process.resourceUsage().maxRSS,
    };
    process.send?.(sample);
  });
});
