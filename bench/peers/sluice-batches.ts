import { raggedBatch } from "@sluice/irregular";
import { key, tensor, type Backend, type Tensor } from "@sluice/tensor";
import { adam, binaryCrossEntropy, raggedBatches, trainer } from "@sluice/train";
import type { Named } from "../data.ts";
import { modelOf, weightsOf } from "../ragged-data.ts";
import type { BatchesCase } from "../ragged.ts";
import type { Work } from "./work.ts";

/** Trains once on every batch of a set of sequences; the batches are cut during training, as users do. */
export async function overBatches(of: BatchesCase, { x, y, offsets }: Named, backend: Backend): Promise<Work> {
  const { recurrent, readout } = modelOf(of);
  const params = weightsOf(of);
  const batches = raggedBatches(
    { sequences: raggedBatch({ values: x!, offsets: offsets! }), perStep: { y: y! } },
    { size: of.size },
  );
  const training = await trainer({
    loss: (weights: typeof params, batch: { x: Tensor; y: Tensor; lengths: Tensor }) => {
      const { lengths } = batch;
      const outputs = recurrent.apply(weights.recurrent, batch.x, { lengths }).output;
      const logits = readout.apply(weights.readout, outputs).output;
      return { loss: binaryCrossEntropy(logits, batch.y, { lengths }) };
    },
    optimizer: adam({ learningRate: 0.001 }),
    params,
    key: key(1),
    batch: batches.at(0).batch,
    backend,
  });
  const train = async (steps: number): Promise<number[]> => {
    const losses: number[] = [];
    for (const { batch } of batches.from(0, steps)) losses.push((await training.run(batch)).loss);
    return losses;
  };
  return {
    plannedBytes: training.statistics.bytes,
    run: () => train(batches.stepsIn(1)),
    close: () => training.dispose(),
    async results() {
      return { losses: tensor(await train(3), [3]) };
    },
  };
}
